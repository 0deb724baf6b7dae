// Leases: running out, extended, released, fenced.
#include "server/base/errors.h"
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using LeaseTest = EngineTest;

TEST_F(LeaseTest, RunsOutAtItsTimeAndTheItemIsThereAtOnce) {
  create("q", {.lease = 10s, .backoff = 1h});
  put("q", {"a"});
  const model::Delivery first = take("q");
  pass(10s - 1us);
  EXPECT_EQ(view("q").leased, 1U);
  pass(1us);
  EXPECT_EQ(view("q").waiting, 1U) << "without backoff";
  EXPECT_EQ(view("q").counters.lease_lost, 1U);
  EXPECT_EQ(view("q").counters.retried, 1U);
  EXPECT_EQ(view("q").counters.failed, 0U);
  const model::Delivery second = take("q");
  EXPECT_EQ(second.item, first.item);
  EXPECT_EQ(second.attempt, 2U);
  EXPECT_GT(number(second.lease), number(first.lease));
  ASSERT_NE(second.last_failure, nullptr);
  EXPECT_EQ(second.last_failure->reason, model::failure_reason::kLeaseExpired);
}

TEST_F(LeaseTest, EachRunsOutAtItsOwnTime) {
  create("q", {.lease = 10s});
  put("q", {"a", "b", "c"});
  take("q", {.lease = 30s});
  take("q");
  take("q", {.lease = 20s});
  pass(10s);
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b"));
  pass(10s);
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b", "c"));
  pass(10s);
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("a", "b", "c"));
}

TEST_F(LeaseTest, AllOfThemFallDueInOneRunOfTheTimer) {
  create("q", {.lease = 10s});
  put("q", {"a", "b", "c"});
  get("q", 3);
  jump(1h);
  Effects effects;
  const base::Time next = engine().run_due(now(), effects);
  EXPECT_EQ(next, engine().next_due());
  carry_out(effects);
  EXPECT_EQ(view("q").waiting, 3U);
  EXPECT_GT(engine().next_due(), now());
}

// Time only passes through run_due: a command at a later time sees the lease still holding.
TEST_F(LeaseTest, HoldsUntilTheTimerRuns) {
  create("q", {.lease = 10s});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  jump(11s);
  EXPECT_EQ(complete("q", lease).outcome(), "ok");
}

TEST_F(LeaseTest, LaterOneFencesTheEarlier) {
  create("q", {.lease = 10s, .max_attempts = 0});
  put("q", {"a"});
  const model::LeaseId first = take("q").lease;
  pass(10s);
  const model::LeaseId second = take("q").lease;
  EXPECT_EQ(complete("q", first).outcome(), "LEASE_LOST");
  EXPECT_EQ(fail("q", first), "LEASE_LOST");
  EXPECT_EQ(reason_name(extend("q", first).status()), "LEASE_LOST");
  EXPECT_EQ(release("q", first), "LEASE_LOST");
  EXPECT_EQ(view("q").leased, 1U);
  EXPECT_EQ(complete("q", second).outcome(), "ok");
}

TEST_F(LeaseTest, LostOneIsLostEvenWhileTheItemWaits) {
  create("q", {.lease = 10s});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  pass(10s);
  EXPECT_EQ(complete("q", lease).outcome(), "LEASE_LOST");
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(LeaseTest, LostTooOftenDeadLetters) {
  create("q", {.lease = 10s, .max_attempts = 3});
  put("q", {"crasher"});
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(take("q").attempt, attempt);
    pass(10s);
  }
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.lease_lost, 3U);
  EXPECT_EQ(view("q").counters.retried, 2U);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_THAT(peek("q.dead"), ElementsAre("crasher"));
  EXPECT_EQ(peek_items("q.dead").at(0).last_failure->reason, model::failure_reason::kLeaseExpired);
}

TEST_F(LeaseTest, ExtendCountsFromNow) {
  create("q", {.lease = 10s});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  pass(9s);
  EXPECT_EQ(extend("q", lease).value(), now() + 10s);
  pass(9s);
  EXPECT_EQ(view("q").leased, 1U);
  EXPECT_EQ(extend("q", lease, 3s).value(), now() + 3s);
  pass(3s - 1us);
  EXPECT_EQ(view("q").leased, 1U);
  pass(1us);
  EXPECT_EQ(view("q").leased, 0U);
}

TEST_F(LeaseTest, ExtendMayShorten) {
  create("q", {.lease = 1h});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(extend("q", lease, 1s).value(), now() + 1s);
  pass(1s);
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(LeaseTest, ExtendOfUnknownTokens) {
  create("q");
  EXPECT_EQ(reason_name(extend("q", model::LeaseId{77}).status()), "LEASE_LOST");
  EXPECT_EQ(reason_name(extend("missing", model::LeaseId{77}).status()), "QUEUE_NOT_FOUND");
}

TEST_F(LeaseTest, ReleaseGivesBackUntouched) {
  create("q", {.max_attempts = 2});
  put("q", {"a", "b"});
  for (int round = 0; round < 10; ++round) {
    const model::Delivery item = take("q");
    EXPECT_EQ(item.body->payload, "a") << "to the head";
    EXPECT_EQ(item.attempt, 1U) << "the attempt is not counted";
    EXPECT_EQ(item.last_failure, nullptr);
    EXPECT_EQ(release("q", item.lease), "OK");
    EXPECT_EQ(release("q", item.lease), "LEASE_LOST");
  }
  EXPECT_EQ(view("q").counters.delivered, 10U);
  EXPECT_EQ(view("q").counters.retried, 0U);
  EXPECT_EQ(view("q").counters.lease_lost, 0U);
  EXPECT_EQ(release("missing", model::LeaseId{77}), "QUEUE_NOT_FOUND");
}

TEST_F(LeaseTest, ReleaseIsNeverRefusedByAFullQueue) {
  create("q", {.capacity = 2});
  put("q", {"a", "b"});
  const auto held = get("q", 2).get().items;
  put("q", {"c", "d"});
  for (const auto& item : held) EXPECT_EQ(release("q", item.lease), "OK");
  EXPECT_EQ(view("q").waiting, 4U) << "over the capacity by what was in flight";
  const TestCaller& waiting = put("q", {"e"}, {.wait = kForever});
  take("q");
  take("q");
  EXPECT_EQ(waiting.outcome(), "waiting");
  take("q");
  EXPECT_EQ(waiting.outcome(), "ok");
}

TEST_F(LeaseTest, ReleaseIntoAClosedQueue) {
  create("q");
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  close("q");
  EXPECT_EQ(release("q", lease), "OK");
  EXPECT_EQ(take("q").body->payload, "a");
}

TEST_F(LeaseTest, OutstandingLeasesShowTheirHolders) {
  create("q", {.lease = 10s});
  put("q", {"a", "b"});
  take("q", {.consumer = "me"});
  take("q", {.consumer = "worker 3", .stage = "resize"});
  const auto held = peek_items("q", model::ItemState::kLeased);
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(held[0].consumer, "me");
  EXPECT_EQ(held[1].consumer, "resize");
  EXPECT_EQ(held[0].due, now() + 10s);
  EXPECT_EQ(held[0].attempt, 1U);
}

}  // namespace
}  // namespace sluice::engine::testing
