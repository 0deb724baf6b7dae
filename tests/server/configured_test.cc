#include "server/configured.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "server/handlers/builtins.h"
#include "server/journal/memory.h"

namespace sluice {
namespace {

using base::Reason;
using ::testing::HasSubstr;

// A runtime over a store that outlives it, as a disk would.
class Configured : public testing::Test {
 protected:
  Configured() { EXPECT_TRUE(handlers::add_builtins(registry_).ok()); }

  absl::Status apply(const std::vector<model::QueueSpec>& queues, const std::vector<model::PipelineSpec>& pipelines,
                     const std::vector<model::ScheduleSpec>& schedules = {}, const std::vector<model::LimitSpec>& limits = {}) {
    journal::MemoryJournal journal(store_);
    runtime::Runtime runtime({}, clock_, journal, registry_);
    EXPECT_TRUE(runtime.start([](const absl::Status&) {}).ok());
    auto status = apply_configured(runtime, queues, limits, pipelines, schedules);
    runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects&) {
      queues_ = engine.list_queues(now, "", "", 100);
      pipelines_ = engine.list_pipelines(now, "", 100);
      schedules_ = engine.list_schedules("", 100);
      limits_ = engine.list_limits(now, "", 100);
    });
    runtime.stop();
    return status;
  }

  base::SystemClock clock_;
  handlers::Registry registry_;
  std::shared_ptr<journal::MemoryStore> store_ = std::make_shared<journal::MemoryStore>();
  std::vector<engine::QueueView> queues_;  // after apply()
  std::vector<engine::PipelineView> pipelines_;
  std::vector<engine::ScheduleView> schedules_;
  std::vector<engine::LimitView> limits_;
};

model::QueueSpec queue(const char* name, model::QueueSettingsPatch settings = {}) { return {name, std::move(settings)}; }

model::PipelineSpec pipeline(const char* input, std::uint32_t workers) {
  return {.name = "p",
          .queues = {},
          .stages = {{.name = "s", .input = input, .output = "", .handler = "builtin.discard", .workers = workers}}};
}

model::ScheduleSpec schedule(const char* queue, base::Duration every) {
  model::ScheduleSpec spec;
  spec.name = "beat";
  spec.queue = queue;
  spec.every = every;
  spec.body = std::make_shared<const model::Body>();
  return spec;
}

TEST_F(Configured, CreatesWhatIsNotThere) {
  ASSERT_TRUE(apply({queue("a", {.capacity = 5}), queue("b")}, {pipeline("c", 2)}).ok());
  ASSERT_EQ(queues_.size(), 3U);
  EXPECT_EQ(queues_[0].settings.capacity, 5U);
  ASSERT_EQ(pipelines_.size(), 1U);
  EXPECT_EQ(pipelines_[0].stages[0].spec.workers, 2U);
}

TEST_F(Configured, ChangesWhatIsThere) {
  ASSERT_TRUE(apply({queue("a", {.capacity = 5, .max_attempts = 3})}, {pipeline("c", 2)}).ok());
  ASSERT_TRUE(apply({queue("a", {.capacity = 6})}, {pipeline("c", 4)}).ok());
  EXPECT_EQ(queues_[0].settings.capacity, 6U);
  EXPECT_EQ(queues_[0].settings.retry.max_attempts, 3U);
  EXPECT_EQ(pipelines_[0].stages[0].spec.workers, 4U);
}

TEST_F(Configured, ASchedulePutsIntoQueuesOfPipelinesAndKeepsItsPlaceAndCounters) {
  using namespace std::chrono_literals;
  ASSERT_TRUE(apply({}, {pipeline("c", 0)}, {schedule("c", 1h)}).ok());
  ASSERT_EQ(schedules_.size(), 1U);
  const model::ScheduleState before = schedules_[0].state;
  ASSERT_TRUE(apply({queue("d")}, {}, {schedule("d", 1h)}).ok());
  EXPECT_EQ(schedules_[0].spec.queue, "d");
  EXPECT_EQ(schedules_[0].state, before);
  ASSERT_TRUE(apply({}, {}, {schedule("d", 2h)}).ok());
  EXPECT_EQ(schedules_[0].state.create_time, before.create_time);
  EXPECT_GT(schedules_[0].state.next, before.next);
  ASSERT_TRUE(apply({}, {}, {}).ok());
  EXPECT_EQ(schedules_.size(), 1U);
}

