// The same request_id again: the earlier answer, not a second effect.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using RequestIdTest = EngineTest;

TEST_F(RequestIdTest, RepeatedPutGetsTheEarlierAnswer) {
  create("q");
  const TestCaller& first = put("q", {"a", "b"}, {.request_id = "r"});
  const TestCaller& again = put("q", {"a", "b"}, {.request_id = "r"});
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_EQ(again.put().first, first.put().first);
  EXPECT_EQ(again.put().count, 2U);
  EXPECT_EQ(view("q").waiting, 2U);
  EXPECT_EQ(view("q").counters.put, 2U);
}

TEST_F(RequestIdTest, EmptyMeansNotRemembered) {
  create("q");
  put("q", {"a"});
  put("q", {"a"});
  EXPECT_EQ(view("q").waiting, 2U);
}

TEST_F(RequestIdTest, IsRememberedAfterTheItemIsDone) {
  create("q");
  put("q", {"a"}, {.request_id = "r"});
  complete("q", take("q").lease);
  EXPECT_EQ(put("q", {"a"}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("q").unfinished(), 0U);
}

TEST_F(RequestIdTest, IsAnsweredEvenByAFullOrClosedQueue) {
  create("q", {.capacity = 1});
  put("q", {"a"}, {.request_id = "r"});
  EXPECT_EQ(put("q", {"a"}, {.request_id = "r"}).outcome(), "ok");
  close("q");
  EXPECT_EQ(put("q", {"a"}, {.request_id = "r"}).outcome(), "ok") << "it was put while the queue was open";
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(RequestIdTest, BelongsToItsQueue) {
  create("p");
  create("q");
  put("p", {"a"}, {.request_id = "r"});
  put("q", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(RequestIdTest, FailuresAreNotRemembered) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  EXPECT_EQ(put("q", {"b"}, {.request_id = "r"}).outcome(), "QUEUE_FULL");
  take("q");
  EXPECT_EQ(put("q", {"b"}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b"));
}

TEST_F(RequestIdTest, IsForgottenWhenItsWindowIsOver) {
  create("q");
  put("q", {"a"}, {.request_id = "r"});
  pass(limits::kRequestIdWindow - 1us);
  put("q", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("q").waiting, 1U);
  pass(1s);
  put("q", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("q").waiting, 2U);
  pass(limits::kRequestIdWindow + 1s);
  EXPECT_THAT(store().requests(), IsEmpty()) << "nor does the journal keep it";
}

TEST_F(RequestIdTest, OnlyTheLastSoManyAreRemembered) {
  create("q", {.capacity = 0});
  for (std::size_t i = 0; i <= limits::kMaxRequestIds; ++i) {
    put("q", {"a"}, {.request_id = "r" + std::to_string(i)});
  }
  EXPECT_LE(store().requests().size(), limits::kMaxRequestIds);
  const std::uint64_t depth = view("q").waiting;
  put("q", {"a"}, {.request_id = "r1"});
  EXPECT_EQ(view("q").waiting, depth) << "the second of them is still known";
  put("q", {"a"}, {.request_id = "r0"});
  EXPECT_EQ(view("q").waiting, depth + 1) << "the oldest made room";
}

TEST_F(RequestIdTest, SurvivesARestart) {
  create("q");
  const TestCaller& first = put("q", {"a", "b", "c"}, {.request_id = "r"});
  restart();
  const TestCaller& again = put("q", {"a", "b", "c"}, {.request_id = "r"});
  EXPECT_EQ(again.put().first, first.put().first);
  EXPECT_EQ(again.put().count, 3U);
  EXPECT_EQ(view("q").waiting, 3U);
  pass(limits::kRequestIdWindow + 1s);
  put("q", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("q").waiting, 4U) << "the window goes on after the restart, and ends";
}

TEST_F(RequestIdTest, AgainWhileTheFirstStillWaitsIsOneItem) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  const TestCaller& again = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  EXPECT_EQ(first.outcome(), "waiting");
  EXPECT_EQ(again.outcome(), "waiting");
  take("q");
  EXPECT_EQ(first.outcome(), "ok");
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_EQ(again.put().first, first.put().first);
  take("q");
  EXPECT_EQ(get("q").outcome(), "none");
  EXPECT_EQ(view("q").counters.put, 2U);
}

TEST_F(RequestIdTest, AgainAndUnwillingToWaitWhileTheFirstStillWaits) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  EXPECT_EQ(put("q", {"b"}, {.wait = kTry, .request_id = "r"}).outcome(), "QUEUE_FULL");
  take("q");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b"));
}

// A client whose connection broke comes again before the server has noticed that the first call is gone.
TEST_F(RequestIdTest, AgainOutlivesTheWithdrawalOfTheFirst) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  TestCaller& first = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  const TestCaller& again = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  EXPECT_TRUE(withdraw(first));
  EXPECT_EQ(again.outcome(), "waiting");
  take("q");
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b"));
}

TEST_F(RequestIdTest, AgainOutlivesTheTimeUpOfTheFirst) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = 1s, .request_id = "r"});
  const TestCaller& again = put("q", {"b"}, {.wait = 10s, .request_id = "r"});
  pass(2s);
  EXPECT_EQ(first.outcome(), "QUEUE_FULL");
  EXPECT_EQ(again.outcome(), "waiting");
  take("q");
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(RequestIdTest, WaitsEndInTheOrderOfTheirTimesHoweverLateTheTimer) {
  create("q", {.capacity = 2});
  put("q", {"a"});
  put("q", {"b", "c"}, {.wait = 1s, .request_id = "r"});
  const TestCaller& between = put("q", {"d"}, {.wait = 2s});
  const TestCaller& again = put("q", {"b", "c"}, {.wait = 3s, .request_id = "r"});
  jump(1h);
  pass(0s);
  EXPECT_EQ(again.outcome(), "QUEUE_FULL");
  EXPECT_EQ(between.outcome(), "QUEUE_FULL") << "when its time was up, the repeated put still stood before it";
  EXPECT_THAT(peek("q"), ElementsAre("a"));
}

