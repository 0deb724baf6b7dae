// complete (task_done), and complete-and-put as one atomic step.
#include "server/base/errors.h"
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

class CompleteTest : public EngineTest {
 protected:
  // Queue "in" with one item taken out of it.
  model::LeaseId held(const Settings& settings = {}) {
    create("in", settings);
    put("in", {"a"});
    return take("in").lease;
  }
};

TEST_F(CompleteTest, EndsTheItem) {
  const model::LeaseId lease = held();
  EXPECT_EQ(complete("in", lease).outcome(), "ok");
  EXPECT_EQ(view("in").unfinished(), 0U);
  EXPECT_EQ(view("in").counters.done, 1U);
  EXPECT_EQ(view("in").bytes, 0U);
  EXPECT_THAT(store().items(), IsEmpty());
}

TEST_F(CompleteTest, OnceTooOftenIsAnErrorNeverANegativeCount) {  // scenario 4
  const model::LeaseId lease = held();
  complete("in", lease);
  const TestCaller& again = complete("in", lease);
  EXPECT_EQ(again.outcome(), "LEASE_LOST");
  EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(view("in").unfinished(), 0U);
  EXPECT_EQ(view("in").counters.done, 1U);
}

TEST_F(CompleteTest, TokenThatWasNeverGiven) {
  held();
  EXPECT_EQ(complete("in", model::LeaseId{987'654'321}).outcome(), "LEASE_LOST");
  EXPECT_EQ(complete("in", model::LeaseId{0}).outcome(), "LEASE_LOST");
  EXPECT_EQ(view("in").leased, 1U);
}

TEST_F(CompleteTest, TokenOfAnotherQueue) {
  const model::LeaseId lease = held();
  create("other");
  EXPECT_EQ(complete("other", lease).outcome(), "LEASE_LOST");
  EXPECT_EQ(complete("missing", lease).outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(complete("in", lease).outcome(), "ok");
}

TEST_F(CompleteTest, StaleTokenChangesNothing) {
  const model::LeaseId first = held({.lease = 10s});
  create("out");
  pass(10s);
  const model::Delivery second = take("in");
  EXPECT_EQ(complete("in", first, {{"out", "x"}}).outcome(), "LEASE_LOST");
  EXPECT_EQ(view("out").waiting, 0U);
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", second.lease, {{"out", "x"}}).outcome(), "ok");
  EXPECT_EQ(view("out").waiting, 1U);
}

TEST_F(CompleteTest, PutsOutputsInTheSameStep) {
  const model::LeaseId lease = held();
  create("out");
  create("log");
  EXPECT_EQ(complete("in", lease, {{"out", "x"}, {"log", "l"}, {"out", "y"}}).outcome(), "ok");
  EXPECT_THAT(peek("out"), ElementsAre("x", "y"));
  EXPECT_THAT(peek("log"), ElementsAre("l"));
  EXPECT_EQ(view("out").counters.put, 2U);
  EXPECT_EQ(view("in").counters.done, 1U);
}

TEST_F(CompleteTest, OutputGoesStraightToAGetThatWaits) {
  const model::LeaseId lease = held();
  create("out");
  const TestCaller& consumer = get("out", 1, {.wait = kForever});
  complete("in", lease, {{"out", "x"}});
  EXPECT_THAT(consumer.payloads(), ElementsAre("x"));
}

TEST_F(CompleteTest, WaitsForRoomAndIsDoneOnlyThen) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  EXPECT_EQ(waiting.outcome(), "waiting");
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(view("in").counters.done, 0U);
  EXPECT_EQ(view("out").waiting_puts, 1U);
  EXPECT_EQ(view("out").waiting, 1U);
  take("out");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(view("in").unfinished(), 0U);
  EXPECT_THAT(peek("out", model::ItemState::kWaiting), ElementsAre("x"));
  EXPECT_EQ(view("out").waiting_puts, 0U);
}

TEST_F(CompleteTest, UnwillingToWait) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  EXPECT_EQ(complete("in", lease, {{"out", "x"}}, {.wait = kTry}).outcome(), "QUEUE_FULL");
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok") << "the lease still holds";
}

