#include "server/runtime/releases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "server/base/errors.h"

namespace sluice::runtime {
namespace {

using base::Reason;
using engine::GetAnswer;
using engine::JoinAnswer;
using engine::PutAnswer;
using testing::ElementsAre;
using testing::IsEmpty;

class ReleasesTest : public testing::Test {
 protected:
  // Writes its name when it is answered.
  class Named final : public engine::Caller {
   public:
    Named(std::string name, std::vector<std::string>& log) : name_(std::move(name)), log_(log) {}
    void answer(engine::Answer&& answer) override {
      const absl::Status status = std::visit([](const auto& any) { return any.status; }, answer);
      log_.push_back(status.ok() ? name_ : name_ + " refused");
      if (then) then();
    }
    std::function<void()> then;

   private:
    std::string name_;
    std::vector<std::string>& log_;
  };

  void add(journal::Position position, engine::Caller& caller, engine::Answer answer = PutAnswer{}) {
    answers_.emplace_back(&caller, std::move(answer));
    releases_.add(position, answers_, nullptr);
    EXPECT_TRUE(answers_.empty());
  }
  void add_then(journal::Position position, const std::string& name) {
    releases_.add(position, answers_,
                  [this, name](const absl::Status& status) { log_.push_back(status.ok() ? name : name + " refused"); });
  }
  void commit(journal::Position position) {
    releases_.committed(position);
    releases_.deliver();
  }

  Releases releases_;
  Releases::Answers answers_;
  std::vector<std::string> log_;
  Named a_{"a", log_};
  Named b_{"b", log_};
  Named c_{"c", log_};
};

TEST_F(ReleasesTest, NothingLeavesBeforeItsPosition) {
  add(1, a_);
  add(2, b_);
  add_then(2, "then");
  releases_.deliver();
  EXPECT_THAT(log_, IsEmpty());
  commit(1);
  EXPECT_THAT(log_, ElementsAre("a"));
  commit(2);
  EXPECT_THAT(log_, ElementsAre("a", "b", "then"));
}

TEST_F(ReleasesTest, WhatDependsOnNothingLeavesAtOnceButNotOutOfOrder) {
  add(0, a_);
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("a"));
  add(1, b_);
  add(1, c_);
  commit(1);
  add(1, a_);
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("a", "b", "c", "a"));
}

TEST_F(ReleasesTest, WhatDependsOnNothingUncommittedOvertakesTheRest) {
  commit(1);
  add(2, a_);
  add(1, b_);
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("b"));
  add_then(1, "then");
  releases_.deliver();
  commit(2);
  EXPECT_THAT(log_, ElementsAre("b", "then", "a"));
}

TEST_F(ReleasesTest, WhatIsNotCommittedWaitsWhateverCameBefore) {
  add(3, a_);
  add(2, b_);
  commit(2);
  EXPECT_THAT(log_, IsEmpty());
  commit(3);
  EXPECT_THAT(log_, ElementsAre("a", "b"));
}

TEST_F(ReleasesTest, AJoinsEndDoesNotOvertakeItsProgress) {
  add(1, a_, JoinAnswer{});
  add(0, a_, JoinAnswer{.done = true});
  add(0, b_, JoinAnswer{.done = true});
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("b"));
  commit(1);
  EXPECT_THAT(log_, ElementsAre("b", "a", "a"));
}

TEST_F(ReleasesTest, ManyPartialCommitsKeepTheOrder) {
  std::vector<std::unique_ptr<Named>> callers;
  for (int i = 0; i < 1'000; ++i) {
    callers.push_back(std::make_unique<Named>(std::to_string(i), log_));
    add(static_cast<journal::Position>(i) + 1, *callers.back());
    if (i % 3 == 2) commit(static_cast<journal::Position>(i));
  }
  commit(1'000);
  ASSERT_EQ(log_.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(log_[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(ReleasesTest, AnAnswerThatLeadsToTheNextDoesNotRecurse) {
  int depth = 0;
  int deepest = 0;
  int left = 100'000;
  a_.then = [&] {
    deepest = std::max(deepest, ++depth);
    if (--left > 0) {
      add(0, a_);
      releases_.deliver();
    }
    --depth;
  };
  add(0, a_);
  releases_.deliver();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(deepest, 1);
}

TEST_F(ReleasesTest, AfterRefuseOnlyWhatWasCommittedIsAnswered) {
  add(1, a_);
  add(2, b_);
  add_then(2, "then");
  releases_.committed(1);
  releases_.refuse(base::error(Reason::kStoreFailed, "disk gone"));
  releases_.refuse(base::error(Reason::kShuttingDown, "too late"));
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("a", "b refused", "then refused"));
  add(3, c_);
  releases_.deliver();
  EXPECT_EQ(log_.back(), "c refused");
}

TEST_F(ReleasesTest, ARefusedJoinHearsItOnce) {
  add(1, a_, JoinAnswer{});
  add(1, a_, JoinAnswer{.done = true});
  releases_.refuse(base::error(Reason::kStoreFailed, "disk gone"));
  releases_.deliver();
  EXPECT_THAT(log_, ElementsAre("a refused"));
}

TEST_F(ReleasesTest, KnowsOfProgressUnderWay) {
  EXPECT_FALSE(releases_.last_answer_for(a_, absl::CancelledError("")).has_value());
  add(1, a_, JoinAnswer{});
  add(1, b_, GetAnswer{});
  EXPECT_TRUE(releases_.last_answer_for(a_, absl::CancelledError("")).has_value());
  EXPECT_FALSE(releases_.last_answer_for(b_, absl::CancelledError("")).has_value()) << "a get's answer is its final one";
  bool during = false;
  a_.then = [&] { during = releases_.last_answer_for(a_, absl::CancelledError("")).has_value(); };
  commit(1);
  EXPECT_TRUE(during) << "the caller is still being called";
  EXPECT_FALSE(releases_.last_answer_for(a_, absl::CancelledError("")).has_value());
}

TEST_F(ReleasesTest, WhoLimitsItsRoundsIsNotKeptByAnswersThatBecomeReadyMeanwhile) {
  bool go_on = true;
  a_.then = [&] {
    if (go_on) add(0, a_);
  };
  add(0, a_);
  EXPECT_FALSE(releases_.deliver(3));
  EXPECT_THAT(log_, ElementsAre("a", "a", "a"));
  go_on = false;
  EXPECT_TRUE(releases_.deliver(3));
  EXPECT_EQ(log_.size(), 4U);
}

}  // namespace
}  // namespace sluice::runtime
