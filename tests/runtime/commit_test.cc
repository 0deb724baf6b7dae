// Nothing is told before it is committed.
#include <gtest/gtest.h>

#include <atomic>

#include "server/base/errors.h"
#include "server/runtime/commit_times.h"
#include "tests/runtime/rig.h"
#include "tests/support/held_journal.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using engine::GetAnswer;
using engine::JoinAnswer;
using engine::PutAnswer;
using support::RecordedCaller;

class CommitTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.start([this](const absl::Status& status) {
      ++failures_;
      failed_.set_value(status);
    });
    rig_.create("tasks");
    journal_.commit_all();
  }

  base::SystemClock clock_;
  support::HeldJournal journal_;
  std::atomic<int> failures_ = 0;
  std::promise<absl::Status> failed_;
  Rig rig_{clock_, journal_};
};

TEST_F(CommitTest, APutIsAcknowledgedWhenItIsCommitted) {
  RecordedCaller producer;
  rig_.begin_put(producer, "tasks", {"x"});
  EXPECT_EQ(producer.waiting(), 0U);
  journal_.commit_all();
  ASSERT_EQ(producer.waiting(), 1U);
  EXPECT_TRUE(producer.next<PutAnswer>().status.ok());
}

TEST_F(CommitTest, AConsumerDoesNotSeeAnItemThatACrashCouldTakeBack) {
  RecordedCaller consumer;
  RecordedCaller producer;
  rig_.begin_get(consumer, "tasks");
  rig_.begin_put(producer, "tasks", {"x"});
  EXPECT_EQ(consumer.waiting(), 0U);
  journal_.commit_all();
  EXPECT_EQ(consumer.waiting(), 1U);
  EXPECT_EQ(producer.waiting(), 1U);
}

// Looks at "tasks" in every way that there is, and counts the looks that were answered.
class Onlooker {
 public:
  explicit Onlooker(Rig& rig) : rig_(rig) {}

  void look() {
    count([](auto& engine, auto time, auto&) { return engine.queue(time, "tasks"); });
    count([](auto& engine, auto time, auto&) { return engine.list_queues(time, "", "", 10); });
    count([](auto& engine, auto, auto&) { return engine.peek("tasks", std::nullopt, 0, 10); });
    rig_.begin_join(joiner_, "tasks");
    rig_.begin_get(consumer_, "tasks");
  }
  [[nodiscard]] std::size_t answered() const { return answered_ + joiner_.waiting() + consumer_.waiting(); }

 private:
  template <class Look>
  void count(Look look) {
    rig_->run(look, [this](const auto&) { ++answered_; });
  }

  Rig& rig_;
  std::size_t answered_ = 0;
  RecordedCaller joiner_;
  RecordedCaller consumer_;
};

TEST_F(CommitTest, NobodySeesAnItemInAnyWayThatACrashCouldTakeBack) {
  RecordedCaller producer;
  rig_.begin_put(producer, "tasks", {"x"});
  Onlooker onlooker(rig_);
  onlooker.look();
  EXPECT_EQ(onlooker.answered(), 0U);
  journal_.commit_all();
  EXPECT_EQ(onlooker.answered(), 5U);
  rig_->stop();
}

TEST_F(CommitTest, NobodySeesAnEndThatACrashCouldTakeBack) {
  RecordedCaller quiet;
  rig_.begin_put(quiet, "tasks", {"x"});
  rig_.begin_get(quiet, "tasks");
  journal_.commit_all();
  quiet.next<PutAnswer>();
  const auto lease = quiet.next<GetAnswer>().items.front().lease;
  RecordedCaller joiner;
  rig_.begin_join(joiner, "tasks");
  joiner.next<JoinAnswer>();
  rig_->apply(
      [&](auto& engine, auto time, auto& out) { engine.complete(time, {.queue = "tasks", .lease = lease}, quiet, out); });
  EXPECT_EQ(quiet.waiting() + joiner.waiting(), 0U);
  journal_.commit_all();
  EXPECT_EQ(quiet.waiting(), 1U);
  EXPECT_TRUE(joiner.next<JoinAnswer>().done);
}