TEST_F(Configured, ALimitIsThereBeforeTheStageThatNamesIt) {
  auto letters = pipeline("c", 2);
  letters.stages[0].limits = {"db"};
  letters.stages[0].start_workers = 2;
  ASSERT_TRUE(
      apply({}, {letters}, {}, {{.name = "db", .max_at_once = 3}, {.name = "mails", .per_second = 2.5, .burst = 7}}).ok());
  ASSERT_EQ(limits_.size(), 2U);
  EXPECT_EQ(limits_[0].spec, (model::LimitSpec{.name = "db", .max_at_once = 3}));
  ASSERT_EQ(limits_[0].stages.size(), 1U);
  EXPECT_EQ(limits_[0].stages[0].stage, "s");
  EXPECT_EQ(limits_[1].spec, (model::LimitSpec{.name = "mails", .per_second = 2.5, .burst = 7}));
  EXPECT_EQ(pipelines_[0].stages[0].spec.limits, std::vector<std::string>{"db"});
  EXPECT_EQ(pipelines_[0].stages[0].spec.start_workers, 2U);
}

TEST_F(Configured, ALimitIsAsTheFileSaysAndStaysWhenItSaysNothing) {
  ASSERT_TRUE(apply({}, {}, {}, {{.name = "db", .max_at_once = 3, .per_second = 1.0, .burst = 5}}).ok());
  ASSERT_TRUE(apply({}, {}, {}, {{.name = "db", .max_at_once = 4}}).ok());
  EXPECT_EQ(limits_[0].spec, (model::LimitSpec{.name = "db", .max_at_once = 4})) << "what is not there any more is gone";
  ASSERT_TRUE(apply({}, {}).ok());
  EXPECT_EQ(limits_.size(), 1U);
}

TEST_F(Configured, AStageNeedsItsLimit) {
  auto letters = pipeline("c", 2);
  letters.stages[0].limits = {"nobody"};
  const auto status = apply({}, {letters});
  EXPECT_TRUE(base::is(status, Reason::kLimitNotFound)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("configured pipeline \"p\": "));
}

TEST_F(Configured, AScheduleNeedsItsQueue) {
  using namespace std::chrono_literals;
  const auto status = apply({}, {}, {schedule("nobody", 1h)});
  EXPECT_TRUE(base::is(status, Reason::kQueueNotFound)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("configured schedule \"beat\": "));
}

TEST_F(Configured, LeavesAloneWhatItDoesNotName) {
  ASSERT_TRUE(apply({queue("a")}, {}).ok());
  ASSERT_TRUE(apply({}, {}).ok());
  EXPECT_EQ(queues_.size(), 1U);
}

TEST_F(Configured, CannotChangeAnOrder) {
  ASSERT_TRUE(apply({queue("a")}, {}).ok());
  const auto status = apply({queue("a", {.order = model::QueueOrder::kLifo})}, {});
  EXPECT_TRUE(base::is(status, Reason::kSettingImmutable));
  EXPECT_THAT(std::string(status.message()), HasSubstr("configured queue \"a\": "));
}

TEST_F(Configured, CannotChangeStages) {
  ASSERT_TRUE(apply({}, {pipeline("c", 1)}).ok());
  const auto status = apply({}, {pipeline("d", 1)});
  EXPECT_TRUE(base::is(status, Reason::kPipelineExists));
  EXPECT_THAT(std::string(status.message()), HasSubstr("configured pipeline \"p\": it exists with other stages"));
}

}  // namespace
}  // namespace sluice
