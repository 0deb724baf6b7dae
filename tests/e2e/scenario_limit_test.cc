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

// At most r a second: the n-th item is not done before the n-th interval since the first could be, whenever one looks.
TEST_F(LimitScenario, ARateIsNeverExceededFromTheBeginningToAnyMoment) {
  constexpr double kRate = 50;
  constexpr int kBurst = 3;
  constexpr int kItems = 40;
  const Client client = connect();
  client.create_limit("mails", {.per_second = kRate, .burst = kBurst});
  const Pipeline mails = client.create_pipeline(
      {.name = "mails",
       .stages = {{.input = "in", .output = "out", .handler = "builtin.identity", .workers = 4, .limits = {"mails"}}}});
  mails.pause("in");
  mails.queue("in").put_all(numbers(kItems));
  const Time put = mails.queue("in").peek({.max_items = 1}).at(0).put_time;
  mails.resume("in");
  mails.close();
  mails.join({.max_wait = kPatience});
  std::vector<Time> done;
  for (auto& item : mails.queue("out")) done.push_back(item.put_time());
  ASSERT_EQ(done.size(), static_cast<std::size_t>(kItems));
  for (int i = 0; i < kItems; ++i) {
    const std::chrono::duration<double> since = done.at(static_cast<std::size_t>(i)) - put;
    EXPECT_LE(i + 1, kBurst + kRate * since.count() + 1e-3) << "item " << i << " after " << since.count() << " s";
  }
  const std::chrono::duration<double> all = done.back() - done.front();
  EXPECT_LT(all.count(), 2 * kItems / kRate * kSlowness) << "and it is used";
}

class ConfiguredLimitScenario : public Scenario {
 protected:
  static std::string configuration(const std::string& limit) {
    return R"(
limits:
  - )" + limit +
           R"(
pipelines:
  - name: letters
    stages: [{name: write, input: drafts, output: letters, handler: builtin.sleep, workers: 4, limits: [one]}]
  - name: solver
    stages: [{name: solve, input: shards, workers: 0, start_workers: 2}]
)";
  }
};

TEST_F(ConfiguredLimitScenario, HoldsAndIsChangedByTheNextConfiguration) {
  start(configuration("{name: one, max_at_once: 1, per_second: 1000, burst: 10}"), {"--data", "data", "--drain-timeout", "0s"});
  const Pipeline letters = connect().pipeline("letters");
  const std::vector<NewItem> long_work(3, NewItem{.attributes = {{"sleep", "1h"}}});
  letters.queue("drafts").put_batch(long_work);
  ASSERT_TRUE(eventually([&] { return connect().limit("one").waiting.size() == 1; }));
  LimitInfo limit = connect().limit("one");
  EXPECT_EQ(limit.in_use, 1U);
  EXPECT_EQ(limit.per_second, 1'000);
  EXPECT_EQ(limit.burst, 10U);
  EXPECT_THAT(limit.stages, ElementsAre("letters/write"));
  EXPECT_EQ(letters.stages().at(0).busy_workers, 1U);
  server->stop();
  server->restart(configuration("{name: one, max_at_once: 2}"));
  ASSERT_TRUE(eventually([&] { return connect().limit("one").in_use == 2; }));
  limit = connect().limit("one");
  EXPECT_EQ(limit.per_second, 0.0) << "the file says nothing of a rate any more";
  EXPECT_THAT(limit.waiting, ElementsAre("letters/write"));
}

TEST_F(ConfiguredLimitScenario, NothingIsHandedOutBeforeAsManyWorkersAsItSays) {
  start(configuration("{name: one, max_at_once: 1}"));
  const Pipeline solver = connect().pipeline("solver");
  solver.queue("shards").put_all(numbers(4));
  solver.close();
  std::atomic<int> taken = 0;
  const auto worker = [&] {
    return meanwhile([&] { work(connect().pipeline("solver"), "solve", [&](const StageItem&) { ++taken; }); });
  };
  const auto first = worker();
  EXPECT_TRUE(eventually([&] {
    const auto stalls = solver.stats().stalls;
    return stalls.size() == 1 && stalls[0].message.find("1 of 2 are ready") != std::string::npos;
  }));
  EXPECT_EQ(taken, 0);
  const auto second = worker();
  solver.join({.max_wait = kPatience});
  EXPECT_TRUE(ends(first) && ends(second));
  EXPECT_EQ(taken, 4);
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
