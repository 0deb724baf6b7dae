// fail: retry with backoff, dead letters.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using RetryTest = EngineTest;

TEST_F(RetryTest, FailedItemComesBackAfterTheBackoff) {
  create("q", {.max_attempts = 5, .backoff = 4s, .jitter = 0.0});
  put("q", {"a"});
  EXPECT_EQ(fail("q", take("q").lease, {.reason = "BROKEN", .message = "no disk"}), "OK");
  EXPECT_EQ(view("q").delayed, 1U);
  EXPECT_EQ(view("q").counters.failed, 1U);
  EXPECT_EQ(view("q").counters.retried, 1U);
  EXPECT_EQ(peek_items("q").at(0).due, now() + 4s);
  pass(4s - 1us);
  EXPECT_EQ(get("q").outcome(), "none");
  pass(1us);
  const model::Delivery again = take("q");
  EXPECT_EQ(again.attempt, 2U);
  ASSERT_NE(again.last_failure, nullptr);
  EXPECT_EQ(again.last_failure->reason, "BROKEN");
  EXPECT_EQ(again.last_failure->message, "no disk");
  EXPECT_EQ(again.last_failure->queue, "q");
  EXPECT_EQ(again.last_failure->attempt, 1U);
  EXPECT_EQ(again.last_failure->time, now() - 4s);
}

TEST_F(RetryTest, TheFailureNamesTheStage) {
  create("q", {.backoff = 0s});
  put("q", {"a"});
  fail("q", take("q", {.stage = "resize"}).lease);
  EXPECT_EQ(take("q").last_failure->stage, "resize");
}

TEST_F(RetryTest, BackoffGrowsUpToItsMaximum) {
  create("q", {.max_attempts = 0, .backoff = 1s, .max_backoff = 10s, .multiplier = 3.0, .jitter = 0.0});
  put("q", {"a"});
  for (const auto wait : {1s, 3s, 9s, 10s, 10s}) {
    fail("q", take("q").lease);
    EXPECT_EQ(peek_items("q").at(0).due, now() + wait);
    pass(wait);
  }
}

TEST_F(RetryTest, JitterTakesAwayUpToItsPart) {
  create("q", {.capacity = 0, .max_attempts = 0, .backoff = 100s, .multiplier = 1.0, .jitter = 0.5});
  put("q", std::vector<std::string>(200, "x"));
  for (const model::Delivery& item : get("q", 200).get().items) fail("q", item.lease);
  base::Time least = base::kNever;
  base::Time most{};
  for (const PeekedItem& item : peek_items("q", model::ItemState::kDelayed)) {
    ASSERT_GE(item.due.value(), now() + 50s);
    ASSERT_LE(item.due.value(), now() + 100s);
    least = std::min(least, *item.due);
    most = std::max(most, *item.due);
  }
  EXPECT_LT(least, now() + 60s) << "the whole part is used";
  EXPECT_GT(most, now() + 90s);
}

TEST_F(RetryTest, WithoutBackoffItIsThereAtOnce) {
  create("q", {.backoff = 0s});
  put("q", {"a", "b"});
  fail("q", take("q").lease);
  EXPECT_EQ(view("q").waiting, 2U);
  EXPECT_EQ(take("q").body->payload, "a");
}

TEST_F(RetryTest, RetryDelayReplacesTheBackoff) {
  create("q", {.backoff = 1s});
  put("q", {"a"});
  fail("q", take("q").lease, {.retry_delay = 42s});
  EXPECT_EQ(peek_items("q").at(0).due, now() + 42s) << "exactly, without jitter";
  pass(42s);
  fail("q", take("q").lease, {.retry_delay = 0s});
  EXPECT_EQ(take("q").attempt, 3U) << "0 = at once";
}

TEST_F(RetryTest, ComesBackEvenIntoAFullQueue) {
  create("q", {.capacity = 1, .backoff = 1s, .jitter = 0.0});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  put("q", {"b"});
  EXPECT_EQ(fail("q", lease), "OK");
  EXPECT_EQ(view("q").waiting + view("q").delayed, 2U);
  EXPECT_EQ(put("q", {"c"}).outcome(), "QUEUE_FULL");
  take("q");
  EXPECT_EQ(put("q", {"c"}).outcome(), "QUEUE_FULL") << "the delayed one fills it";
}

TEST_F(RetryTest, StaleTokenChangesNothing) {
  create("q", {.backoff = 0s});
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(fail("q", lease), "OK");
  EXPECT_EQ(fail("q", lease), "LEASE_LOST");
  EXPECT_EQ(fail("q", model::LeaseId{12345}), "LEASE_LOST");
  EXPECT_EQ(fail("missing", lease), "QUEUE_NOT_FOUND");
  EXPECT_EQ(view("q").counters.failed, 1U);
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(RetryTest, AttemptsUsedUpDeadLettersWithTheErrorAttached) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  put("q", {"poison"}, {.priority = 3});
  fail("q", take("q").lease, {.reason = "FIRST"});
  EXPECT_FALSE(exists("q.dead"));
  fail("q", take("q").lease, {.reason = "SECOND", .message = "why"});
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.failed, 2U);
  EXPECT_EQ(view("q").counters.retried, 1U);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_EQ(view("q").counters.done, 0U);
  const auto dead = peek_items("q.dead");
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].body->payload, "poison");
  EXPECT_EQ(dead[0].priority, 3);
  ASSERT_NE(dead[0].last_failure, nullptr);
  EXPECT_EQ(dead[0].last_failure->reason, "SECOND");
  EXPECT_EQ(dead[0].last_failure->message, "why");
  EXPECT_EQ(dead[0].last_failure->queue, "q");
  EXPECT_EQ(dead[0].last_failure->attempt, 2U);
}