TEST_F(CompleteTest, LeaseDoesNotRunOutWhileWaitingForRoom) {
  const model::LeaseId lease = held({.lease = 10s});
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  pass(1h);
  EXPECT_EQ(waiting.outcome(), "waiting");
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(view("in").counters.lease_lost, 0U);
  take("out");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(view("in").counters.done, 1U);
}

TEST_F(CompleteTest, TimeUpLeavesTheLeaseStanding) {
  const model::LeaseId lease = held({.lease = 10s});
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = 30s});
  pass(30s);
  EXPECT_EQ(waiting.outcome(), "QUEUE_FULL");
  EXPECT_EQ(view("out").waiting_puts, 0U);
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok") << "nothing has changed, the lease still holds";
  EXPECT_EQ(view("out").waiting, 1U);
}

TEST_F(CompleteTest, LeaseRunsOutAgainOnceNobodyWaits) {
  const model::LeaseId lease = held({.lease = 10s});
  create("out", {.capacity = 1});
  put("out", {"full"});
  complete("in", lease, {{"out", "x"}}, {.wait = 5s});
  pass(5s + 10s);
  EXPECT_EQ(view("in").leased, 0U);
  EXPECT_EQ(view("in").waiting, 1U);
  EXPECT_EQ(complete("in", lease).outcome(), "LEASE_LOST");
}

TEST_F(CompleteTest, WithdrawnIsNeverAdmittedAndTheLeaseGoesOn) {
  const model::LeaseId lease = held({.lease = 10s});
  create("out", {.capacity = 1});
  put("out", {"full"});
  TestCaller& gone = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  EXPECT_TRUE(withdraw(gone));
  EXPECT_FALSE(withdraw(gone));
  take("out");
  EXPECT_EQ(view("out").waiting, 0U);
  EXPECT_EQ(view("in").leased, 1U);
  pass(10s);
  EXPECT_EQ(view("in").leased, 0U) << "the consumer is gone, its lease runs out";
  EXPECT_EQ(view("in").waiting, 1U);
  EXPECT_EQ(gone.outcome(), "waiting");
}

TEST_F(CompleteTest, StandsInLineWithThePuts) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& before = put("out", {"before"}, {.wait = kForever});
  const TestCaller& completion = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  const TestCaller& behind = put("out", {"after"}, {.wait = kForever});
  take("out");
  EXPECT_EQ(before.outcome(), "ok");
  EXPECT_EQ(completion.outcome(), "waiting");
  take("out");
  EXPECT_EQ(completion.outcome(), "ok");
  EXPECT_EQ(behind.outcome(), "waiting");
  take("out");
  EXPECT_EQ(behind.outcome(), "ok");
}

TEST_F(CompleteTest, OutputsToSeveralQueuesGoTogetherOrNotAtAll) {
  const model::LeaseId lease = held();
  create("free", {.capacity = 1});
  create("full", {.capacity = 1});
  put("full", {"full"});
  EXPECT_EQ(complete("in", lease, {{"free", "x"}, {"full", "y"}}).outcome(), "QUEUE_FULL");
  EXPECT_EQ(view("free").waiting, 0U);
  const TestCaller& waiting = complete("in", lease, {{"free", "x"}, {"full", "y"}}, {.wait = kForever});
  EXPECT_EQ(view("free").waiting, 0U) << "no half of it";
  take("full");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_THAT(peek("free"), ElementsAre("x"));
  EXPECT_THAT(peek("full", model::ItemState::kWaiting), ElementsAre("y"));
}

TEST_F(CompleteTest, WaitsUntilAllItsQueuesHaveRoomAtOnce) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  put("q", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  take("p");
  EXPECT_EQ(waiting.outcome(), "waiting");
  EXPECT_EQ(view("p").waiting, 0U);
  take("q");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(view("p").waiting_puts, 0U);
  EXPECT_EQ(view("q").waiting_puts, 0U);
}

