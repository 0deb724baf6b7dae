// Stages that share what there is little of, workers that start together, and counters that are exact.
#include <atomic>
#include <mutex>
#include <set>

#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;

// How many are inside at once, and how many were at most.
class Inside {
 public:
  class Visit {
   public:
    explicit Visit(Inside& inside) : inside_(inside) {
      const int now = ++inside_.now_;
      int most = inside_.most_;
      while (now > most && !inside_.most_.compare_exchange_weak(most, now)) {
      }
    }
    ~Visit() { --inside_.now_; }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    Inside& inside_;
  };

  [[nodiscard]] int most() const { return most_; }

 private:
  std::atomic<int> now_ = 0;
  std::atomic<int> most_ = 0;
};

class LimitScenario : public Scenario {
 protected:
  void SetUp() override { start(); }
};

// Scenario 23: a pool of 3 connections that two stages use.
TEST_F(LimitScenario, Scenario23_NeverMoreThanThreeAtOnceOverTwoStages) {
  const Client client = connect();
  client.create_limit("connections", {.max_at_once = 3});
  const Pipeline reading =
      client.create_pipeline({.name = "reading", .stages = {{.input = "reads", .limits = {"connections"}}}});
  const Pipeline writing =
      client.create_pipeline({.name = "writing", .stages = {{.input = "writes", .limits = {"connections"}}}});
  reading.queue("reads").put_all(numbers(200));
  writing.queue("writes").put_all(numbers(200));
  reading.close();
  writing.close();
  Inside inside;
  std::atomic<int> reads = 0;
  std::atomic<int> writes = 0;
  const auto visit = [&inside](std::atomic<int>& count) {
    return [&inside, &count](const StageItem&) {
      const Inside::Visit here(inside);
      std::this_thread::yield();
      ++count;
    };
  };
  const auto first = meanwhile([&] { work(connect().pipeline("reading"), "reads", visit(reads), {.concurrency = 4}); });
  const auto second = meanwhile([&] { work(connect().pipeline("writing"), "writes", visit(writes), {.concurrency = 4}); });
  reading.join({.max_wait = kPatience});
  writing.join({.max_wait = kPatience});
  EXPECT_TRUE(ends(first));
  EXPECT_TRUE(ends(second));
  EXPECT_EQ(reads, 200);
  EXPECT_EQ(writes, 200);
  EXPECT_LE(inside.most(), 3);
  EXPECT_EQ(client.limit("connections").in_use, 0U);
  EXPECT_EQ(reason_of([&] { client.remove_limit("connections"); }), "LIMIT_IN_USE");
}

// A worker in the server holds all; the stage of a remote one says what it waits for.
TEST_F(LimitScenario, ALimitHoldsForServerWorkersAndSaysWhatIsMissing) {
  const Client client = connect();
  client.create_limit("one", {.max_at_once = 1});
  const Pipeline full = client.create_pipeline(
      {.name = "full",
       .stages = {
           {.input = "a", .limits = {"one"}},
           {.name = "shout", .input = "b", .output = "c", .handler = "builtin.upper", .workers = 2, .limits = {"one"}}}});
  full.queue("a").put("x");
  std::promise<void> begun;
  std::promise<void> go_on;
  std::stop_source stop;
  const auto holding = meanwhile([&] {
    work(connect().pipeline("full"), "a",
         [&](const StageItem&) {
           begun.set_value();
           go_on.get_future().wait_for(kPatience);
         },
         {.stop = stop.get_token()});
  });
  ASSERT_EQ(begun.get_future().wait_for(kPatience), std::future_status::ready);
  full.queue("b").put("hello");
  ASSERT_TRUE(eventually([&] { return full.stats().stalls.size() == 1; }));
  EXPECT_EQ(full.stats().stalls.front().reason, "LIMIT_EXHAUSTED");
  EXPECT_THAT(client.limit("one").waiting, ElementsAre("full/shout"));
  go_on.set_value();
  full.join({.max_wait = kPatience});
  EXPECT_THAT(drain(full.queue("c")), ElementsAre("HELLO"));
  stop.request_stop();
  EXPECT_TRUE(ends(holding));
}

// Scenario 25: workers that must all be ready before the first item is taken.
TEST_F(LimitScenario, Scenario25_NoItemIsTakenBeforeAllWorkersAreReady) {
  const Client client = connect();
  const Pipeline pipeline = client.create_pipeline({.name = "solve", .stages = {{.input = "shards", .start_workers = 3}}});
  pipeline.queue("shards").put_all(numbers(30));
  pipeline.close();
  std::atomic<int> taken = 0;
  std::atomic<int> attached = 0;
  std::atomic<int> least_attached = 100;
  std::vector<std::future<void>> workers;
  const auto add_worker = [&] {
    ++attached;
    workers.push_back(meanwhile([&] {
      work(connect().pipeline("solve"), "shards", [&](const StageItem&) {
        least_attached = std::min(least_attached.load(), attached.load());
        ++taken;
      });
    }));
  };
  add_worker();
  add_worker();
  const auto says = [&](const std::string& text) {
    const auto stalls = pipeline.stats().stalls;
    return stalls.size() == 1 && stalls.front().reason == "WAITS_FOR_WORKERS" &&
           stalls.front().message.find(text) != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return says("2 of 3 are ready"); }));
  EXPECT_EQ(taken, 0);
  add_worker();
  pipeline.join({.max_wait = kPatience});
  for (const auto& worker : workers) EXPECT_TRUE(ends(worker));
  EXPECT_EQ(taken, 30);
  EXPECT_EQ(least_attached, 3);
}

// Scenario 13: five workers, 100,000 increments each, of one counter; here the counters are the server's.
TEST_F(LimitScenario, Scenario13_EveryCounterIsExact) {
  constexpr std::size_t kWorkers = 5;
  constexpr std::size_t kIncrements = 100'000 / kSlowness;
  constexpr std::size_t kBatch = 1'000;
  const Queue queue = connect().create_queue("increments", {.capacity = 0, .durability = Durability::kMemory});
  std::vector<std::future<void>> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.push_back(meanwhile([&] {
      const Queue mine = connect().queue("increments");
      const std::vector<std::string> batch(kBatch, "1");
      for (std::size_t done = 0; done < kIncrements; done += kBatch) mine.put_all(batch);
      // As many as it has put; whose they are nobody knows.
      for (std::size_t left = kIncrements; left > 0;) {
        auto batch_of_items =
            mine.get_batch(static_cast<std::uint32_t>(std::min(left, kBatch)), {.max_wait = kPatience, .keep_leased = false});
        if (batch_of_items.items.empty()) return;
        left -= mine.done_all(batch_of_items.items);
      }
    }));
  }
  for (auto& worker : workers) worker.get();
  queue.join({.max_wait = kPatience});
  const QueueInfo info = queue.stats();
  EXPECT_EQ(info.counters.put, kWorkers * kIncrements);
  EXPECT_EQ(info.counters.delivered, kWorkers * kIncrements);
  EXPECT_EQ(info.counters.done, kWorkers * kIncrements);
  EXPECT_EQ(info.unfinished, 0U);
  EXPECT_EQ(info.counters.failed + info.counters.retried + info.counters.lease_lost + info.counters.dead_lettered, 0U);
}

}  // namespace
}  // namespace sluice::e2e
