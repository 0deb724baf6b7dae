// What a get promises: items with leases, waiting in arrival order, the end of the queue.
#include <set>

#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using GetTest = EngineTest;

TEST_F(GetTest, HandsOutUpToMaxItems) {
  create("q");
  put("q", {"a", "b", "c", "d"});
  EXPECT_THAT(get("q", 3).payloads(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(get("q", 3).payloads(), ElementsAre("d")) << "what is there is given at once";
  EXPECT_EQ(view("q").leased, 4U);
  EXPECT_EQ(view("q").counters.delivered, 4U);
}

TEST_F(GetTest, EachItemHasItsOwnLeaseTokenAndAttempt) {
  create("q", {.lease = 30s});
  const TestCaller& put_ab = put("q", {"a", "b"});
  const auto items = get("q", 2).get().items;
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_NE(items[0].lease, items[1].lease);
  EXPECT_NE(number(items[0].lease), 0U);
  EXPECT_EQ(items[0].item, put_ab.put().first);
  EXPECT_EQ(items[0].attempt, 1U);
  EXPECT_EQ(items[0].lease_expires, now() + 30s);
  EXPECT_EQ(items[0].last_failure, nullptr);
}

TEST_F(GetTest, TheLeaseMayBeItsOwn) {
  create("q", {.lease = 30s});
  put("q", {"a", "b"});
  EXPECT_EQ(take("q", {.lease = 5s}).lease_expires, now() + 5s);
  EXPECT_EQ(take("q", {.lease = base::Duration::max()}).lease_expires, base::kNever);
  pass(24h * 365);
  EXPECT_EQ(view("q").leased, 1U) << "the second one never runs out";
}

TEST_F(GetTest, UnknownQueue) { EXPECT_EQ(get("q").outcome(), "QUEUE_NOT_FOUND"); }

TEST_F(GetTest, EmptyAndUnwillingToWait) {
  create("q");
  const TestCaller& nothing = get("q", 1, {.wait = kTry});
  EXPECT_EQ(nothing.outcome(), "none");
  EXPECT_FALSE(nothing.get().end_of_queue);
}

TEST_F(GetTest, WaitsForAnItem) {  // scenario 2
  create("q");
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting");
  EXPECT_EQ(view("q").waiting_gets, 1U);
  put("q", {"a"});
  EXPECT_THAT(consumer.payloads(), ElementsAre("a"));
  EXPECT_EQ(view("q").waiting_gets, 0U);
}

TEST_F(GetTest, TimeUpIsAnAnswerWithoutItems) {
  create("q");
  const TestCaller& consumer = get("q", 1, {.wait = 10s});
  pass(10s - 1us);
  EXPECT_EQ(consumer.outcome(), "waiting");
  pass(1us);
  EXPECT_EQ(consumer.outcome(), "none");
  EXPECT_EQ(view("q").waiting_gets, 0U);
  put("q", {"a"});
  EXPECT_EQ(view("q").waiting, 1U) << "it is not handed to a consumer that has gone";
}

TEST_F(GetTest, WaitersAreServedInTheOrderTheyCame) {
  create("q");
  std::vector<TestCaller*> line;
  for (int i = 0; i < 5; ++i) line.push_back(&get("q", 1, {.wait = kForever}));
  put("q", {"0"});
  put("q", {"1", "2"});
  put("q", {"3", "4"});
  for (std::size_t i = 0; i < line.size(); ++i) EXPECT_THAT(line[i]->payloads(), ElementsAre(std::to_string(i)));
}

TEST_F(GetTest, TheFirstInLineGetsAsManyAsItAskedFor) {
  create("q");
  const TestCaller& first = get("q", 2, {.wait = kForever});
  const TestCaller& second = get("q", 10, {.wait = kForever});
  const TestCaller& third = get("q", 1, {.wait = kForever});
  put("q", {"a", "b", "c", "d"});
  EXPECT_THAT(first.payloads(), ElementsAre("a", "b"));
  EXPECT_THAT(second.payloads(), ElementsAre("c", "d"));
  EXPECT_EQ(third.outcome(), "waiting");
}

TEST_F(GetTest, WithdrawnGetsNothingAndLosesNothing) {
  create("q");
  TestCaller& gone = get("q", 1, {.wait = kForever});
  const TestCaller& next = get("q", 1, {.wait = kForever});
  EXPECT_TRUE(withdraw(gone));
  EXPECT_FALSE(withdraw(gone));
  put("q", {"a"});
  EXPECT_EQ(gone.outcome(), "waiting");
  EXPECT_THAT(next.payloads(), ElementsAre("a"));
}

TEST_F(GetTest, ItemThatBecomesReadyWakesTheFirstInLine) {
  create("q");
  put("q", {"later"}, {.delay = 5s});
  const TestCaller& consumer = get("q", 1, {.wait = 10s});
  pass(5s - 1us);
  EXPECT_EQ(consumer.outcome(), "waiting");
  pass(1us);
  EXPECT_THAT(consumer.payloads(), ElementsAre("later"));
}

TEST_F(GetTest, ReturnedItemWakesTheFirstInLine) {
  create("q");
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(release("q", lease), "OK");
  EXPECT_THAT(consumer.payloads(), ElementsAre("a"));
}

TEST_F(GetTest, AnswerStaysBelowItsByteLimit) {
  create("q");
  const std::string big(limits::kMaxPayloadBytes, 'x');
  put("q", std::vector<std::string>(7, big));
  const TestCaller& first = get("q", 7);
  std::size_t bytes = 0;
  for (const auto& item : first.get().items) bytes += item.body->bytes();
  EXPECT_LE(bytes, limits::kMaxGetBytes + limits::kMaxPayloadBytes);
  EXPECT_GE(bytes, limits::kMaxGetBytes - limits::kMaxPayloadBytes);
  EXPECT_EQ(view("q").leased, first.get().items.size());
  EXPECT_EQ(get("q", 7).get().items.size() + first.get().items.size(), 7U) << "the rest comes with the next get";
}

TEST_F(GetTest, EndOfQueueOnceClosedAndEmpty) {
  create("q");
  put("q", {"a"});
  close("q");
  const model::Delivery a = take("q");
  complete("q", a.lease);
  const TestCaller& end = get("q", 1, {.wait = kForever});
  EXPECT_EQ(end.outcome(), "end");
  EXPECT_TRUE(end.status().ok());
  EXPECT_EQ(get("q").outcome(), "end") << "and again for everybody";
}

TEST_F(GetTest, ClosingAnEmptyQueueEndsEveryoneWhoWaits) {
  create("q");
  const TestCaller& first = get("q", 1, {.wait = kForever});
  const TestCaller& second = get("q", 1, {.wait = 1h});
  close("q");
  EXPECT_EQ(first.outcome(), "end");
  EXPECT_EQ(second.outcome(), "end");
  EXPECT_EQ(view("q").waiting_gets, 0U);
}

TEST_F(GetTest, EndOfQueueWaitsForALeasedItemThatMayComeBack) {
  create("q", {.max_attempts = 2});
  put("q", {"a"});
  close("q");
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(get("q").outcome(), "none") << "not the end: the item may come back";
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting");
  complete("q", lease);
  EXPECT_EQ(consumer.outcome(), "end");
}

TEST_F(GetTest, EndOfQueueHandsTheReturnedItemOutFirst) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  put("q", {"a"});
  close("q");
  const model::LeaseId lease = take("q").lease;
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  const TestCaller& next = get("q", 1, {.wait = kForever});
  fail("q", lease);
  EXPECT_THAT(consumer.payloads(), ElementsAre("a"));
  EXPECT_EQ(next.outcome(), "end") << "the second attempt is the last: it cannot come a third time";
}

TEST_F(GetTest, EndOfQueueDoesNotWaitForALastAttempt) {
  create("q", {.max_attempts = 1});
  put("q", {"a"});
  const TestCaller& holder = get("q");
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting") << "the queue is open";
  close("q");
  EXPECT_EQ(consumer.outcome(), "end") << "with max_attempts 1 a leased item can never come back";
  EXPECT_EQ(view("q").leased, 1U);
  EXPECT_EQ(complete("q", holder.get().items.at(0).lease).outcome(), "ok");
}

TEST_F(GetTest, EndOfQueueWaitsForeverForUnlimitedAttempts) {
  create("q", {.max_attempts = 0, .backoff = 0s});
  put("q", {"a"});
  close("q");
  for (int round = 0; round < 20; ++round) {
    const model::LeaseId lease = take("q").lease;
    EXPECT_EQ(get("q").outcome(), "none");
    fail("q", lease);
  }
}

TEST_F(GetTest, EndOfQueueWaitsForDelayedItems) {
  create("q", {.max_attempts = 1});
  put("q", {"later"}, {.delay = 1h});
  close("q");
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting");
  pass(1h);
  EXPECT_THAT(consumer.payloads(), ElementsAre("later"));
  EXPECT_EQ(get("q").outcome(), "end");
}

TEST_F(GetTest, EndOfQueueFollowsAChangeOfTheAttemptsAllowed) {
  create("q", {.max_attempts = 2});
  put("q", {"a"});
  close("q");
  take("q");
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting");
  update("q", {.max_attempts = 1});
  EXPECT_EQ(consumer.outcome(), "end");
}

TEST_F(GetTest, EndOfQueueWhenTheLastLeaseIsLostForGood) {
  create("q", {.lease = 10s, .max_attempts = 2});
  put("q", {"a"});
  close("q");
  take("q");
  const TestCaller& second = get("q", 1, {.wait = kForever});
  pass(10s);
  EXPECT_THAT(second.payloads(), ElementsAre("a"));
  EXPECT_EQ(get("q", 1, {.wait = kForever}).outcome(), "end");
  pass(10s);
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(GetTest, TenThousandWaitersAreWokenInTheOrderTheyCame) {  // scenario 19
  create("q", {.capacity = 0});
  std::vector<TestCaller*> line;
  for (int i = 0; i < 10'000; ++i) line.push_back(&get("q", 1, {.wait = kForever}));
  EXPECT_EQ(view("q").waiting_gets, 10'000U);
  for (std::size_t i = 0; i < line.size(); ++i) {
    put("q", {std::to_string(i)});
    ASSERT_FALSE(line[i]->waiting());
    ASSERT_THAT(line[i]->payloads(), ElementsAre(std::to_string(i)));
  }
}

TEST_F(GetTest, TokensAreNeverGivenTwice) {
  create("q", {.max_attempts = 0});
  put("q", {"a", "b", "c"});
  std::set<model::LeaseId> seen;
  for (int round = 0; round < 100; ++round) {
    for (const model::Delivery& item : get("q", 3).get().items) {
      EXPECT_TRUE(seen.insert(item.lease).second);
      release("q", item.lease);
    }
    if (round == 50) restart();
  }
  EXPECT_THAT(seen, SizeIs(300));
}

}  // namespace
}  // namespace sluice::engine::testing
