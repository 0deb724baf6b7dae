// Nothing is told before it is committed.
#include <gtest/gtest.h>

#include <atomic>

#include "server/base/errors.h"
#include "tests/runtime/rig.h"
#include "tests/support/held_journal.h"

namespace sluice::runtime {
namespace {

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

}  // namespace
}  // namespace sluice::runtime
