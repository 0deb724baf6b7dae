// What a put promises: room, waiting in arrival order, time up, all or nothing.
#include "server/base/errors.h"
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using PutTest = EngineTest;

TEST_F(PutTest, IsAcceptedWhereThereIsRoom) {
  create("q", {.capacity = 5});
  const TestCaller& put_ab = put("q", {"a", "b"});
  EXPECT_EQ(put_ab.outcome(), "ok");
  EXPECT_EQ(put_ab.put().count, 2U);
  const TestCaller& put_c = put("q", {"c"});
  EXPECT_EQ(number(put_c.put().first), number(put_ab.put().first) + 2) << "ids grow in order of arrival";
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(peek_items("q").at(1).id, model::ItemId{number(put_ab.put().first) + 1});
  EXPECT_EQ(view("q").waiting, 3U);
  EXPECT_EQ(view("q").counters.put, 3U);
}

TEST_F(PutTest, KeepsPayloadAttributesAndPriority) {
  create("q");
  auto body = std::make_shared<model::Body>();
  body->payload = std::string("\0\xff binary", 9);
  body->attributes = {{"colour", "green"}, {"size", "9"}};
  PutCommand command;
  command.queue = "q";
  command.items.push_back({.body = body, .priority = -7});
  Effects effects;
  engine().put(now(), std::move(command), new_caller("put"), effects);
  carry_out(effects);
  const model::Delivery item = take("q");
  EXPECT_EQ(*item.body, *body);
  EXPECT_EQ(item.priority, -7);
  EXPECT_EQ(item.put_time, now());
}

TEST_F(PutTest, UnknownQueue) { EXPECT_EQ(put("q", {"a"}).outcome(), "QUEUE_NOT_FOUND"); }

TEST_F(PutTest, FullAndUnwillingToWait) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& refused = put("q", {"b"}, {.wait = kTry});
  EXPECT_EQ(refused.outcome(), "QUEUE_FULL");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(peek("q"), ElementsAre("a"));
  EXPECT_EQ(view("q").counters.put, 1U);
  EXPECT_EQ(view("q").counters.rejected, 1U);
  take("q");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), IsEmpty()) << "a refused put comes in later";
}

TEST_F(PutTest, WaitsUntilThereIsRoom) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& second = put("q", {"b"}, {.wait = kForever});
  EXPECT_EQ(second.outcome(), "waiting");
  EXPECT_EQ(view("q").waiting_puts, 1U);
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_EQ(take("q").body->payload, "a");
  EXPECT_EQ(second.outcome(), "ok") << "an item that is taken makes room, before it is done";
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b"));
  EXPECT_EQ(view("q").counters.rejected, 0U);
}

TEST_F(PutTest, ReturnsOnlyAfterTheFirstGet) {  // scenario 3
  create("q", {.capacity = 1});
  EXPECT_EQ(put("q", {"1"}, {.wait = kForever}).outcome(), "ok");
  const TestCaller& second = put("q", {"2"}, {.wait = kForever});
  pass(1h);
  EXPECT_EQ(second.outcome(), "waiting");
  take("q");
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(PutTest, WaitersAreAdmittedInTheOrderTheyCame) {
  create("q", {.capacity = 1});
  put("q", {"0"});
  std::vector<TestCaller*> line;
  for (const char* payload : {"1", "2", "3", "4"}) line.push_back(&put("q", {payload}, {.wait = kForever}));
  for (std::size_t served = 0; served < line.size(); ++served) {
    EXPECT_EQ(take("q").body->payload, std::to_string(served));
    for (std::size_t i = 0; i < line.size(); ++i) EXPECT_EQ(line[i]->waiting(), i > served) << i << " after " << served;
  }
}

TEST_F(PutTest, NobodyOvertakesTheLine) {
  create("q", {.capacity = 3});
  put("q", {"a", "b"});
  const TestCaller& two = put("q", {"c", "d"}, {.wait = kForever});
  EXPECT_EQ(put("q", {"x"}, {.wait = kTry}).outcome(), "QUEUE_FULL") << "there is room for one, but others came first";
  const TestCaller& one = put("q", {"e"}, {.wait = kForever});
  EXPECT_EQ(two.outcome(), "waiting");
  EXPECT_EQ(one.outcome(), "waiting");
  take("q");
  EXPECT_EQ(two.outcome(), "ok");
  EXPECT_EQ(one.outcome(), "waiting");
  take("q");
  EXPECT_EQ(one.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("c", "d", "e"));
}

TEST_F(PutTest, TimeUpMeansQueueFullAndNothingEnqueued) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& late = put("q", {"b"}, {.wait = 10s});
  pass(10s - 1us);
  EXPECT_EQ(late.outcome(), "waiting");
  EXPECT_EQ(view("q").counters.rejected, 0U);
  pass(1us);
  EXPECT_EQ(late.outcome(), "QUEUE_FULL");
  EXPECT_EQ(view("q").counters.rejected, 1U);
  EXPECT_EQ(view("q").waiting_puts, 0U);
  take("q");
  EXPECT_EQ(view("q").waiting, 0U);
  EXPECT_EQ(view("q").counters.put, 1U);
}

