// A put whose items go in one by one, as a producer's stream makes it.
#include "server/base/errors.h"
#include "tests/engine/producing_fixture.h"

namespace sluice::engine::testing {
namespace {

class OneByOneTest : public ProducingTest {
 protected:
  TestCaller& produce(const std::string& queue, const std::vector<std::string>& payloads, base::Duration wait = kForever) {
    return ProducingTest::produce({.queue = queue, .give_up = after(wait)}, payloads);
  }
};

TEST_F(OneByOneTest, IsOneAnswerWhereAllFit) {
  create("q", {.capacity = 3});
  const TestCaller& caller = produce("q", {"a", "b", "c"});
  EXPECT_EQ(caller.outcome(), "ok");
  EXPECT_THAT(caller.answers(), SizeIs(1));
  EXPECT_EQ(caller.put().count, 3U);
}

TEST_F(OneByOneTest, PutsWhatFitsAndTheRestAsThereIsRoom) {
  create("q", {.capacity = 2});
  const TestCaller& caller = produce("q", {"a", "b", "c", "d", "e"});
  EXPECT_TRUE(caller.waiting());
  EXPECT_EQ(told(caller), 2U);
  EXPECT_EQ(view("q").waiting_puts, 1U);
  EXPECT_EQ(take("q").body->payload, "a");
  EXPECT_EQ(told(caller), 3U);
  EXPECT_THAT(get("q", 2).payloads(), ElementsAre("b", "c"));
  EXPECT_FALSE(caller.waiting());
  EXPECT_EQ(told(caller), 5U);
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("d", "e"));
  EXPECT_EQ(view("q").waiting_puts, 0U);
}

TEST_F(OneByOneTest, ItsIdsAreThoseOfItsItems) {
  create("q", {.capacity = 1});
  const TestCaller& caller = produce("q", {"a", "b"});
  put("other", {"x"});
  const model::ItemId first = take("q").item;
  EXPECT_EQ(std::get<PutAnswer>(caller.answers().at(0)).first, first);
  EXPECT_EQ(caller.put().first, take("q").item);
}

TEST_F(OneByOneTest, KeepsItsPlaceInTheLine) {
  create("q", {.capacity = 1});
  const TestCaller& stream = produce("q", {"a", "b", "c"});
  const TestCaller& later = put("q", {"x"}, {.wait = kForever});
  take("q");
  take("q");
  EXPECT_FALSE(stream.waiting());
  EXPECT_TRUE(later.waiting()) << "came before the stream's last item";
  take("q");
  EXPECT_EQ(later.outcome(), "ok");
}

TEST_F(OneByOneTest, MayBeLargerThanTheQueueAndSurvivesAShrink) {
  create("q", {.capacity = 2});
  const TestCaller& caller = produce("q", {"a", "b", "c", "d"});
  EXPECT_EQ(update("q", {.capacity = 1}), "OK");
  EXPECT_TRUE(caller.waiting());
  take("q");
  EXPECT_EQ(told(caller), 2U);
  take("q");
  EXPECT_EQ(told(caller), 3U);
}

TEST_F(OneByOneTest, EndsWithAnErrorAndKeepsWhatItToldOf) {
  create("q", {.capacity = 1});
  const TestCaller& closed = produce("q", {"a", "b"});
  close("q");
  EXPECT_EQ(closed.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(told(closed), 1U);
  EXPECT_THAT(peek("q"), ElementsAre("a"));

  create("r", {.capacity = 1});
  const TestCaller& late = produce("r", {"a", "b"}, 1s);
  pass(1s);
  EXPECT_EQ(late.outcome(), "QUEUE_FULL");
  EXPECT_EQ(told(late), 1U);
  EXPECT_EQ(view("r").counters.rejected, 1U);
}

TEST_F(OneByOneTest, CanBeWithdrawnFromTheRest) {
  create("q", {.capacity = 1});
  TestCaller& caller = produce("q", {"a", "b"});
  EXPECT_TRUE(withdraw(caller));
  take("q");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), IsEmpty()) << "a withdrawn item came in";
}

TEST_F(OneByOneTest, IsKeptAsFarAsItWasTold) {
  create("q", {.capacity = 2});
  produce("q", {"a", "b", "c"});
  restart();
  EXPECT_THAT(peek("q"), ElementsAre("a", "b"));
}

// Many leases in one command.
using BulkTest = EngineTest;

TEST_F(BulkTest, FinishesManyAndSaysWhichWereLost) {
  create("q");
  put("q", {"a", "b", "c"});
  const auto items = get("q", 3).get().items;
  release("q", items.at(1).lease);
  Effects effects;
  const std::vector<model::LeaseId> leases = {items[0].lease, items[1].lease, items[2].lease, items[0].lease};
  const auto results = engine().finish(now(), "q", leases, effects);
  carry_out(effects);
  ASSERT_TRUE(results.ok());
  std::vector<std::string> names;
  for (const auto& status : *results) names.push_back(reason_name(status));
  EXPECT_THAT(names, ElementsAre("OK", "LEASE_LOST", "OK", "LEASE_LOST"));
  EXPECT_EQ(view("q").counters.done, 2U);
  EXPECT_THAT(peek("q"), ElementsAre("b"));
  EXPECT_EQ(reason_name(engine().finish(now(), "nowhere", leases, effects).status()), "QUEUE_NOT_FOUND");
}

TEST_F(BulkTest, WhatALostConsumerHeldComesBackWithItsAttemptCounted) {
  create("q", {.max_attempts = 2});
  put("q", {"a", "b"});
  auto items = get("q", 2).get().items;
  const auto lose = [&](const std::vector<model::LeaseId>& leases) {
    Effects effects;
    EXPECT_TRUE(engine().lose(now(), "q", leases, effects).ok());
    carry_out(effects);
  };
  lose({items[1].lease, items[0].lease, model::LeaseId{999'999}});
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("a", "b"));
  EXPECT_EQ(view("q").counters.lease_lost, 2U);
  items = get("q", 2).get().items;
  EXPECT_EQ(items.at(0).attempt, 2U);
  EXPECT_EQ(items.at(0).last_failure->reason, "CONSUMER_LOST");
  lose({items[0].lease});
  EXPECT_THAT(peek("q.dead"), ElementsAre("a"));
}

TEST_F(BulkTest, WhatALostConsumerHeldLiesAsBefore) {
  for (const auto order : {model::QueueOrder::kFifo, model::QueueOrder::kLifo, model::QueueOrder::kPriority}) {
    const std::string queue = "q" + std::to_string(static_cast<int>(order));
    create(queue, {.order = order, .max_attempts = 3});
    put(queue, {"a", "b", "c", "d"});
    const auto before = peek(queue);
    for (const auto& shuffle : {std::vector<std::size_t>{0, 1, 2}, {2, 1, 0}, {1, 0, 2, 1}}) {
      const auto items = get(queue, 3).get().items;
      std::vector<model::LeaseId> leases;
      for (const std::size_t i : shuffle) leases.push_back(items.at(i).lease);
      Effects effects;
      EXPECT_TRUE(engine().lose(now(), queue, leases, effects).ok());
      carry_out(effects);
      if (!exists(queue + ".dead")) {
        EXPECT_EQ(peek(queue), before) << queue;
      }
    }
    const bool lifo = order == model::QueueOrder::kLifo;
    EXPECT_THAT(peek(queue + ".dead"), lifo ? ElementsAre("b", "c", "d") : ElementsAre("a", "b", "c"))
        << "the oldest first, whoever lost it";
  }
}

}  // namespace
}  // namespace sluice::engine::testing
