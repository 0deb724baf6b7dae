// Jobs and batches of a server that is killed: no job without an outcome, no batch that does not end, no callback twice or
// missing.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
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

constexpr int kKills = 20;
constexpr std::size_t kBatchesALife = 15;

// What becomes of the jobs of each batch, in their order.
constexpr std::array kFates{JobState::kSucceeded, JobState::kFailed,    JobState::kSucceeded, JobState::kExpired,
                            JobState::kSucceeded, JobState::kCancelled, JobState::kSucceeded};
constexpr std::size_t kCancelled = 5;

NewItem item_for(JobState fate) {
  // builtin.sleep refuses for good what is no time.
  NewItem item{.payload = "job", .attributes = {{"sleep", fate == JobState::kFailed ? "soon" : "1ms"}}};
  // Those two are never handed out.
  if (fate == JobState::kExpired || fate == JobState::kCancelled) item.delay = 1h;
  if (fate == JobState::kExpired) item.time_to_live = 1ms;
  return item;
}

std::vector<NewItem> items_of_a_batch() {
  std::vector<NewItem> items;
  for (const JobState fate : kFates) items.push_back(item_for(fate));
  return items;
}

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

class BatchesOfAKilledServer : public JobsOfAKilledServer {
 protected:
  // Two stages, of which the second refuses some. So many attempts that kills alone use up nobody's.
  Pipeline create_calls() {
    const RetryPolicy patient{.max_attempts = 1'000};
    return client_.create_pipeline(
        {.name = "calls",
         .queues = {{.name = "in", .settings = {.capacity = 50}}, {.name = "out", .settings = {.capacity = 0}}},
         .stages = {
             {.name = "first", .input = "in", .output = "mid", .handler = "builtin.identity", .workers = 2, .retry = patient},
             {.name = "second", .input = "mid", .output = "out", .handler = "builtin.sleep", .workers = 2, .retry = patient}}});
  }

  // Submits one batch after the other until it is told to stop; in each it takes one job back.
  void produce(const Pipeline& calls, const std::atomic<bool>& stop) {
    BatchOptions options;
    options.callback_queue = "done";
    options.callback = {.payload = "all"};
    const std::vector<NewItem> items = items_of_a_batch();
    while (!stop) {
      const JobBatch batch = calls.submit_batch(items, options);
      cancel(calls.queue("in"), batch.id + kCancelled);
      const std::lock_guard lock(mutex_);
      batches_.insert(batch.id);
    }
  }

  // Not repeated by the library: it could not tell what the first one found.
  static void cancel(const Queue& queue, ItemId item) {
    for (;;) {
      try {
        queue.cancel(item);
        return;
      } catch (const Unavailable&) {
      }
    }
  }

  bool wait_for_batches(std::size_t count) {
    const auto give_up = std::chrono::steady_clock::now() + support::kPatience;
    while (std::chrono::steady_clock::now() < give_up) {
      {
        const std::lock_guard lock(mutex_);
        if (batches_.size() >= count) return true;
      }
      std::this_thread::yield();
    }
    return false;
  }

  void check(BatchId id) {
    std::map<JobId, JobState> told;
    client_.jobs().await_batch(id, [&](Job&& job) { EXPECT_TRUE(told.emplace(job.id, job.state).second) << job.id; },
                               {.max_wait = support::kPatience});
    std::map<JobId, JobState> expected;
    for (std::size_t i = 0; i < kFates.size(); ++i) expected.emplace(id + i, kFates.at(i));
    EXPECT_EQ(told, expected) << "batch " << id;
    const JobBatch batch = client_.jobs().batch(id);
    EXPECT_TRUE(batch.ended);
    EXPECT_EQ(batch.succeeded, static_cast<std::size_t>(std::ranges::count(kFates, JobState::kSucceeded)));
    EXPECT_EQ(batch.succeeded + batch.failed, kFates.size());
    EXPECT_EQ(batch.callback_error, "");
  }

  std::mutex mutex_;
  std::set<BatchId> batches_;
};

TEST_F(BatchesOfAKilledServer, EveryBatchEndsAndCallsBackOnce) {
  client_.create_queue("done", {.capacity = 0});
  const Pipeline calls = create_calls();
  std::atomic<bool> stop = false;
  auto producer = std::async(std::launch::async, [&] { produce(calls, stop); });
  for (int kill = 1; kill <= kKills && wait_for_batches(kBatchesALife * static_cast<std::size_t>(kill)); ++kill) {
    server_.kill9();
    server_.restart();
  }
  stop = true;
  producer.get();
  EXPECT_GE(batches_.size(), kBatchesALife * kKills) << "the producer did not get on";

  for (const BatchId id : batches_) check(id);
  calls.join({.max_wait = support::kPatience});
  client_.queue("done").close();
  std::map<std::string, int> callbacks;
  for (auto& item : client_.queue("done")) ++callbacks[item.attribute("sluice-batch")];
  for (const auto& [id, count] : callbacks) EXPECT_EQ(count, 1) << "batch " << id;
  for (const BatchId id : batches_) EXPECT_EQ(callbacks.count(std::to_string(id)), 1U) << "batch " << id;
  EXPECT_THAT(client_.jobs().list(JobState::kRunning), testing::IsEmpty());
}

}  // namespace
}  // namespace sluice