TEST_F(CommitTest, AMemoryQueueWaitsForNobody) {
  rig_.create("fast", {.durability = model::Durability::kMemory});
  RecordedCaller early;
  rig_.begin_put(early, "fast", {"x"});
  EXPECT_EQ(early.waiting(), 0U) << "that the queue was created is not committed";
  journal_.commit_all();
  EXPECT_EQ(early.waiting(), 1U);

  RecordedCaller slow;
  rig_.begin_put(slow, "tasks", {"x"});
  const auto appended = journal_.appended();
  const auto item = rig_.get("fast").items.at(0);
  EXPECT_TRUE(rig_.complete("fast", item.lease).ok());
  EXPECT_TRUE(rig_.join("fast").ok());
  EXPECT_TRUE(rig_.put("fast", {"y"}).ok());
  EXPECT_EQ(slow.waiting(), 0U);
  EXPECT_EQ(journal_.appended(), appended) << "nothing of it is recorded";
  journal_.commit_all();
}

TEST_F(CommitTest, WhatComesOutOfASyncQueueIsSeenInAMemoryQueueWhenThatIsSafe) {
  rig_.create("fast", {.durability = model::Durability::kMemory});
  RecordedCaller caller;
  rig_.begin_put(caller, "tasks", {"x"});
  rig_.begin_get(caller, "tasks");
  journal_.commit_all();
  caller.next<PutAnswer>();
  const auto lease = caller.next<GetAnswer>().items.front().lease;
  rig_->apply([&](auto& engine, auto time, auto& out) {
    engine::CompleteCommand command{.queue = "tasks", .lease = lease};
    command.outputs.push_back({"fast", {.body = std::make_shared<model::Body>(model::Body{"y", {}})}});
    engine.complete(time, std::move(command), caller, out);
  });
  RecordedCaller consumer;
  rig_.begin_get(consumer, "fast");
  EXPECT_EQ(caller.waiting() + consumer.waiting(), 0U);
  journal_.commit_all();
  EXPECT_EQ(caller.waiting(), 1U);
  EXPECT_EQ(consumer.next<GetAnswer>().items.size(), 1U);
}

TEST_F(CommitTest, AfterAFailureAMemoryQueueIsNotAcknowledgedEither) {
  rig_.create("fast", {.durability = model::Durability::kMemory});
  journal_.commit_all();
  journal_.fail(absl::DataLossError("disk gone"));
  ASSERT_EQ(failed_.get_future().wait_for(support::kDeadline), std::future_status::ready);
  EXPECT_TRUE(base::is(rig_.put("fast", {"x"}), Reason::kStoreFailed));
}

TEST_F(CommitTest, AnswersLeaveInOrderOfTheirPositions) {
  RecordedCaller first;
  RecordedCaller second;
  RecordedCaller third;
  rig_.begin_put(first, "tasks", {"1"});
  const auto after_first = journal_.appended();
  rig_.begin_put(second, "tasks", {"2"});
  const auto after_second = journal_.appended();
  rig_.begin_put(third, "tasks", {"3"});
  journal_.commit_up_to(after_first);
  EXPECT_EQ(first.waiting(), 1U);
  EXPECT_EQ(second.waiting(), 0U);
  journal_.commit_up_to(after_second);
  EXPECT_EQ(second.waiting(), 1U);
  EXPECT_EQ(third.waiting(), 0U);
  journal_.commit_all();
  EXPECT_EQ(third.waiting(), 1U);
}

TEST_F(CommitTest, AResultOfRunWaitsToo) {
  bool called = false;
  rig_->run([](auto& engine, auto time, auto& out) { return engine.pause_queue(time, "tasks", out); },
            [&called](const absl::Status& status) { called = status.ok(); });
  EXPECT_FALSE(called);
  journal_.commit_all();
  EXPECT_TRUE(called);
}

TEST_F(CommitTest, ALookWaitsForWhatItHasSeen) {
  RecordedCaller producer;
  rig_.begin_put(producer, "tasks", {"x"});
  std::uint64_t seen = 0;
  const auto look = [&seen, this] {
    rig_->run([](auto& engine, auto time, auto&) { return engine.queue(time, "tasks"); },
              [&seen](const absl::StatusOr<engine::QueueView>& view) { seen = view->waiting; });
  };
  look();
  EXPECT_EQ(seen, 0U);
  journal_.commit_all();
  EXPECT_EQ(seen, 1U);
  seen = 0;
  look();
  EXPECT_EQ(seen, 1U) << "with all committed there is nothing to wait for";
}

