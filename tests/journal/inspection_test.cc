#include "server/journal/inspection.h"

#include <gmock/gmock.h>

#include "server/journal/frame.h"
#include "server/journal/offline.h"
#include "tests/journal/running_journal.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

using namespace std::chrono_literals;

model::QueueRecord queue(std::uint32_t id, const std::string& name) {
  model::QueueRecord record;
  record.id = model::QueueId{id};
  record.name = name;
  return record;
}

model::ItemRecord item(std::uint64_t id, std::uint32_t queue, model::ItemState state, base::Time put_time) {
  model::ItemRecord record;
  record.id = model::ItemId{id};
  record.queue = model::QueueId{queue};
  record.state = state;
  record.put_time = put_time;
  record.body = std::make_shared<const model::Body>(model::Body{"12345", {}});
  return record;
}

model::JobRecord job(std::uint64_t id, model::JobState state) {
  model::JobRecord record;
  record.id = model::JobId{id};
  record.state = state;
  return record;
}

model::BatchRecord batch(std::uint64_t id, model::BatchState state) {
  model::BatchRecord record;
  record.id = model::BatchId{id};
  record.state = state;
  return record;
}

TEST(Inspection, CountsWhatIsThere) {
  const test::TempDir directory;
  const base::Time begin{1000h};
  {
    RunningJournal journal(directory.path());
    auto closed = queue(2, "a");
    closed.state = model::QueueState::kClosed;
    model::CountersRecord counters;
    counters.queue = model::QueueId{1};
    counters.counters.put = 9;
    counters.counters.dead_lettered = 2;
    ASSERT_TRUE(journal.append_and_wait(
        {queue(1, "b"), closed, counters, item(1, 1, model::ItemState::kWaiting, begin + 2s),
         item(2, 1, model::ItemState::kDelayed, begin + 1s), item(3, 1, model::ItemState::kLeased, begin + 3s),
         item(4, 1, model::ItemState::kWaiting, begin + 4s), model::RequestRecord{model::QueueId{2}, "put/x", {}, {}, 1},
         model::PipelineRecord{"p", {}, {}, 0}, model::LimitRecord{{.name = "db", .max_at_once = 3}},
         model::ScheduleRecord{{.name = "nightly", .queue = "a", .body = item(1, 1, {}, {}).body}, {.counters = {.put = 4}}},
         job(10, model::JobState::kRunning), job(11, model::JobState::kFailed), batch(10, model::BatchState::kSealed),
         batch(12, model::BatchState::kDone)}));
  }
  const auto inspection = inspect_directory(directory.path());
  ASSERT_TRUE(inspection.ok()) << inspection.status();
  EXPECT_EQ(inspection->schema_version, kSchemaVersion);
  EXPECT_GT(inspection->used_bytes, 0U);
  EXPECT_GE(inspection->file_bytes, inspection->used_bytes);
  ASSERT_EQ(inspection->queues.size(), 2U);
  const QueueInspection& a = inspection->queues[0];
  EXPECT_EQ(a.queue.name, "a");
  EXPECT_EQ(a.queue.state, model::QueueState::kClosed);
  EXPECT_EQ(a.requests, 1U);
  EXPECT_EQ(a.unfinished(), 0U);
  EXPECT_EQ(a.oldest_put, std::nullopt);
  const QueueInspection& b = inspection->queues[1];
  EXPECT_EQ(b.waiting, 2U);
  EXPECT_EQ(b.delayed, 1U);
  EXPECT_EQ(b.leased, 1U);
  EXPECT_EQ(b.bytes, 20U);
  EXPECT_EQ(b.counters.put, 9U);
  EXPECT_EQ(b.counters.dead_lettered, 2U);
  EXPECT_EQ(b.oldest_put, begin + 1s);
  ASSERT_EQ(inspection->pipelines.size(), 1U);
  EXPECT_EQ(inspection->pipelines[0].name, "p");
  ASSERT_EQ(inspection->limits.size(), 1U);
  EXPECT_EQ(inspection->limits[0].spec.max_at_once, 3U);
  ASSERT_EQ(inspection->schedules.size(), 1U);
  EXPECT_EQ(inspection->schedules[0].spec.queue, "a");
  EXPECT_EQ(inspection->schedules[0].state.counters.put, 4U);
  EXPECT_EQ(inspection->jobs.running, 1U);
  EXPECT_EQ(inspection->jobs.ended, 1U);
  EXPECT_EQ(inspection->jobs.batches, 2U);
  EXPECT_EQ(inspection->jobs.open_batches, 1U);
}

TEST(Inspection, MayGoOnWhileOthersLook) {
  const test::TempDir directory;
  EXPECT_TRUE(RunningJournal(directory.path()).status().ok());
  const auto lock = DirectoryLock::share(directory.path());
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(inspect_directory(directory.path()).ok());
  EXPECT_EQ(LmdbJournal::open({.directory = directory.path(), .max_bytes = limits::kMinStoreBytes}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace sluice::journal
