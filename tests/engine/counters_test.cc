// Counters are exact.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using CountersTest = EngineTest;

TEST_F(CountersTest, CountEveryKindOfEnd) {
  create("q", {.capacity = 10, .lease = 10s, .max_attempts = 2, .backoff = 0s});
  create("out");
  put("q", {"done", "handed on", "failed twice", "lost twice", "released and done", "purged", "purged too"});
  complete("q", take("q").lease);
  complete("q", take("q").lease, {{"out", "x"}, {"out", "y"}});
  fail("q", take("q").lease);
  fail("q", take("q").lease);
  take("q");
  pass(10s);
  take("q");
  pass(10s);
  release("q", take("q").lease);
  complete("q", take("q").lease);
  EXPECT_EQ(purge("q").value(), 2U);
  model::QueueCounters expected;
  expected.put = 7;
  expected.done = 3;
  expected.delivered = 8;
  expected.failed = 2;
  expected.lease_lost = 2;
  expected.retried = 2;
  expected.dead_lettered = 2;
  expected.discarded = 2;
  EXPECT_EQ(view("q").counters, expected);
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("out").counters.put, 2U);
  EXPECT_EQ(view("q.dead").counters.put, 2U);
  restart();
  EXPECT_EQ(view("q").counters, expected);
}

TEST_F(CountersTest, RejectedCountsPutsNotItems) {
  create("q", {.capacity = 3});
  put("q", {"a", "b"});
  put("q", {"c", "d"});
  put("q", {"c", "d", "e"}, {.wait = 5s});
  pass(5s);
  EXPECT_EQ(view("q").counters.rejected, 2U);
}

TEST_F(CountersTest, RejectedLeavesOutOtherRefusals) {
  create("q", {.capacity = 1});
  put("q", {"a", "b"});
  put("q", {"a"});
  TestCaller& gone = put("q", {"b"}, {.wait = kForever});
  withdraw(gone);
  put("q", {"b"}, {.wait = kForever});
  close("q");
  put("q", {"b"});
  EXPECT_EQ(view("q").counters.rejected, 0U);
}

TEST_F(CountersTest, FiveWorkersAHundredThousandIncrementsEach) {  // scenario 13
  create("q");
  constexpr int kWorkers = 5;
  constexpr std::uint64_t kEach = 100'000;
  for (std::uint64_t i = 0; i < kEach; ++i) {
    for (int worker = 0; worker < kWorkers; ++worker) {
      Effects effects;
      PutCommand command;
      command.queue = "q";
      command.items.push_back({.body = std::make_shared<const model::Body>()});
      TestCaller producer;
      engine().put(now(), std::move(command), producer, effects);
      carry_out(effects);
      TestCaller consumer;
      engine().get(now(), {.queue = "q", .give_up = now()}, consumer, effects);
      carry_out(effects);
      TestCaller finisher;
      engine().complete(now(), {.queue = "q", .lease = consumer.get().items.at(0).lease}, finisher, effects);
      carry_out(effects);
    }
  }
  const model::QueueCounters counters = view("q").counters;
  EXPECT_EQ(counters.put, kWorkers * kEach);
  EXPECT_EQ(counters.delivered, kWorkers * kEach);
  EXPECT_EQ(counters.done, kWorkers * kEach);
  EXPECT_EQ(view("q").idle_count, kWorkers * kEach);
}

TEST_F(CountersTest, WaitsEndWithTheFirstDelivery) {
  create("q", {.lease = 10s, .max_attempts = 5, .backoff = 0s});
  put("q", {"a", "b"});
  pass(2s);
  take("q");
  pass(10s);
  take("q");
  take("q");
  const auto waits = view("q").wait_times;
  EXPECT_EQ(waits.count(), 2U);
  EXPECT_EQ(waits.sum, 2s + 12s);
}

}  // namespace
}  // namespace sluice::engine::testing
