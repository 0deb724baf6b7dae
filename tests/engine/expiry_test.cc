// Time to live, and not-before.
#include "tests/engine/special_fixture.h"

namespace sluice::engine::testing {
namespace {

class ExpiryTest : public SpecialItemsTest {};

TEST_F(ExpiryTest, AnItemThatWaitsPastItsTimeEndsAsExpired) {
  create("q");
  put_item("q", "short", {.time_to_live = 1s});
  put("q", {"plain"});
  TestCaller& join_of_all = join("q");
  pass(1s);
  EXPECT_THAT(peek("q"), ElementsAre("plain"));
  EXPECT_EQ(view("q").counters.expired, 1U);
  EXPECT_FALSE(exists("q.dead")) << "expired items are dropped unless the queue says otherwise";
  EXPECT_TRUE(join_of_all.waiting());
  complete("q", take("q").lease);
  EXPECT_EQ(join_of_all.outcome(), "done");
  EXPECT_EQ(view("q").counters.ended(), view("q").counters.put);
}

TEST_F(ExpiryTest, ADelayedItemExpiresToo) {
  create("q");
  PutCommand command{.queue = "q", .items = {item("late", {.time_to_live = 1s})}};
  command.items[0].delay = 5s;
  Effects effects;
  engine().put(now(), std::move(command), new_caller("put"), effects);
  carry_out(effects);
  pass(1s);
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.expired, 1U);
}

TEST_F(ExpiryTest, WhatIsHeldIsLeftAloneUntilItComesBack) {
  create("q", {.backoff = 0s});
  put_item("q", "held", {.time_to_live = 1s});
  const auto held = take("q");
  pass(10s);
  EXPECT_EQ(view("q").leased, 1U);
  put_item("q", "returned", {.time_to_live = 1s});
  const auto returned = take("q");
  pass(2s);
  EXPECT_EQ(release("q", returned.lease), "OK");
  EXPECT_EQ(view("q").counters.expired, 1U) << "there was no time left to wait";
  EXPECT_EQ(complete("q", held.lease).outcome(), "ok");
}

TEST_F(ExpiryTest, ALostLeaseAndAFailureExpireOnReturn) {
  create("q", {.lease = 10s, .backoff = 0s});
  put_item("q", "lost", {.time_to_live = 1s});
  put_item("q", "failed", {.time_to_live = 1s});
  take("q");
  const auto failed = take("q");
  pass(2s);
  EXPECT_EQ(fail("q", failed.lease), "OK");
  EXPECT_EQ(view("q").counters.expired, 1U);
  pass(10s);
  EXPECT_EQ(view("q").counters.expired, 2U);
  EXPECT_EQ(view("q").counters.retried, 0U);
  EXPECT_EQ(view("q").unfinished(), 0U);
}

TEST_F(ExpiryTest, TheQueuesTimeCountsForItemsThatSayNothing) {
  model::QueueSettingsPatch patch;
  patch.time_to_live = 1s;
  patch.dead_letter_expired = true;
  Effects effects;
  ASSERT_TRUE(engine().create_queue(now(), {.name = "q", .settings = patch}, false, effects).ok());
  carry_out(effects);
  put("q", {"default"});
  put_item("q", "own", {.time_to_live = 3s});
  pass(1s);
  EXPECT_THAT(peek("q"), ElementsAre("own"));
  const auto dead = peek_items("q.dead");
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].last_failure->reason, "EXPIRED");
  EXPECT_EQ(dead[0].last_failure->queue, "q");
  EXPECT_EQ(dead[0].options->dead_from, "q");
  pass(10s);
  EXPECT_EQ(view("q.dead").unfinished(), 2U) << "dead letters do not expire unless their queue says so";
}

TEST_F(ExpiryTest, ARestartKeepsTheTime) {
  create("q");
  put_item("q", "over", {.time_to_live = 1s});
  put_item("q", "held", {.time_to_live = 1s});
  put_item("q", "left", {.time_to_live = 10s});
  pass(500ms);
  take("q");
  take("q");
  restart(2s);
  pass(0s);
  EXPECT_THAT(peek("q"), ElementsAre("left"));
  EXPECT_EQ(view("q").counters.expired, 2U);
  pass(10s);
  EXPECT_EQ(view("q").unfinished(), 0U);
}

TEST_F(ExpiryTest, NobodyGetsAnItemThatHasJustExpired) {
  create("q");
  put_item("q", "held", {.time_to_live = 1s});
  const auto held = take("q");
  TestCaller& next = get("q", 1, {.wait = kForever});
  pass(2s);
  release("q", held.lease);
  EXPECT_TRUE(next.waiting());
}

TEST_F(ExpiryTest, NotBeforeIsADelay) {
  create("q");
  put_item("q", "later", {.not_before = now() + 5s});
  put_item("q", "past", {.not_before = now() - 5s});
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("past"));
  pass(4'999ms);
  EXPECT_EQ(view("q").delayed, 1U);
  pass(1ms);
  EXPECT_EQ(view("q").waiting, 2U);
}

}  // namespace
}  // namespace sluice::engine::testing
