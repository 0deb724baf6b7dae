// Ending: what runs is waited for, or goes back to its queue.
#include <gtest/gtest.h>

#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"
#include "tests/support/held_journal.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using support::eventually;

const model::PipelineSpec kPipeline{.name = "p",
                                    .queues = {{"in", {.capacity = 0, .max_attempts = 1}}, {"out", {.capacity = 1}}},
                                    .stages = {{.name = "s", .input = "in", .output = "out", .handler = "gate", .workers = 2}}};

class DrainTest : public testing::Test {
 protected:
  void begin(Gate::OnStop on_stop = Gate::OnStop::kEnds) {
    gate_ = std::make_shared<Gate>(on_stop);
    rig_.add("gate", gate_);
    rig_.start();
    rig_.create(kPipeline);
  }

  std::shared_ptr<journal::MemoryStore> store_ = std::make_shared<journal::MemoryStore>();
  base::SystemClock clock_;
  journal::MemoryJournal journal_{store_};
  std::shared_ptr<Gate> gate_;
  Rig rig_{clock_, journal_};
};

TEST_F(DrainTest, WithNothingToWaitForItIsDoneAtOnce) {
  begin();
  EXPECT_FALSE(rig_->stopping());
  EXPECT_TRUE(rig_->drain(support::kDeadline));
  EXPECT_TRUE(rig_->stopping());
  EXPECT_EQ(rig_->stage_status("p", "s").workers, 0U);
}

TEST_F(DrainTest, WhatRunsIsWaitedForAndNothingNewIsTaken) {
  begin();
  ASSERT_TRUE(rig_.put("in", {"1", "2", "3"}).ok());
  ASSERT_TRUE(gate_->wait_for_entered(2));
  std::thread opener([this] {
    EXPECT_TRUE(eventually([this] { return rig_->stopping(); }));
    gate_->open();
    EXPECT_EQ(rig_.get("out").items.size(), 1U);
    EXPECT_EQ(rig_.get("out").items.size(), 1U);
  });
  EXPECT_TRUE(rig_->drain(support::kDeadline));
  opener.join();
  EXPECT_EQ(rig_.view("in").waiting, 1U);
  EXPECT_EQ(rig_.view("in").counters.done, 2U);
}

TEST_F(DrainTest, WhatOutlivesTheLimitIsStoppedAndGoesBackWithItsAttemptNotCounted) {
  begin();
  ASSERT_TRUE(rig_.put("in", {"1", "2", "3"}).ok());
  ASSERT_TRUE(gate_->wait_for_entered(2));
  EXPECT_FALSE(rig_->drain(10ms));
  EXPECT_EQ(rig_.view("in").leased, 0U);
  EXPECT_EQ(rig_.view("in").waiting, 3U);
  rig_->stop();

  journal::MemoryJournal journal(store_);
  Rig after(clock_, journal);
  gate_->open();
  after.add("gate", gate_);
  after.start();
  for (int i = 0; i < 3; ++i) {
    const auto got = after.get("out");
    ASSERT_EQ(got.items.size(), 1U);
    EXPECT_TRUE(after.complete("out", got.items.front().lease).ok());
  }
  ASSERT_TRUE(after.join("in").ok());
  EXPECT_EQ(after.view("in").counters.dead_lettered, 0U) << "its only attempt was still to come";
}

TEST_F(DrainTest, AResultThatFindsNoRoomGoesBackAsItsItem) {
  begin();
  gate_->open();
  ASSERT_TRUE(rig_.put("in", {"1", "2"}).ok());
  ASSERT_TRUE(eventually([this] { return rig_.view("out").waiting_puts == 1; }));
  EXPECT_FALSE(rig_->drain(10ms));
  EXPECT_EQ(rig_.view("in").waiting, 1U);
  EXPECT_EQ(rig_.view("out").waiting, 1U);
  EXPECT_EQ(rig_.view("out").waiting_puts, 0U);
}

TEST_F(DrainTest, AHandlerThatIgnoresTheStopHoldsNothingUpForGood) {
  begin(Gate::OnStop::kIgnoresIt);
  ASSERT_TRUE(rig_.put("in", {"1"}).ok());
  ASSERT_TRUE(gate_->wait_for_entered(1));
  EXPECT_FALSE(rig_->drain(10ms));
  EXPECT_EQ(rig_.view("in").waiting, 1U);
  const auto begun = std::chrono::steady_clock::now();
  rig_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, limits::kStopTimeout + 5s);
}

TEST_F(DrainTest, StopWithoutDrainGivesEverythingBack) {
  begin();
  ASSERT_TRUE(rig_.put("in", {"1", "2"}).ok());
  ASSERT_TRUE(gate_->wait_for_entered(2));
  rig_->stop();
  journal::MemoryJournal journal(store_);
  int waiting = 0;
  ASSERT_TRUE(journal
                  .load([&waiting](model::Record&& record) {
                    const auto* item = std::get_if<model::ItemRecord>(&record);
                    if (item == nullptr) return;
                    EXPECT_EQ(item->attempt, 0U);
                    if (item->state == model::ItemState::kWaiting) ++waiting;
                  })
                  .ok());
  EXPECT_EQ(waiting, 2);
}

TEST(DrainWithAHeldJournal, AnItemWhoseDeliveryWasNotYetCommittedGoesBackToo) {
  const auto store = std::make_shared<journal::MemoryStore>();
  base::SystemClock clock;
  support::HeldJournal journal(store);
  Rig rig(clock, journal);
  rig.add("echo", append(""));
  rig.start();
  model::PipelineSpec spec = kPipeline;
  spec.stages.front().handler = "echo";
  rig.create(spec);
  support::RecordedCaller producer;
  rig.begin_put(producer, "in", {"1"});
  ASSERT_TRUE(eventually([&] { return rig.view("in").leased == 1; }));
  std::thread committer([&] {
    while (journal.wait_for_append(journal.committed() + 1)) journal.commit_all();
  });
  EXPECT_FALSE(rig->drain(0us) && rig.view("in").leased == 1);
  rig->stop();
  committer.join();
  EXPECT_EQ(producer.next<engine::PutAnswer>().status, absl::OkStatus());

  journal::MemoryJournal reopened(store);
  Rig after(clock, reopened);
  after.add("echo", append(""));
  after.start();
  EXPECT_EQ(after.get("out").items.size(), 1U);
}

}  // namespace
}  // namespace sluice::runtime