TEST_F(RetryTest, DoNotRetryDeadLettersAtOnce) {
  create("q", {.max_attempts = 0});
  put("q", {"a"});
  fail("q", take("q").lease, {.do_not_retry = true, .retry_delay = 1s});
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.retried, 0U);
  EXPECT_THAT(peek("q.dead"), ElementsAre("a"));
}

TEST_F(RetryTest, RetryDelayDoesNotAddAttempts) {
  create("q", {.max_attempts = 1});
  put("q", {"a"});
  fail("q", take("q").lease, {.retry_delay = 1s});
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_THAT(peek("q.dead"), ElementsAre("a"));
}

TEST_F(RetryTest, DeadLetterQueueIsAnOrdinaryUnboundedQueue) {
  create("q", {.max_attempts = 1});
  put("q", {"a"});
  fail("q", take("q").lease);
  const QueueView dead = view("q.dead");
  EXPECT_EQ(dead.settings.capacity, 0U);
  EXPECT_EQ(dead.settings.retry.max_attempts, 0U);
  EXPECT_EQ(dead.settings.dead_letter_queue, "");
  EXPECT_EQ(dead.counters.put, 1U);
  EXPECT_EQ(dead.waiting, 1U);
  ASSERT_NE(store().queue("q.dead"), nullptr);
  const model::Delivery item = take("q.dead");
  EXPECT_EQ(item.attempt, 1U) << "a new life: attempts are counted from one";
  EXPECT_NE(item.last_failure, nullptr);
  EXPECT_EQ(fail("q.dead", item.lease, {.retry_delay = 0s}), "OK");
  EXPECT_EQ(take("q.dead").attempt, 2U);
}

TEST_F(RetryTest, DeadLetterWakesAGetThatWaits) {
  create("q", {.max_attempts = 1});
  create("q.dead");
  const TestCaller& undertaker = get("q.dead", 1, {.wait = kForever});
  put("q", {"a"});
  fail("q", take("q").lease);
  EXPECT_THAT(undertaker.payloads(), ElementsAre("a"));
}

TEST_F(RetryTest, DeadLettersAreNeverRefused) {
  create("q", {.max_attempts = 1, .dead_letter_queue = "morgue"});
  create("morgue", {.capacity = 1});
  put("morgue", {"full"});
  const TestCaller& in_line = put("morgue", {"x"}, {.wait = kForever});
  put("q", {"a", "b"});
  fail("q", take("q").lease);
  EXPECT_EQ(view("morgue").waiting, 2U) << "it neither waits for room nor stands in line";
  close("morgue");
  EXPECT_EQ(in_line.outcome(), "QUEUE_CLOSED");
  fail("q", take("q").lease);
  EXPECT_THAT(peek("morgue"), ElementsAre("full", "a", "b"));
  EXPECT_EQ(view("q").counters.dead_lettered, 2U);
}

TEST_F(RetryTest, WithoutADeadLetterQueueItIsDroppedAndCounted) {
  create("q", {.max_attempts = 1, .dead_letter_queue = ""});
  put("q", {"a"});
  const TestCaller& joined = join("q");
  fail("q", take("q").lease);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_FALSE(exists("q.dead"));
  EXPECT_THAT(store().items(), IsEmpty());
}

TEST_F(RetryTest, DeadLettersOfADeadLetterQueueAreDropped) {
  create("q", {.max_attempts = 1});
  put("q", {"a"});
  fail("q", take("q").lease);
  fail("q.dead", take("q.dead").lease, {.do_not_retry = true});
  EXPECT_EQ(view("q.dead").unfinished(), 0U);
  EXPECT_EQ(view("q.dead").counters.dead_lettered, 1U);
  EXPECT_FALSE(exists("q.dead.dead"));
}

TEST_F(RetryTest, LoweredAttemptsHoldForWhatIsLeased) {
  create("q", {.max_attempts = 5, .backoff = 0s});
  put("q", {"a"});
  fail("q", take("q").lease);
  const model::LeaseId lease = take("q").lease;
  update("q", {.max_attempts = 2});
  fail("q", lease);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(RetryTest, OneBadItemStopsNobody) {
  create("q", {.max_attempts = 1});
  put("q", {"good", "bad", "good too"});
  complete("q", take("q").lease);
  fail("q", take("q").lease);
  EXPECT_EQ(complete("q", take("q").lease).outcome(), "ok");
  EXPECT_EQ(view("q").counters.done + view("q").counters.dead_lettered, view("q").counters.put);
}

}  // namespace
}  // namespace sluice::engine::testing