TEST_F(CompleteTest, TwoThatNeedTheSameTwoQueuesDoNotBlockEachOther) {
  create("in");
  put("in", {"a", "b"});
  const model::LeaseId a = take("in").lease;
  const model::LeaseId b = take("in").lease;
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  put("q", {"full"});
  const TestCaller& first = complete("in", a, {{"p", "1"}, {"q", "1"}}, {.wait = kForever});
  const TestCaller& second = complete("in", b, {{"q", "2"}, {"p", "2"}}, {.wait = kForever});
  take("q");
  take("p");
  EXPECT_EQ(first.outcome(), "ok");
  EXPECT_EQ(second.outcome(), "waiting");
  take("p");
  take("q");
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(CompleteTest, OutputClosed) {
  const model::LeaseId lease = held();
  create("out");
  create("log");
  close("out");
  EXPECT_EQ(complete("in", lease, {{"log", "l"}, {"out", "x"}}, {.wait = kForever}).outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(view("log").waiting, 0U);
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok") << "the lease still holds";
}

TEST_F(CompleteTest, OutputClosedWhileWaiting) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  close("out");
  EXPECT_EQ(waiting.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok");
}

TEST_F(CompleteTest, OneOfTwoOutputsClosedWhileWaiting) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  EXPECT_EQ(view("q").waiting_puts, 1U);
  close("p");
  EXPECT_EQ(waiting.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(view("q").waiting_puts, 0U);
}

TEST_F(CompleteTest, TheOtherOutputClosedWhileWaiting) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  close("q");
  EXPECT_EQ(waiting.outcome(), "QUEUE_CLOSED") << "it can never be admitted, so it does not go on waiting for p";
  EXPECT_EQ(view("p").waiting_puts, 0U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok");
}

TEST_F(CompleteTest, TheOtherOutputDeletedWhileWaiting) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  EXPECT_TRUE(remove("q", true).ok());
  EXPECT_EQ(waiting.outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(view("p").waiting_puts, 0U);
}

TEST_F(CompleteTest, KeepsItsPlaceInEveryLine) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 1});
  put("p", {"full"});
  put("q", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  const TestCaller& later = put("p", {"later"}, {.wait = kForever});
  take("q");
  EXPECT_EQ(later.outcome(), "waiting");
  take("p");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(later.outcome(), "waiting") << "it came later";
}

TEST_F(CompleteTest, DoesNotHoldUpAQueueThatHasRoom) {
  const model::LeaseId lease = held();
  create("p", {.capacity = 1});
  create("q", {.capacity = 2});
  put("p", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"p", "x"}, {"q", "y"}}, {.wait = kForever});
  EXPECT_EQ(put("q", {"1"}, {.wait = kTry}).outcome(), "ok") << "the completion waits for p, not for q";
  EXPECT_EQ(put("q", {"2"}, {.wait = kTry}).outcome(), "ok");
  const TestCaller& behind = put("q", {"3"}, {.wait = kForever});
  take("p");
  EXPECT_EQ(waiting.outcome(), "waiting") << "now it waits for q";
  take("q");
  EXPECT_EQ(waiting.outcome(), "ok") << "and stands before those who came later";
  EXPECT_EQ(behind.outcome(), "waiting");
}

// One stage hands on to the next one's input and past it, to the end.
TEST_F(CompleteTest, TwoStagesThatShareAnOutputDoNotDeadlock) {
  create("first");
  create("second", {.capacity = 1});
  create("end", {.capacity = 2});
  put("first", {"1"});
  put("second", {"2"});
  const model::LeaseId in_second = take("second").lease;
  put("second", {"3"});
  const TestCaller& first = complete("first", take("first").lease, {{"second", "4"}, {"end", "5"}}, {.wait = kForever});
  EXPECT_EQ(first.outcome(), "waiting");
  EXPECT_EQ(complete("second", in_second, {{"end", "6"}}, {.wait = kForever}).outcome(), "ok");
  complete("second", take("second").lease);
  EXPECT_EQ(first.outcome(), "ok");
}

