// Pipelines of stages: download, resize, upload.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>
#include <thread>

#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::Each;
using testing::Field;
using testing::UnorderedElementsAreArray;

class StagesScenario : public Scenario {
 protected:
  void SetUp() override { start(); }

  static PipelineSpec phases(std::uint32_t downloaders, std::uint32_t resizers, std::uint32_t uploaders) {
    return {.name = "photos",
            .stages = {
                {.input = "download", .output = "resize", .handler = "builtin.identity", .workers = downloaders},
                {.input = "resize", .output = "upload", .handler = "builtin.identity", .workers = resizers},
                {.input = "upload", .output = "done", .handler = "builtin.identity", .workers = uploaders},
            }};
  }
};

// Sees the deepest that the queues of a pipeline get, for as long as it lives.
class DepthObserver {
 public:
  explicit DepthObserver(const Pipeline& pipeline)
      : thread_([this, pipeline](const std::stop_token& stop) {
          while (!stop.stop_requested()) look(pipeline.stats());
        }) {}

  void end() {
    thread_.request_stop();
    thread_.join();
  }
  [[nodiscard]] std::uint64_t deepest() const { return deepest_; }
  [[nodiscard]] bool first_stage_was_held_back() const { return held_back_; }

 private:
  void look(const PipelineInfo& info) {
    for (const QueueInfo& queue : info.queues) deepest_ = std::max(deepest_.load(), queue.waiting + queue.delayed);
    if (info.queues.at(1).waiting_puts > 0) held_back_ = true;
  }

  std::atomic<std::uint64_t> deepest_ = 0;
  std::atomic<bool> held_back_ = false;
  std::jthread thread_;
};

// A number out of the metrics, such as the time that a stage's handler took for all its items; NaN if it is not there.
double metric(const std::string& metrics, const std::string& name) {
  const std::size_t at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? std::nan("") : std::stod(metrics.substr(at + name.size() + 2));
}

double seconds_an_item(const std::string& metrics, const std::string& stage) {
  const std::string labels = "{pipeline=\"uneven\",stage=\"" + stage + "\"}";
  return metric(metrics, "sluice_stage_run_seconds_sum" + labels) / metric(metrics, "sluice_stage_run_seconds_count" + labels);
}

