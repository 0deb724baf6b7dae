// Jobs and batches of a server that is killed: no job without an outcome, no batch that does not end, no callback twice or
// missing.
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sluice/sluice.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;

constexpr int kKills = 8;
constexpr std::size_t kBatchesALife = 15;
constexpr std::size_t kJobsOfABatch = 7;

class JobsOfAKilledServer : public testing::Test {
 protected:
  test::TempDir data_;
  SluicedProcess server_{{.flags = {"--data", data_.path().string(), "--log-format", "json"}}};
  Client client_{server_.address()};
};

TEST_F(JobsOfAKilledServer, OutcomesAndWhatStillRunsAreThereAgain) {
  const Queue queue = client_.create_queue("q");
  const Future before = queue.submit("before");
  const Future after = queue.submit("after");
  queue.get({.max_wait = support::kPatience})->done_with("BEFORE");
  auto waiting = std::async(std::launch::async, [&after] { return after.get({.max_wait = support::kPatience}); });
  server_.kill9();
  server_.restart();
  EXPECT_EQ(before.get({.max_wait = support::kPatience}), "BEFORE");
  EXPECT_EQ(after.look().state, JobState::kRunning);
  queue.get({.max_wait = support::kPatience})->done_with("AFTER");
  EXPECT_EQ(waiting.get(), "AFTER") << "the await went on by itself";
}

TEST_F(JobsOfAKilledServer, AMapGoesOnOverKills) {
  client_.create_pipeline(
      {.name = "calls", .stages = {{.name = "call", .input = "in", .handler = "builtin.upper", .workers = 2}}});
  std::atomic<std::size_t> told = 0;
  std::vector<std::string> results;
  JobMap map = client_.pipeline("calls").map_stream(
      [&](Job&& job) {
        results.push_back(job.value());
        ++told;
      },
      {.in_flight = 50});
  for (std::size_t i = 0; i < 2'000; ++i) {
    map.add(fmt::format("item {}", i));
    if (i % 500 != 499) continue;
    server_.kill9();
    server_.restart();
  }
  map.finish();
  ASSERT_EQ(results.size(), 2'000U);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], fmt::format("ITEM {}", i));
}

TEST_F(JobsOfAKilledServer, EveryBatchEndsAndCallsBackOnce) {
  client_.create_queue("done", {.capacity = 0});
  // Half of the work is done in two stages; some of it fails for good.
  const Pipeline calls = client_.create_pipeline(
      {.name = "calls",
       .queues = {{.name = "in", .settings = {.capacity = 50}}, {.name = "out", .settings = {.capacity = 0}}},
       .stages = {{.name = "first", .input = "in", .output = "mid", .handler = "builtin.identity", .workers = 2},
                  {.name = "second", .input = "mid", .output = "out", .handler = "builtin.upper", .workers = 2}}});
  std::mutex mutex;
  std::set<BatchId> batches;
  std::atomic<bool> stop = false;
  const auto submitted = [&] {
    const std::lock_guard lock(mutex);
    return batches.size();
  };
  std::thread producer([&] {
    BatchOptions options;
    options.callback_queue = "done";
    options.callback = {.payload = "all"};
    const std::vector<NewItem> items(kJobsOfABatch, NewItem{.payload = "job"});
    while (!stop) {
      const JobBatch batch = calls.submit_batch(items, options);
      const std::lock_guard lock(mutex);
      batches.insert(batch.id);
    }
  });
  for (int kill = 1; kill <= kKills; ++kill) {
    while (submitted() < kBatchesALife * static_cast<std::size_t>(kill)) std::this_thread::yield();
    server_.kill9();
    server_.restart();
  }
  stop = true;
  producer.join();

  for (const BatchId id : batches) {
    std::set<JobId> told;
    client_.jobs().await_batch(id,
                               [&](Job&& job) {
                                 told.insert(job.id);
                                 // A kill costs an attempt, and there are five: a job of many lives may have used them up.
                                 EXPECT_TRUE(job.state == JobState::kSucceeded || job.state == JobState::kFailed)
                                     << "job " << job.id;
                               },
                               {.max_wait = support::kPatience});
    EXPECT_EQ(told.size(), kJobsOfABatch) << "batch " << id;
    const JobBatch batch = client_.jobs().batch(id);
    EXPECT_TRUE(batch.ended);
    EXPECT_EQ(batch.succeeded + batch.failed, kJobsOfABatch);
    EXPECT_EQ(batch.callback_error, "");
  }
  calls.join({.max_wait = support::kPatience});
  client_.queue("done").close();
  std::map<std::string, int> callbacks;
  for (auto& item : client_.queue("done")) ++callbacks[item.attribute("sluice-batch")];
  for (const auto& [id, count] : callbacks) EXPECT_EQ(count, 1) << "batch " << id;
  for (const BatchId id : batches) EXPECT_EQ(callbacks.count(std::to_string(id)), 1U) << "batch " << id;
  EXPECT_THAT(client_.jobs().list(JobState::kRunning), testing::IsEmpty());
}

}  // namespace
}  // namespace sluice