TEST_F(PutTest, WhenTheFirstInLineGivesUpTheNextMayFit) {
  create("q", {.capacity = 3});
  put("q", {"a"});
  const TestCaller& three = put("q", {"1", "2", "3"}, {.wait = 5s});
  const TestCaller& two = put("q", {"b", "c"}, {.wait = kForever});
  pass(4s);
  EXPECT_EQ(two.outcome(), "waiting");
  pass(1s);
  EXPECT_EQ(three.outcome(), "QUEUE_FULL");
  EXPECT_EQ(two.outcome(), "ok");
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c"));
}

TEST_F(PutTest, WhenTheFirstInLineIsWithdrawnTheNextMayFit) {
  create("q", {.capacity = 3});
  put("q", {"a"});
  TestCaller& three = put("q", {"1", "2", "3"}, {.wait = kForever});
  const TestCaller& two = put("q", {"b", "c"}, {.wait = kForever});
  EXPECT_TRUE(withdraw(three));
  EXPECT_EQ(two.outcome(), "ok");
}

TEST_F(PutTest, OfManyIsAllOrNothing) {
  create("q", {.capacity = 3});
  put("q", {"a"});
  EXPECT_EQ(put("q", {"b", "c", "d"}, {.wait = kTry}).outcome(), "QUEUE_FULL");
  EXPECT_THAT(peek("q"), ElementsAre("a"));
  const TestCaller& waiting = put("q", {"b", "c", "d"}, {.wait = kForever});
  EXPECT_EQ(view("q").waiting, 1U) << "not a part of it either";
  take("q");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b", "c", "d"));
}