TEST_F(StagesScenario, Scenario01_ThreePhasesWithoutAWakeUpInVain) {
  const Pipeline pipeline = connect().create_pipeline(phases(1, 1, 1));
  pipeline.queue("download").put_all(numbers(1'000), {.max_wait = kPatience});
  pipeline.join({.max_wait = kPatience});

  EXPECT_EQ(pipeline.queue("done").stats().waiting, 1'000U);
  for (const StageInfo& stage : pipeline.stages()) {
    EXPECT_EQ(stage.succeeded, 1'000U) << stage.spec.name;
    EXPECT_GT(stage.wakeups, 0U) << stage.spec.name;
    EXPECT_EQ(stage.idle_wakeups, 0U) << stage.spec.name;
  }
}

TEST_F(StagesScenario, Scenario01_WaitingForWorkCostsNothing) {
  const Pipeline pipeline = connect().create_pipeline(phases(1, 1, 1));
  pipeline.queue("download").put("one");
  pipeline.join({.max_wait = kPatience});

  // Something else may fall into a window, such as the end of what was before it, or a sanitizer's own thread. Polling is in
  // every one: asking a hundred times a second is ten times what gRPC's own timers do.
  const auto is_quiet = [this, nothing = connect().create_queue("nothing")] {
    const std::chrono::milliseconds window = 3s;
    const ProcessStats before = stats_of(server->pid());
    // Nothing ever comes from there; the wait is the window.
    EXPECT_FALSE(nothing.get({.max_wait = window}));
    const ProcessStats after = stats_of(server->pid());
    const auto wakeups = after.switches - before.switches;
    std::cout << "awake for " << (after.cpu - before.cpu).count() << " us, woken " << wakeups << " times\n";
    return after.cpu - before.cpu < window / 100 * kSlowness && wakeups < 100 * kSlowness;
  };
  EXPECT_TRUE(is_quiet() || is_quiet() || is_quiet());
  EXPECT_THAT(pipeline.stages(), Each(Field(&StageInfo::idle_wakeups, 0U)));
}

TEST_F(StagesScenario, Scenario06_ClosingTheFirstQueueWindsDownPoolsOfThreeFourAndFive) {
  const Pipeline pipeline = connect().create_pipeline(phases(3, 4, 5));
  const auto photos = numbers(1'000);
  EXPECT_THAT(pipeline.stats().stages.at(2).spec.workers, 5U);
  pipeline.queue("download").put_all(photos, {.max_wait = kPatience});
  pipeline.queue("download").close();
  pipeline.join({.max_wait = kPatience});

  const PipelineInfo info = pipeline.stats();
  EXPECT_TRUE(info.finished);
  EXPECT_EQ(info.unfinished, 0U);
  EXPECT_THAT(info.stages, Each(Field(&StageInfo::state, StageState::kFinished)));
  EXPECT_THAT(info.stages, Each(Field(&StageInfo::workers, 0U)));
  EXPECT_THAT(info.queues, Each(Field(&QueueInfo::closed, true)));
  EXPECT_THAT(drain(pipeline.queue("done")), UnorderedElementsAreArray(photos));
}

TEST_F(StagesScenario, Scenario07_ASlowMiddleStageHoldsTheFirstBackAndMemoryStaysFlat) {
  constexpr std::uint32_t kCapacity = 50;
  const int count = 100'000 / (kSlowness * kSlowness);
  const Client client = connect();
  const Pipeline pipeline = client.create_pipeline({
      .name = "uneven",
      .queues = {{"fast", {.capacity = kCapacity}}, {"slow", {.capacity = kCapacity}}, {"last", {.capacity = kCapacity}}},
      .stages =
          {
              {.input = "fast", .output = "slow", .handler = "builtin.identity"},
              // The first takes some microseconds an item. So that this takes no longer than it must, many take the 100 times
              // as long side by side; together they are the narrow place still.
              {.input = "slow", .output = "last", .handler = "builtin.sleep", .workers = 40},
              {.input = "last", .handler = "builtin.discard"},
          },
  });
  DepthObserver observer(pipeline);
  const std::string sleep = std::to_string(2 * kSlowness * kSlowness) + "ms";
  const std::vector<NewItem> burst(kCapacity, NewItem{.payload = std::string(1'000, 'x'), .attributes = {{"sleep", sleep}}});
  const auto put = [&](int items) {
    for (int sent = 0; sent < items; sent += kCapacity) pipeline.queue("fast").put_batch(burst, {.max_wait = kPatience});
  };

  put(count / 5);
  const std::size_t early = stats_of(server->pid()).resident_bytes;
  put(count - count / 5);
  const std::size_t late = stats_of(server->pid()).resident_bytes;
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
  observer.end();

  const std::string metrics = admin("/metrics");
  EXPECT_GE(seconds_an_item(metrics, "slow"), 100 * seconds_an_item(metrics, "fast"));
  EXPECT_LE(observer.deepest(), kCapacity);
  EXPECT_TRUE(observer.first_stage_was_held_back());
  // All that went through since then is many times as much.
  if (kMemoryCounts) {
    EXPECT_LT(late, early + (8UL << 20));
  }
  const PipelineInfo info = pipeline.stats();
  for (const StageInfo& stage : info.stages) EXPECT_EQ(stage.succeeded, static_cast<std::uint64_t>(count)) << stage.spec.name;
  for (const QueueInfo& queue : info.queues) EXPECT_EQ(queue.counters.done, static_cast<std::uint64_t>(count)) << queue.name;
}

}  // namespace
}  // namespace sluice::e2e
