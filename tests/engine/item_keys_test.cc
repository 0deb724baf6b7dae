// Keys of deduplication, uniqueness and order.
#include "tests/engine/special_fixture.h"

namespace sluice::engine::testing {
namespace {

class DedupTest : public SpecialItemsTest {};

TEST_F(DedupTest, AKeyIsPutOnceWithinItsWindow) {
  create("q");
  const auto first = id_of(put_item("q", "a", {.dedup_key = "k", .dedup_window = 10s}));
  EXPECT_EQ(id_of(put_item("q", "b", {.dedup_key = "k"})), first);
  complete("q", take("q").lease);
  pass(9s);
  EXPECT_EQ(id_of(put_item("q", "c", {.dedup_key = "k"})), first) << "also when the item has ended";
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.put, 1U);
  EXPECT_EQ(view("q").counters.duplicates, 2U);
  pass(1s);
  EXPECT_NE(id_of(put_item("q", "d", {.dedup_key = "k"})), first);
  EXPECT_THAT(peek("q"), ElementsAre("d"));
}

TEST_F(DedupTest, ARestartRemembersAndForgets) {
  create("q");
  const auto first = id_of(put_item("q", "a", {.dedup_key = "k", .dedup_window = 10s}));
  complete("q", take("q").lease);
  restart(5s);
  EXPECT_EQ(id_of(put_item("q", "b", {.dedup_key = "k"})), first);
  EXPECT_THAT(store().requests(), SizeIs(1));
  pass(5s);
  EXPECT_THAT(store().requests(), IsEmpty());
  EXPECT_NE(id_of(put_item("q", "c", {.dedup_key = "k"})), first);
}

TEST_F(DedupTest, ADuplicateNeedsNoRoom) {
  create("q", {.capacity = 1});
  const auto first = id_of(put_item("q", "a", {.dedup_key = "k"}));
  EXPECT_EQ(id_of(put_item("q", "b", {.dedup_key = "k"})), first);
  EXPECT_EQ(put_item("q", "c", {.dedup_key = "other"}).outcome(), "QUEUE_FULL");
}

TEST_F(DedupTest, TheTwinOfOneThatWaitedIsToldItsId) {
  create("q", {.capacity = 1});
  put("q", {"full"});
  const TestCaller& one = put_item("q", "one", {.dedup_key = "k"}, kForever);
  const TestCaller& two = put_item("q", "two", {.dedup_key = "k"}, kForever);
  complete("q", take("q").lease);
  ASSERT_EQ(one.outcome(), "ok");
  ASSERT_EQ(two.outcome(), "ok");
  EXPECT_EQ(id_of(one), id_of(two));
  EXPECT_THAT(peek("q"), ElementsAre("one"));
}

TEST_F(DedupTest, ABatchTellsEachItemsId) {
  create("q");
  const auto first = id_of(put_item("q", "a", {.dedup_key = "k"}));
  const TestCaller& batch = put_items(
      "q", {item("b"), item("c", {.dedup_key = "k"}), item("d", {.dedup_key = "new"}), item("e", {.dedup_key = "new"})}, kTry,
      "request");
  const auto ids = batch.put().ids;
  ASSERT_THAT(ids, SizeIs(4));
  EXPECT_EQ(ids[1], first);
  EXPECT_EQ(ids[2], ids[3]);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "d"));
  restart();
  const TestCaller& again = put_items("q", {item("b"), item("c"), item("d"), item("e")}, kTry, "request");
  EXPECT_EQ(again.put().ids, ids) << "a repeated request has the same answer";
}

class UniqueTest : public SpecialItemsTest {};

TEST_F(UniqueTest, AKeyIsFreeAgainWhenItsItemHasEnded) {
  create("q", {.backoff = 1s});
  const auto first = id_of(put_item("q", "a", {.unique_key = "u"}));
  EXPECT_EQ(id_of(put_item("q", "b", {.unique_key = "u"})), first);
  const auto held = take("q");
  EXPECT_EQ(id_of(put_item("q", "b", {.unique_key = "u"})), first) << "held";
  fail("q", held.lease);
  EXPECT_EQ(id_of(put_item("q", "b", {.unique_key = "u"})), first) << "waiting for its retry";
  restart();
  EXPECT_EQ(id_of(put_item("q", "b", {.unique_key = "u"})), first) << "after a restart";
  pass(1s);
  complete("q", take("q").lease);
  EXPECT_NE(id_of(put_item("q", "c", {.unique_key = "u"})), first);
}