TEST_F(CompleteTest, OutputNotFound) {
  const model::LeaseId lease = held();
  create("log");
  EXPECT_EQ(complete("in", lease, {{"log", "l"}, {"missing", "x"}}).outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(view("log").waiting, 0U);
  EXPECT_EQ(view("in").leased, 1U);
}

TEST_F(CompleteTest, OutputDeletedWhileWaiting) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  EXPECT_TRUE(remove("out", true).ok());
  EXPECT_EQ(waiting.outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(complete("in", lease).outcome(), "ok");
}

TEST_F(CompleteTest, InputDeletedWhileWaiting) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}}, {.wait = kForever});
  EXPECT_TRUE(remove("in", true).ok());
  EXPECT_FALSE(waiting.waiting()) << "no lost caller";
  EXPECT_FALSE(waiting.status().ok());
  take("out");
  EXPECT_EQ(view("out").waiting, 0U);
  EXPECT_EQ(view("out").waiting_puts, 0U);
}

TEST_F(CompleteTest, MoreOutputsThanTheCapacity) {
  const model::LeaseId lease = held();
  create("out", {.capacity = 2});
  const std::vector<To> three = {{"out", "x"}, {"out", "y"}, {"out", "z"}};
  EXPECT_EQ(complete("in", lease, three, {.wait = kForever}).outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(view("in").leased, 1U);
  EXPECT_EQ(complete("in", lease, {{"out", "x"}, {"out", "y"}}).outcome(), "ok");
}

TEST_F(CompleteTest, ShrunkOutputRefusesAtOnceWhatCanNeverFitAgain) {
  const model::LeaseId lease = held({.lease = 10s});
  create("out", {.capacity = 2});
  create("log", {.capacity = 1});
  put("out", {"full"});
  const TestCaller& waiting = complete("in", lease, {{"out", "x"}, {"out", "y"}, {"log", "l"}}, {.wait = kForever});
  const TestCaller& behind = put("log", {"m"}, {.wait = kForever});
  EXPECT_EQ(behind.outcome(), "ok") << "who lacks room elsewhere does not hold it up";
  EXPECT_EQ(update("out", {.capacity = 1}), "OK");
  EXPECT_EQ(waiting.outcome(), "BATCH_TOO_LARGE");
  EXPECT_EQ(view("log").waiting_puts, 0U) << "out of every line";
  EXPECT_THAT(peek("log"), ElementsAre("m"));
  EXPECT_EQ(view("in").leased, 1U);
  pass(10s);
  EXPECT_EQ(view("in").leased, 0U) << "the lease runs again";
}

TEST_F(CompleteTest, OutputIntoTheSameQueue) {
  create("loop", {.capacity = 2});
  put("loop", {"1"});
  EXPECT_EQ(complete("loop", take("loop").lease, {{"loop", "2"}, {"loop", "3"}}).outcome(), "ok");
  EXPECT_THAT(peek("loop"), ElementsAre("2", "3"));
  const model::LeaseId lease = take("loop").lease;
  const TestCaller& waiting = complete("loop", lease, {{"loop", "4"}, {"loop", "5"}}, {.wait = kForever});
  EXPECT_EQ(waiting.outcome(), "waiting");
  const model::Delivery three = take("loop");
  EXPECT_EQ(three.body->payload, "3");
  EXPECT_EQ(waiting.outcome(), "ok");
}

TEST_F(CompleteTest, JoinSeesTheHandOffAsOneStep) {
  create("loop");
  put("loop", {"1"});
  const TestCaller& joined = join("loop");
  for (int round = 0; round < 3; ++round) {
    complete("loop", take("loop").lease, {{"loop", "again"}});
    EXPECT_EQ(joined.outcome(), "waiting") << "there was never nothing unfinished";
  }
  complete("loop", take("loop").lease);
  EXPECT_EQ(joined.outcome(), "done");
}

TEST_F(CompleteTest, WithoutOutputsNeverWaits) {
  const model::LeaseId lease = held({.capacity = 1});
  put("in", {"b"});
  pause("in");
  close("in");
  EXPECT_EQ(complete("in", lease, {}, {.wait = kForever}).outcome(), "ok");
}

}  // namespace
}  // namespace sluice::engine::testing