TEST_F(CommitTest, ACallbackMayGiveTheNextCommandFromWithinTheCommit) {
  RecordedCaller producer;
  rig_->run([](auto& engine, auto time, auto& out) { return engine.pause_queue(time, "tasks", out); },
            [&](const absl::Status&) { rig_.begin_put(producer, "tasks", {"next"}); });
  journal_.commit_all();
  EXPECT_EQ(producer.waiting(), 0U);
  journal_.commit_all();
  EXPECT_EQ(producer.waiting(), 1U);
}

TEST_F(CommitTest, AJoinThatIsWithdrawnWithProgressUnderWayGetsAFinalAnswer) {
  RecordedCaller producer;
  RecordedCaller joiner;
  rig_.begin_put(producer, "tasks", {"x"});
  rig_.begin_join(joiner, "tasks");
  // Its first progress, which came with the join, has not left yet.
  EXPECT_FALSE(rig_->withdraw(joiner));
  journal_.commit_all();
  auto answer = joiner.next<JoinAnswer>();
  while (!engine::is_final(answer)) answer = joiner.next<JoinAnswer>();
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(joiner.waiting(), 0U);
}

TEST_F(CommitTest, AfterAFailureNothingIsAcknowledged) {
  RecordedCaller blocked;
  rig_.create("empty");
  rig_.begin_get(blocked, "empty");
  journal_.commit_all();
  RecordedCaller pending;
  rig_.begin_put(pending, "tasks", {"x"});
  absl::Status result;
  rig_->run([](auto& engine, auto time, auto& out) { return engine.pause_queue(time, "tasks", out); },
            [&result](absl::Status status) { result = std::move(status); });
  bool counted = false;
  rig_->run([](auto&, auto, auto&) { return 1; }, [&counted](int) { counted = true; });

  journal_.fail(absl::DataLossError("disk gone"));
  auto failed = failed_.get_future();
  ASSERT_EQ(failed.wait_for(support::kDeadline), std::future_status::ready);
  EXPECT_EQ(failed.get().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(base::is(pending.next<PutAnswer>().status, Reason::kStoreFailed));
  EXPECT_TRUE(base::is(blocked.next<GetAnswer>().status, Reason::kStoreFailed));
  EXPECT_TRUE(base::is(result, Reason::kStoreFailed));
  EXPECT_FALSE(counted);

  RecordedCaller late;
  rig_.begin_put(late, "tasks", {"y"});
  EXPECT_TRUE(base::is(late.next<PutAnswer>().status, Reason::kStoreFailed));
  rig_->stop();
  EXPECT_EQ(failures_, 1);
}

TEST_F(CommitTest, StopCommitsAndAnswersWhatHasHappened) {
  RecordedCaller producer;
  rig_.begin_put(producer, "tasks", {"x"});
  rig_->stop();
  EXPECT_TRUE(producer.next<PutAnswer>().status.ok());
}

TEST_F(CommitTest, CommitsAreTimedWhenTheyHappen) {
  const auto before = rig_->commit_times().count();
  EXPECT_GT(before, 0U);
  RecordedCaller producer;
  rig_.begin_put(producer, "tasks", {"x"});
  EXPECT_EQ(rig_->commit_times().count(), before);
  journal_.commit_all();
  EXPECT_EQ(rig_->commit_times().count(), before + 1);
}

TEST(CommitTimes, CountEachAppendOnceAndForgetTheOldest) {
  CommitTimes times;
  const base::Time start(1s);
  for (journal::Position each = 1; each <= 5'000; ++each) times.begin(each, start);
  times.end(5'000, start + 3s);
  EXPECT_EQ(times.seen().count(), 4'096U);
  EXPECT_EQ(times.seen().sum, 4'096 * 3s);
  times.begin(5'001, start + 3s);
  times.end(5'001, start + 4s);
  EXPECT_EQ(times.seen().count(), 4'097U);
}

}  // namespace
}  // namespace sluice::runtime