TEST_F(PutTest, OfMoreThanTheCapacityCanNeverBeAdmitted) {
  create("q", {.capacity = 2});
  const TestCaller& refused = put("q", {"a", "b", "c"}, {.wait = kForever});
  EXPECT_EQ(refused.outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(put("q", {"a", "b"}).outcome(), "ok") << "exactly the capacity is allowed";
  EXPECT_EQ(view("q").counters.put, 2U);
  EXPECT_EQ(view("q").counters.rejected, 0U);
}

TEST_F(PutTest, CapacityZeroIsUnbounded) {
  create("q", {.capacity = 0});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(put("q", std::vector<std::string>(1'000, "x"), {.wait = kTry}).outcome(), "ok");
  EXPECT_EQ(view("q").waiting, 20'000U);
}

TEST_F(PutTest, TheDefaultCapacityIsBounded) {
  create("q");
  EXPECT_EQ(put("q", std::vector<std::string>(1'000, "x")).outcome(), "ok");
  EXPECT_EQ(put("q", {"x"}).outcome(), "QUEUE_FULL");
}

TEST_F(PutTest, ClosedQueueRefuses) {
  create("q");
  close("q");
  const TestCaller& refused = put("q", {"a"}, {.wait = kForever});
  EXPECT_EQ(refused.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(view("q").counters.put, 0U);
}

TEST_F(PutTest, ClosingEndsThePutsThatWait) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = kForever});
  const TestCaller& second = put("q", {"c"}, {.wait = 1h});
  close("q");
  EXPECT_EQ(first.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(second.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_EQ(take("q").body->payload, "a");
  EXPECT_EQ(get("q").outcome(), "none") << "only the leased item can still come";
  pass(2h);
}

TEST_F(PutTest, WithdrawnCanNeverBeAdmittedLater) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  TestCaller& gone = put("q", {"b"}, {.wait = 1h});
  EXPECT_TRUE(withdraw(gone));
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_FALSE(withdraw(gone)) << "there is nothing left to take back";
  take("q");
  pass(2h);
  EXPECT_EQ(gone.outcome(), "waiting") << "nobody is there to be answered";
  EXPECT_EQ(view("q").counters.put, 1U);
  EXPECT_EQ(view("q").counters.rejected, 0U);
}

TEST_F(PutTest, AdmittedCannotBeWithdrawn) {
  create("q");
  TestCaller& caller = put("q", {"a"}, {.wait = kForever});
  EXPECT_FALSE(withdraw(caller));
  EXPECT_THAT(peek("q"), ElementsAre("a"));
}

TEST_F(PutTest, DelayedItemsTakeRoom) {
  create("q", {.capacity = 2});
  EXPECT_EQ(put("q", {"a", "b"}, {.delay = 10s}).outcome(), "ok");
  EXPECT_EQ(view("q").delayed, 2U);
  EXPECT_EQ(put("q", {"c"}).outcome(), "QUEUE_FULL");
}

TEST_F(PutTest, LeasedItemsTakeNone) {
  create("q", {.capacity = 2});
  put("q", {"a", "b"});
  get("q", 2);
  EXPECT_EQ(view("q").leased, 2U);
  EXPECT_EQ(put("q", {"c", "d"}).outcome(), "ok");
}

TEST_F(PutTest, DelayedItemIsNotHandedOutBeforeItsTime) {
  create("q");
  put("q", {"later"}, {.delay = 10s});
  pass(10s - 1us);
  EXPECT_EQ(get("q").outcome(), "none");
  pass(1us);
  EXPECT_EQ(take("q").body->payload, "later");
}

TEST_F(PutTest, ShrinkBelowTheDepthHoldsPutsBackUntilBelowTheNewBound) {
  create("q", {.capacity = 4});
  put("q", {"a", "b", "c", "d"});
  EXPECT_EQ(update("q", {.capacity = 2}), "OK");
  EXPECT_EQ(view("q").waiting, 4U) << "nothing is thrown away";
  const TestCaller& waiting = put("q", {"e"}, {.wait = kForever});
  take("q");
  take("q");
  EXPECT_EQ(waiting.outcome(), "waiting") << "two of two";
  take("q");
  EXPECT_EQ(waiting.outcome(), "ok");
}

TEST_F(PutTest, ShrinkRefusesAtOnceWhatCanNeverFitAgain) {
  create("q", {.capacity = 3});
  put("q", {"a", "b", "c"});
  const TestCaller& two = put("q", {"d", "e"}, {.wait = kForever});
  const TestCaller& three = put("q", {"f", "g", "h"}, {.wait = 1h});
  const TestCaller& one = put("q", {"i"}, {.wait = kForever});
  EXPECT_EQ(update("q", {.capacity = 2}), "OK");
  EXPECT_EQ(three.outcome(), "BATCH_TOO_LARGE") << "it stands behind another, and there is no room, but it has no hope left";
  EXPECT_EQ(two.outcome(), "waiting") << "exactly the capacity is allowed";
  EXPECT_EQ(update("q", {.capacity = 1}), "OK");
  EXPECT_EQ(two.outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(one.outcome(), "waiting");
  EXPECT_EQ(view("q").waiting_puts, 1U);
  EXPECT_EQ(view("q").waiting, 3U);
  EXPECT_EQ(view("q").counters.rejected, 0U);
  get("q", 3);
  EXPECT_EQ(one.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("i"));
}

TEST_F(PutTest, WhenAShrinkRefusesTheFirstInLineTheNextMayFit) {
  create("q", {.capacity = 3});
  put("q", {"a"});
  const TestCaller& three = put("q", {"1", "2", "3"}, {.wait = kForever});
  const TestCaller& one = put("q", {"b"}, {.wait = kForever});
  EXPECT_EQ(update("q", {.capacity = 2}), "OK");
  EXPECT_EQ(three.outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(one.outcome(), "ok");
  EXPECT_THAT(peek("q"), ElementsAre("a", "b"));
}

TEST_F(PutTest, GrownCapacityLetsTheLineInAsFarAsItGoes) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = kForever});
  const TestCaller& second = put("q", {"c"}, {.wait = kForever});
  update("q", {.capacity = 2});
  EXPECT_EQ(first.outcome(), "ok");
  EXPECT_EQ(second.outcome(), "waiting");
  update("q", {.capacity = 0});
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(PutTest, GoesStraightToTheGetsThatWait) {
  create("q", {.capacity = 2});
  const TestCaller& first = get("q", 1, {.wait = kForever});
  const TestCaller& second = get("q", 1, {.wait = kForever});
  EXPECT_EQ(put("q", {"a", "b"}, {.wait = kTry}).outcome(), "ok");
  EXPECT_THAT(first.payloads(), ElementsAre("a"));
  EXPECT_THAT(second.payloads(), ElementsAre("b"));
  EXPECT_EQ(put("q", {"c", "d"}, {.wait = kTry}).outcome(), "ok") << "both places are free again";
}

}  // namespace
}  // namespace sluice::engine::testing