TEST_F(UniqueTest, ADeadLetterLeavesItsKey) {
  create("q");
  const auto first = id_of(put_item("q", "a", {.unique_key = "u"}));
  fail("q", take("q").lease, {.do_not_retry = true});
  EXPECT_NE(id_of(put_item("q", "b", {.unique_key = "u"})), first);
  EXPECT_EQ(redrive({.queue = "q.dead"}).duplicate, 1U);
  complete("q", take("q").lease);
  EXPECT_EQ(redrive({.queue = "q.dead"}).redriven, 1U);
  EXPECT_EQ(id_of(put_item("q", "c", {.unique_key = "u"})), first);
}

TEST_F(UniqueTest, ItemsOfOtherQueuesDoNotCount) {
  create("q");
  create("r");
  put_item("q", "a", {.unique_key = "u"});
  put_item("r", "b", {.unique_key = "u"});
  EXPECT_EQ(view("r").waiting, 1U);
}

class OrderKeyTest : public SpecialItemsTest {
 protected:
  void put_ordered(std::string_view queue, const std::vector<std::pair<std::string, std::string>>& items) {
    for (const auto& [payload, key] : items) put_item(queue, payload, {.order_key = key});
  }
};

TEST_F(OrderKeyTest, OneOfAKeyAtATimeAndInOrder) {
  create("q");
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"a3", "a"}});
  put("q", {"free"});
  const TestCaller& all = get("q", 10);
  EXPECT_THAT(all.payloads(), ElementsAre("a1", "b1", "free"));
  EXPECT_EQ(view("q").waiting, 2U);
  TestCaller& next = get("q", 10, {.wait = kForever});
  EXPECT_TRUE(next.waiting());
  complete("q", all.get().items[0].lease);
  EXPECT_THAT(next.payloads(), ElementsAre("a2"));
}

TEST_F(OrderKeyTest, ARetryHoldsUpThoseBehind) {
  create("q", {.backoff = 5s, .jitter = 0.0});
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}});
  fail("q", take("q").lease);
  EXPECT_EQ(get("q").outcome(), "none");
  pass(5s);
  EXPECT_THAT(get("q", 10).payloads(), ElementsAre("a1"));
}

TEST_F(OrderKeyTest, OneThatIsDelayedFromTheStartHoldsUpNobody) {
  create("q");
  put_item("q", "a1", {.not_before = now() + 5s, .order_key = "a"});
  put_ordered("q", {{"a2", "a"}, {"a3", "a"}});
  const auto held = take("q");
  EXPECT_EQ(held.body->payload, "a2");
  pass(5s);
  EXPECT_EQ(get("q").outcome(), "none");
  complete("q", held.lease);
  EXPECT_EQ(take("q").body->payload, "a1") << "its turn was before";
}

TEST_F(OrderKeyTest, WhatEndsTheFirstLetsTheNextGo) {
  create("q");
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}, {"a3", "a"}, {"a4", "a"}});
  fail("q", take("q").lease, {.do_not_retry = true});
  EXPECT_THAT(peek("q.dead"), ElementsAre("a1"));
  const auto second = take("q");
  EXPECT_EQ(second.body->payload, "a2");
  cancel("q", {second.item});
  EXPECT_EQ(take("q").body->payload, "a3");
}

TEST_F(OrderKeyTest, DeadLettersOfOneKeyAreFree) {
  create("q");
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}});
  fail("q", take("q").lease, {.do_not_retry = true});
  fail("q", take("q").lease, {.do_not_retry = true});
  EXPECT_THAT(get("q.dead", 10).payloads(), ElementsAre("a1", "a2"));
}

TEST_F(OrderKeyTest, PrioritiesDecideAmongThoseThatWait) {
  create("q", {.order = model::QueueOrder::kPriority});
  put_items("q", {item("low", {.order_key = "a"})});
  auto urgent = item("urgent", {.order_key = "a"});
  urgent.priority = -1;
  put_items("q", {urgent});
  const auto first = take("q");
  EXPECT_EQ(first.body->payload, "urgent");
  release("q", first.lease);
  EXPECT_EQ(take("q").body->payload, "urgent");
}

TEST_F(OrderKeyTest, ARestartGoesOnWhereItWas) {
  create("q");
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}, {"a3", "a"}});
  take("q");
  restart();
  EXPECT_THAT(get("q", 10).payloads(), ElementsAre("a1")) << "its attempt counted";
}

TEST_F(OrderKeyTest, APurgeLeavesNobodyBehind) {
  create("q");
  put_ordered("q", {{"a1", "a"}, {"a2", "a"}, {"a3", "a"}});
  const auto held = take("q");
  EXPECT_EQ(purge("q").value_or(0), 2U);
  complete("q", held.lease);
  put_ordered("q", {{"a4", "a"}});
  EXPECT_EQ(take("q").body->payload, "a4");
}

}  // namespace
}  // namespace sluice::engine::testing
