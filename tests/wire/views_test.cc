#include "server/wire/views.h"

#include "server/wire/time.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;

engine::QueueView tasks() {
  engine::QueueView view;
  view.name = "tasks";
  view.settings.capacity = 10;
  view.settings.retry.max_attempts = 3;
  view.state = model::QueueState::kClosed;
  view.paused = true;
  view.create_time = base::Time(1'500ms);
  view.pipeline = "photos";
  view.waiting = 1;
  view.delayed = 2;
  view.leased = 3;
  view.bytes = 4;
  view.waiting_puts = 5;
  view.waiting_gets = 6;
  view.waiting_joins = 7;
  view.oldest_age = 2s;
  view.counters = {11, 12, 13, 14, 15, 16, 17, 18, 19};
  view.stalls = {{engine::StallReason::kQueuePaused, "tasks", "queue \"tasks\" is paused"}};
  return view;
}

TEST(QueueView, ShowsEverything) {
  v1::Queue queue;
  fill(tasks(), queue);
  EXPECT_EQ(queue.name(), "tasks");
  EXPECT_EQ(queue.settings().capacity(), 10U);
  EXPECT_EQ(queue.settings().order(), v1::QUEUE_ORDER_FIFO);
  EXPECT_EQ(queue.settings().retry().max_attempts(), 3U);
  EXPECT_EQ(queue.settings().dead_letter_queue(), "-");
  EXPECT_EQ(queue.state(), v1::QUEUE_STATE_CLOSED);
  EXPECT_TRUE(queue.paused());
  EXPECT_EQ(queue.create_time().seconds(), 1);
  EXPECT_EQ(queue.create_time().nanos(), 500'000'000);
  EXPECT_EQ(queue.pipeline(), "photos");
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(queue.delayed(), 2U);
  EXPECT_EQ(queue.leased(), 3U);
  EXPECT_EQ(queue.unfinished(), 6U);
  EXPECT_EQ(queue.bytes(), 4U);
  EXPECT_EQ(queue.waiting_puts(), 5U);
  EXPECT_EQ(queue.waiting_gets(), 6U);
  EXPECT_EQ(queue.waiting_joins(), 7U);
  EXPECT_EQ(queue.oldest_age().seconds(), 2);
  ASSERT_EQ(queue.stalls_size(), 1);
  EXPECT_EQ(queue.stalls(0).reason(), "QUEUE_PAUSED");
  EXPECT_EQ(queue.stalls(0).queue(), "tasks");
  EXPECT_EQ(queue.stalls(0).message(), "queue \"tasks\" is paused");
}

TEST(QueueView, CountsExactly) {
  v1::Queue queue;
  fill(tasks(), queue);
  const auto& counters = queue.counters();
  EXPECT_EQ(counters.put(), 11U);
  EXPECT_EQ(counters.done(), 12U);
  EXPECT_EQ(counters.delivered(), 13U);
  EXPECT_EQ(counters.failed(), 14U);
  EXPECT_EQ(counters.lease_lost(), 15U);
  EXPECT_EQ(counters.retried(), 16U);
  EXPECT_EQ(counters.dead_lettered(), 17U);
  EXPECT_EQ(counters.discarded(), 18U);
  EXPECT_EQ(counters.rejected(), 19U);
}

TEST(QueueView, HasNoAgeWhenNothingWaits) {
  auto view = tasks();
  view.oldest_age.reset();
  v1::Queue queue;
  fill(view, queue);
  EXPECT_FALSE(queue.has_oldest_age());
}

TEST(PipelineView, ShowsStagesAndQueues) {
  engine::PipelineView view;
  view.name = "photos";
  view.stages.push_back({{"resize", "tasks", "done", "magick", 4}, model::StageState::kPaused, 2});
  view.queues.push_back(tasks());
  view.create_time = base::Time(3s);
  view.unfinished = 6;
  view.finished = true;
  view.stalls = {{engine::StallReason::kStagePaused, "tasks", "paused"}};
  v1::Pipeline pipeline;
  fill(view, pipeline);
  EXPECT_EQ(pipeline.name(), "photos");
  ASSERT_EQ(pipeline.stages_size(), 1);
  const auto& stage = pipeline.stages(0);
  EXPECT_EQ(stage.spec().name(), "resize");
  EXPECT_EQ(stage.spec().input(), "tasks");
  EXPECT_EQ(stage.spec().output(), "done");
  EXPECT_EQ(stage.spec().handler(), "magick");
  EXPECT_EQ(stage.spec().workers(), 4U);
  EXPECT_EQ(stage.spec().retry().max_attempts(), 3U);
  EXPECT_EQ(stage.state(), v1::STAGE_STATE_PAUSED);
  EXPECT_EQ(stage.workers(), 2U);
  ASSERT_EQ(pipeline.queues_size(), 1);
  EXPECT_EQ(pipeline.queues(0).name(), "tasks");
  EXPECT_EQ(pipeline.create_time().seconds(), 3);
  EXPECT_EQ(pipeline.unfinished(), 6U);
  EXPECT_TRUE(pipeline.finished());
  EXPECT_EQ(pipeline.stalls(0).reason(), "STAGE_PAUSED");
}

TEST(Times, StayWithinWhatATimestampHolds) {
  google::protobuf::Timestamp stamp;
  set_time(base::kNever, stamp);
  EXPECT_EQ(stamp.seconds(), 253'402'300'799);
  EXPECT_EQ(stamp.nanos(), 0);
  set_time(base::Time(-5s), stamp);
  EXPECT_EQ(stamp.seconds(), 0);
  google::protobuf::Duration longest;
  set_duration(base::Duration::max(), longest);
  EXPECT_EQ(longest.seconds(), 315'576'000'000);
}

}  // namespace
}  // namespace sluice::wire