TEST_F(RequestIdTest, EveryRefusedRepetitionCountsAsRejected) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  put("q", {"b"}, {.wait = 1s, .request_id = "r"});
  put("q", {"b"}, {.wait = 2s, .request_id = "r"});
  put("q", {"b"}, {.wait = kTry, .request_id = "r"});
  jump(1h);
  Effects effects;
  engine().run_due(now(), effects);
  carry_out(effects);
  EXPECT_EQ(view("q").counters.rejected, 3U) << "also when the timer runs late";
}

TEST_F(RequestIdTest, FirstOutlivesTheWithdrawalOfTheRepetition) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  TestCaller& again = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  EXPECT_TRUE(withdraw(again));
  take("q");
  EXPECT_EQ(first.outcome(), "ok");
  EXPECT_EQ(again.outcome(), "waiting");
}

TEST_F(RequestIdTest, ClosingEndsBothThatWait) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& first = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  const TestCaller& again = put("q", {"b"}, {.wait = kForever, .request_id = "r"});
  close("q");
  EXPECT_EQ(first.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(again.outcome(), "QUEUE_CLOSED");
}

TEST_F(RequestIdTest, RepeatedCompletionSucceedsAgainAndHandsOnOnce) {
  create("q");
  create("out");
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("out").waiting, 1U);
  EXPECT_EQ(view("q").counters.done, 1U);
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}, {.request_id = "other"}).outcome(), "LEASE_LOST");
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}).outcome(), "LEASE_LOST");
}

// One Complete call with many tokens has one request_id for all of them.
TEST_F(RequestIdTest, OfACompletionIsForItsToken) {
  create("q");
  put("q", {"a", "b"});
  const model::LeaseId a = take("q").lease;
  const model::LeaseId b = take("q").lease;
  EXPECT_EQ(complete("q", a, {}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("q").unfinished(), 1U);
  EXPECT_EQ(complete("q", b, {}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.done, 2U);
  EXPECT_EQ(complete("q", a, {}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("q").counters.done, 2U);
}

TEST_F(RequestIdTest, RepeatedCompletionSurvivesARestart) {
  create("q");
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  complete("q", lease, {}, {.request_id = "r"});
  restart();
  EXPECT_EQ(complete("q", lease, {}, {.request_id = "r"}).outcome(), "ok");
}

TEST_F(RequestIdTest, RefusedCompletionIsNotRemembered) {
  create("q");
  create("out", {.capacity = 1});
  put("out", {"full"});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}, {.request_id = "r"}).outcome(), "QUEUE_FULL");
  take("out");
  EXPECT_EQ(complete("q", lease, {{"out", "x"}}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("out").waiting, 1U);
}

TEST_F(RequestIdTest, CompletionAgainWhileTheFirstWaitsForRoomHandsOnOnce) {
  create("q");
  create("out", {.capacity = 1});
  put("out", {"full"});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  TestCaller& first = complete("q", lease, {{"out", "x"}}, {.wait = kForever, .request_id = "r"});
  const TestCaller& again = complete("q", lease, {{"out", "x"}}, {.wait = kForever, .request_id = "r"});
  EXPECT_EQ(again.outcome(), "waiting");
  EXPECT_TRUE(withdraw(first));
  EXPECT_EQ(again.outcome(), "waiting");
  take("out");
  EXPECT_EQ(again.outcome(), "ok");
  EXPECT_THAT(peek("out", model::ItemState::kWaiting), ElementsAre("x"));
  EXPECT_EQ(view("q").counters.done, 1U);
}

TEST_F(RequestIdTest, RepeatedFailSucceedsAgainAndCountsOnce) {
  create("q", {.backoff = 0s});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(fail("q", lease, {.request_id = "r"}), "OK");
  EXPECT_EQ(fail("q", lease, {.request_id = "r"}), "OK");
  EXPECT_EQ(view("q").counters.failed, 1U);
  EXPECT_EQ(fail("q", lease), "LEASE_LOST");
  EXPECT_EQ(take("q").attempt, 2U);
}

}  // namespace
}  // namespace sluice::engine::testing
