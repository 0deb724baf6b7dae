// Cancelling items, and sending dead letters back.
#include "tests/engine/special_fixture.h"

namespace sluice::engine::testing {
namespace {

using enum CancelOutcome;

class CancelTest : public SpecialItemsTest {};

TEST_F(CancelTest, EndsWhatWaitsAndWhatIsDelayed) {
  create("q");
  const auto waiting = put("q", {"waiting"}).put().first;
  const auto delayed = put("q", {"delayed"}, {.delay = 5s}).put().first;
  const TestCaller& joined = join("q");
  EXPECT_THAT(cancel("q", {delayed, waiting}), ElementsAre(kCancelled, kCancelled));
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_EQ(view("q").counters.cancelled, 2U);
  EXPECT_THAT(cancel("q", {waiting, model::ItemId{1'000'000}, model::ItemId{0}}), ElementsAre(kGone, kUnknown, kUnknown));
}

TEST_F(CancelTest, TakesWhatIsHeldFromItsConsumer) {
  create("q");
  put("q", {"held"});
  RecordedWatch watch;
  GetCommand command{.queue = "q", .watch = &watch};
  TestCaller& consumer = new_caller("get");
  Effects effects;
  engine().get(now(), command, consumer, effects);
  carry_out(effects);
  const auto held = consumer.get().items.at(0);
  EXPECT_THAT(cancel("q", {held.item}), ElementsAre(kRevoked));
  EXPECT_THAT(watch.leases, ElementsAre(held.lease));
  EXPECT_EQ(complete("q", held.lease).outcome(), "LEASE_LOST");
  EXPECT_EQ(reason_name(extend("q", held.lease).status()), "LEASE_LOST");
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.cancelled, 1U);
}

TEST_F(CancelTest, ACompletionThatWaitsIsToldThatTheLeaseIsLost) {
  create("q");
  create("full", {.capacity = 1});
  put("full", {"x"});
  put("q", {"held"});
  const auto held = take("q");
  const TestCaller& completion = complete("q", held.lease, {{"full", "result"}}, {.wait = kForever});
  cancel("q", {held.item});
  EXPECT_EQ(completion.outcome(), "LEASE_LOST");
  EXPECT_THAT(peek("full"), ElementsAre("x"));
}

TEST_F(CancelTest, SurvivesARestart) {
  create("q");
  const auto one = put("q", {"one"}).put().first;
  put("q", {"two"});
  cancel("q", {one});
  restart();
  EXPECT_THAT(peek("q"), ElementsAre("two"));
  EXPECT_EQ(view("q").counters.cancelled, 1U);
  EXPECT_THAT(cancel("q", {one}), ElementsAre(kGone));
}

TEST_F(CancelTest, FindsItemsThatCameAfterTheFirstCancel) {
  create("q");
  const auto one = put("q", {"one"}).put().first;
  put("q", {"stays"}, {.delay = 1h});
  cancel("q", {one});
  const auto two = put("q", {"two"}).put().first;
  EXPECT_THAT(cancel("q", {two}), ElementsAre(kCancelled));
  const auto dead = bury("q", "dead");
  EXPECT_THAT(cancel("q", {dead}), ElementsAre(kGone)) << "it went to another queue";
  EXPECT_THAT(cancel("q.dead", {dead}), ElementsAre(kCancelled));
}

TEST_F(CancelTest, LetsTheEndOfAQueueCome) {
  create("q");
  put("q", {"held"});
  const auto held = take("q");
  close("q");
  const TestCaller& next = get("q", 1, {.wait = kForever});
  EXPECT_TRUE(next.waiting());
  cancel("q", {held.item});
  EXPECT_EQ(next.outcome(), "end");
}

class RedriveTest : public SpecialItemsTest {};

TEST_F(RedriveTest, SendsDeadLettersBackToWhereTheyComeFrom) {
  create("q");
  create("r");
  const auto a = bury("q", "a");
  bury("r", "b");
  create("shared");
  EXPECT_EQ(redrive({.queue = "q.dead"}).redriven, 1U);
  EXPECT_EQ(redrive({.queue = "r.dead"}).redriven, 1U);
  const auto again = take("q");
  EXPECT_EQ(again.item, a) << "it keeps its id";
  EXPECT_EQ(again.attempt, 1U);
  EXPECT_EQ(again.last_failure, nullptr);
  EXPECT_THAT(peek("r"), ElementsAre("b"));
  EXPECT_EQ(view("q.dead").unfinished(), 0U);
  EXPECT_EQ(view("q.dead").counters.redriven, 1U);
  EXPECT_EQ(view("q").counters.put, 2U);
}

TEST_F(RedriveTest, KnowsTheOriginAlsoWhenADeadLetterFailedAgain) {
  create("q");
  bury("q", "a");
  fail("q.dead", take("q.dead").lease, {.retry_delay = 0s});
  restart();
  EXPECT_EQ(redrive({.queue = "q.dead"}).redriven, 1U);
  EXPECT_THAT(peek("q"), ElementsAre("a"));
}

TEST_F(RedriveTest, TakesOnlyThoseThatAreMeant) {
  create("q");
  const auto a = bury("q", "a", "EXIT_CODE");
  bury("q", "b", "TIMED_OUT");
  const auto c = bury("q", "c", "EXIT_CODE");
  EXPECT_EQ(redrive({.queue = "q.dead", .reason = "TIMED_OUT"}).redriven, 1U);
  EXPECT_THAT(peek("q"), ElementsAre("b"));
  const auto result = redrive({.queue = "q.dead", .items = {c, model::ItemId{999}}});
  EXPECT_EQ(result.redriven, 1U);
  EXPECT_EQ(result.missing, 1U);
  EXPECT_THAT(peek("q"), ElementsAre("b", "c"));
  EXPECT_EQ(redrive({.queue = "q.dead", .to = "q", .items = {a}}).redriven, 1U);
}

TEST_F(RedriveTest, LeavesWhatHasNoRoom) {
  create("q", {.capacity = 2});
  for (const char* payload : {"a", "b", "c"}) bury("q", payload);
  const auto result = redrive({.queue = "q.dead"});
  EXPECT_EQ(result.redriven, 2U);
  EXPECT_EQ(result.full, 1U);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b"));
  EXPECT_THAT(peek("q.dead"), ElementsAre("c"));
  complete("q", take("q").lease);
  EXPECT_EQ(redrive({.queue = "q.dead"}).redriven, 1U);
}

TEST_F(RedriveTest, DoesNotOvertakeWhoWaits) {
  create("q", {.capacity = 2});
  bury("q", "a");
  put("q", {"x"});
  const TestCaller& waits = put("q", {"y", "z"}, {.wait = kForever});
  ASSERT_TRUE(waits.waiting());
  EXPECT_EQ(redrive({.queue = "q.dead"}).full, 1U);
}

TEST_F(RedriveTest, SaysWhyTheOthersStay) {
  create("q");
  bury("q", "a");
  put("q.dead", {"never failed"});
  close("q");
  auto result = redrive({.queue = "q.dead"});
  EXPECT_EQ(result.closed, 1U);
  EXPECT_EQ(result.homeless, 1U);
  EXPECT_TRUE(remove("q", true).ok());
  result = redrive({.queue = "q.dead"});
  EXPECT_EQ(result.homeless, 2U);
  create("other");
  EXPECT_EQ(redrive({.queue = "q.dead", .to = "other"}).redriven, 2U);
  EXPECT_THAT(peek("other"), ElementsAre("a", "never failed"));
}

TEST_F(RedriveTest, GoesInParts) {
  create("q");
  for (int i = 0; i < 5; ++i) bury("q", std::to_string(i), i % 2 == 0 ? "EVEN" : "ODD");
  RedriveCommand command{.queue = "q.dead", .reason = "ODD"};
  command.limit = 2;
  auto result = redrive(command);
  ASSERT_TRUE(result.next.has_value());
  EXPECT_EQ(result.redriven, 1U);
  command.after = result.next;
  result = redrive(command);
  EXPECT_EQ(result.redriven, 1U);
  ASSERT_TRUE(result.next.has_value());
  command.after = result.next;
  result = redrive(command);
  EXPECT_FALSE(result.next.has_value());
  EXPECT_THAT(peek("q"), ElementsAre("1", "3"));
}

TEST_F(RedriveTest, BeginsTheTimeToLiveAnew) {
  create("q");
  put_item("q", "a", {.time_to_live = 10s});
  pass(9s);
  fail("q", take("q").lease, {.do_not_retry = true});
  pass(100s);
  ASSERT_EQ(redrive({.queue = "q.dead"}).redriven, 1U);
  pass(9s);
  EXPECT_EQ(view("q").waiting, 1U);
  pass(1s);
  EXPECT_EQ(view("q").waiting, 0U);
}

TEST_F(RedriveTest, RefusesTheQueueItselfAndUnknownOnes) {
  create("q");
  Effects effects;
  EXPECT_EQ(reason_name(engine().redrive(now(), {.queue = "q", .to = "q"}, effects).status()), "INVALID_VALUE");
  EXPECT_EQ(reason_name(engine().redrive(now(), {.queue = "q", .to = "r"}, effects).status()), "QUEUE_NOT_FOUND");
  EXPECT_EQ(reason_name(engine().redrive(now(), {.queue = "s"}, effects).status()), "QUEUE_NOT_FOUND");
}

}  // namespace
}  // namespace sluice::engine::testing
