// Producers with a name: what their streams put, they put once, however often the streams break.
#include "server/base/errors.h"
#include "tests/engine/producing_fixture.h"

namespace sluice::engine::testing {
namespace {

class ProducerTest : public ProducingTest {
 protected:
  // The items that come after the producer's first `position` ones. None: a claim.
  TestCaller& produce(std::uint64_t position, const std::vector<std::string>& payloads, const std::string& dedup_key = {}) {
    PutCommand command{.queue = "q", .give_up = after(kForever), .one_by_one = true, .producer = "p", .position = position};
    if (dedup_key.empty()) return ProducingTest::produce(std::move(command), payloads);
    for (const auto& payload : payloads) {
      command.items.push_back({.body = std::make_shared<model::Body>(model::Body{payload, {}})});
      command.items.back().options = std::make_shared<model::ItemOptions>(model::ItemOptions{.dedup_key = dedup_key + payload});
    }
    return give(std::move(command));
  }
};

TEST_F(ProducerTest, WhatIsSentAgainIsPassedOver) {
  create("q");
  EXPECT_EQ(told(produce(0, {"a", "b", "c"})), 3U);
  const TestCaller& again = produce(1, {"b", "c", "d"});
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_EQ(told(again), 3U);
  EXPECT_EQ(number(std::get<PutAnswer>(again.answers().front()).first), 0U) << "of the two that were there";
  EXPECT_NE(number(again.put().first), 0U);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(view("q").counters.put, 4U);
}

TEST_F(ProducerTest, WhoseItemsAreAllThereNeedsNoRoomAndNoOpenQueue) {
  create("q", {.capacity = 2});
  produce(0, {"a", "b"});
  EXPECT_EQ(told(produce(0, {"a", "b"})), 2U) << "full";
  close("q");
  const TestCaller& closed = produce(0, {"a", "b"});
  EXPECT_EQ(closed.outcome(), "ok");
  EXPECT_EQ(told(closed), 2U);
  const TestCaller& more = produce(1, {"b", "c"});
  EXPECT_EQ(more.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(told(more), 1U) << "the one that is there";
}

TEST_F(ProducerTest, AGapIsRefused) {
  create("q");
  produce(0, {"a"});
  EXPECT_EQ(produce(2, {"c"}).outcome(), "INVALID_VALUE");
  EXPECT_THAT(peek("q"), ElementsAre("a"));
}

// The server has not noticed yet that the first stream is gone.
TEST_F(ProducerTest, TwoStreamsOfItPutEachItemOnce) {
  create("q", {.capacity = 2});
  const TestCaller& old = produce(0, {"a", "b", "c", "d", "e"});
  const TestCaller& fresh = produce(1, {"b", "c", "d", "e", "f"});
  EXPECT_EQ(told(old), 2U);
  EXPECT_EQ(told(fresh), 1U);
  std::vector<std::string> taken;
  while (view("q").waiting > 0) taken.push_back(take("q").body->payload);
  EXPECT_THAT(taken, ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(old.waiting());
  EXPECT_FALSE(fresh.waiting());
  EXPECT_EQ(told(old), 5U);
  EXPECT_EQ(told(fresh), 5U);
}

TEST_F(ProducerTest, AWithdrawnStreamIsGoneOnWithWhereItWas) {
  create("q", {.capacity = 2});
  TestCaller& old = produce(0, {"a", "b", "c"});
  EXPECT_TRUE(withdraw(old));
  const TestCaller& fresh = produce(2, {"c"});
  take("q");
  EXPECT_EQ(fresh.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b", "c"));
}

TEST_F(ProducerTest, AClaimTellsWhatIsThereAndEndsEarlierStreams) {
  create("q", {.capacity = 2});
  const TestCaller& old = produce(0, {"a", "b", "c"});
  TestCaller& other = put("q", {"x"}, {.wait = kForever});
  const TestCaller& claim = produce(1, {});
  EXPECT_EQ(claim.outcome(), "ok");
  EXPECT_EQ(told(claim), 1U) << "b";
  EXPECT_EQ(old.outcome(), "INVALID_VALUE");
  EXPECT_EQ(produce(2, {"c"}).outcome(), "INVALID_VALUE") << "from somebody else";
  take("q");
  EXPECT_EQ(other.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b", "x"));
  EXPECT_EQ(produce(3, {}).outcome(), "INVALID_VALUE") << "a gap";
  EXPECT_EQ(told(produce(2, {})), 0U);
}

TEST_F(ProducerTest, AClaimOfOneWithoutItemsIsForgotten) {
  create("q");
  produce(0, {});
  EXPECT_TRUE(store().requests().empty()) << "there is nothing to keep";
  pass(limits::kRequestIdWindow);
  EXPECT_THAT(store().complaints(), IsEmpty());
  EXPECT_EQ(told(produce(5, {"a"})), 1U);
}

// Claimed at the very moment at which it is over.
TEST_F(ProducerTest, ANewOneOfAnOldNameLeavesNothingInTheStore) {
  create("q");
  produce(0, {"a"});
  jump(limits::kRequestIdWindow);
  EXPECT_EQ(told(produce(0, {})), 0U) << "it is forgotten";
  pass(limits::kRequestIdWindow);
  EXPECT_TRUE(store().requests().empty());
  EXPECT_THAT(store().complaints(), IsEmpty());
}

TEST_F(ProducerTest, OneThatIsNotKnownMayBeginAnywhere) {
  create("q");
  EXPECT_EQ(told(produce(1'000, {"x"})), 1U);
  EXPECT_EQ(told(produce(1'000, {"x", "y"})), 2U);
  EXPECT_THAT(peek("q"), ElementsAre("x", "y"));
}

TEST_F(ProducerTest, ItsPositionIsForgottenAWhileAfterItsLastItem) {
  create("q");
  produce(0, {"a"});
  pass(limits::kRequestIdWindow - 1s);
  produce(1, {"b"});
  pass(limits::kRequestIdWindow - 1s);
  EXPECT_EQ(told(produce(1, {"b"})), 1U);
  EXPECT_EQ(view("q").counters.put, 2U);
  pass(2s);
  produce(1, {"b"});
  EXPECT_EQ(view("q").counters.put, 3U);
  pass(limits::kRequestIdWindow);
  EXPECT_TRUE(store().requests().empty());
}

TEST_F(ProducerTest, ItSurvivesARestart) {
  create("q");
  produce(0, {"a", "b"});
  restart();
  EXPECT_EQ(told(produce(0, {"a", "b", "c"})), 3U);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c"));
  restart(limits::kRequestIdWindow);
  EXPECT_EQ(told(produce(0, {"a"})), 1U);
  EXPECT_EQ(view("q").waiting, 4U) << "forgotten meanwhile";
}

TEST_F(ProducerTest, ItsItemsMayHaveKeys) {
  create("q", {.capacity = 3});
  produce(0, {"a", "b"}, "k");
  const TestCaller& again = produce(1, {"b", "a", "c"}, "k");
  EXPECT_EQ(told(again), 3U);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(view("q").counters.duplicates, 1U) << "a: another item with the same key; b: the same item again";
}

TEST_F(ProducerTest, OfAQueueThatKeepsNothingItIsKnownUntilTheRestart) {
  create("q", {.durability = model::Durability::kMemory});
  produce(0, {"a"});
  EXPECT_EQ(told(produce(0, {"a"})), 1U);
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_TRUE(store().requests().empty());
  restart();
  EXPECT_EQ(told(produce(1, {"b"})), 1U) << "goes on behind what was acknowledged and is lost";
  EXPECT_THAT(peek("q"), ElementsAre("b"));
}

}  // namespace
}  // namespace sluice::engine::testing
