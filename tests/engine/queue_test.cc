// Queues as objects: create, update, delete, pause, purge, look.
#include "server/base/errors.h"
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using QueueTest = EngineTest;

TEST_F(QueueTest, HasTheSettingsOfItsSpecAndDefaultsElsewhere) {
  EXPECT_EQ(create("q", {.capacity = 7, .lease = 5s, .max_attempts = 2}), "OK");
  const QueueView q = view("q");
  EXPECT_EQ(q.name, "q");
  EXPECT_EQ(q.settings.capacity, 7U);
  EXPECT_EQ(q.settings.lease_duration, 5s);
  EXPECT_EQ(q.settings.retry.max_attempts, 2U);
  EXPECT_EQ(q.settings.retry.initial_backoff, 1s);
  EXPECT_EQ(q.settings.dead_letter_queue, "q.dead");
  EXPECT_EQ(q.state, model::QueueState::kOpen);
  EXPECT_FALSE(q.paused);
  EXPECT_EQ(q.create_time, now());
  EXPECT_EQ(q.pipeline, "");
  EXPECT_EQ(q.counters, model::QueueCounters{});
  EXPECT_THAT(q.stalls, IsEmpty());
  EXPECT_EQ(q.oldest_age, std::nullopt);
}

TEST_F(QueueTest, CreatingItTwice) {
  create("q", {.capacity = 7});
  put("q", {"a"});
  EXPECT_EQ(create("q", {.capacity = 9}), "QUEUE_EXISTS");
  EXPECT_EQ(create("q", {.capacity = 9}, true), "OK");
  EXPECT_EQ(view("q").settings.capacity, 7U) << "it is left as it is";
  EXPECT_EQ(view("q").waiting, 1U);
}

TEST_F(QueueTest, UpdateChangesOnlyWhatIsSet) {
  create("q", {.capacity = 7, .lease = 5s});
  EXPECT_EQ(update("q", {.lease = 9s}), "OK");
  EXPECT_EQ(view("q").settings.capacity, 7U);
  EXPECT_EQ(view("q").settings.lease_duration, 9s);
  EXPECT_EQ(update("q", {.order = model::QueueOrder::kLifo}), "SETTING_IMMUTABLE");
  EXPECT_EQ(update("q", {.capacity = 8, .order = model::QueueOrder::kLifo}), "SETTING_IMMUTABLE");
  EXPECT_EQ(view("q").settings.capacity, 7U) << "a command that fails changes nothing";
  EXPECT_EQ(update("q", {.capacity = 8, .order = model::QueueOrder::kFifo}), "OK") << "the order it has";
  EXPECT_EQ(update("missing", {.capacity = 8}), "QUEUE_NOT_FOUND");
}

TEST_F(QueueTest, NewLeaseDurationHoldsForNewLeases) {
  create("q", {.lease = 10s});
  put("q", {"a", "b"});
  const model::Delivery a = take("q");
  update("q", {.lease = 1s});
  EXPECT_EQ(take("q").lease_expires, now() + 1s);
  pass(9s);
  EXPECT_EQ(complete("q", a.lease).outcome(), "ok");
}

TEST_F(QueueTest, Delete) {
  create("q");
  EXPECT_EQ(remove("q").value(), 0U);
  EXPECT_FALSE(exists("q"));
  EXPECT_EQ(reason_name(remove("q").status()), "QUEUE_NOT_FOUND");
  EXPECT_EQ(store().queue("q"), nullptr);
}

TEST_F(QueueTest, DeleteOfOneThatIsNotEmptyNeedsForce) {
  create("q");
  put("q", {"a", "b"});
  put("q", {"c"}, {.delay = 1h});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(reason_name(remove("q").status()), "QUEUE_NOT_EMPTY");
  EXPECT_EQ(view("q").unfinished(), 3U);
  EXPECT_EQ(remove("q", true).value(), 3U);
  EXPECT_FALSE(exists("q"));
  EXPECT_THAT(store().items(), IsEmpty());
  EXPECT_EQ(complete("q", lease).outcome(), "QUEUE_NOT_FOUND");
  pass(2h);
}

TEST_F(QueueTest, DeleteOfOneWhoseItemIsLeasedNeedsForce) {
  create("q");
  put("q", {"a"});
  take("q");
  EXPECT_EQ(reason_name(remove("q").status()), "QUEUE_NOT_EMPTY");
}

TEST_F(QueueTest, DeletingEndsEveryoneWhoWaits) {
  create("q", {.capacity = 1});
  pause("q");
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  const TestCaller& consumer = get("q", 1, {.wait = 1h});
  const TestCaller& joined = join("q");
  EXPECT_TRUE(remove("q", true).ok());
  EXPECT_EQ(producer.outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(consumer.outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(joined.outcome(), "QUEUE_NOT_FOUND");
  pass(2h);
}

TEST_F(QueueTest, CreatedAnewItIsAnotherQueue) {
  create("q");
  put("q", {"a"}, {.request_id = "r"});
  const model::LeaseId lease = take("q").lease;
  EXPECT_TRUE(remove("q", true).ok());
  create("q");
  EXPECT_EQ(view("q").counters, model::QueueCounters{});
  EXPECT_EQ(view("q").idle_count, 0U);
  put("q", {"b"}, {.request_id = "r"});
  EXPECT_EQ(view("q").waiting, 1U) << "the request was made of the old one";
  EXPECT_EQ(complete("q", lease).outcome(), "LEASE_LOST");
  restart();
  EXPECT_THAT(peek("q"), ElementsAre("b"));
}

TEST_F(QueueTest, PausedHandsOutNothingWhilePutsGoOn) {
  create("q", {.capacity = 2});
  put("q", {"a"});
  EXPECT_EQ(pause("q"), "OK");
  EXPECT_EQ(pause("q"), "OK");
  EXPECT_TRUE(view("q").paused);
  EXPECT_EQ(get("q").outcome(), "none");
  const TestCaller& consumer = get("q", 5, {.wait = kForever});
  EXPECT_EQ(put("q", {"b"}).outcome(), "ok");
  EXPECT_EQ(consumer.outcome(), "waiting");
  EXPECT_EQ(put("q", {"c"}).outcome(), "QUEUE_FULL");
  EXPECT_EQ(resume("q"), "OK");
  EXPECT_THAT(consumer.payloads(), ElementsAre("a", "b"));
  EXPECT_EQ(resume("q"), "OK");
  EXPECT_FALSE(view("q").paused);
  EXPECT_EQ(pause("missing"), "QUEUE_NOT_FOUND");
  EXPECT_EQ(resume("missing"), "QUEUE_NOT_FOUND");
}

TEST_F(QueueTest, WhatIsHeldMayBeEndedDuringAPause) {
  create("q", {.backoff = 0s});
  put("q", {"a", "b", "c"});
  const auto held = get("q", 3).get().items;
  pause("q");
  EXPECT_EQ(complete("q", held[0].lease).outcome(), "ok");
  EXPECT_EQ(fail("q", held[1].lease), "OK");
  EXPECT_EQ(release("q", held[2].lease), "OK");
  EXPECT_EQ(get("q").outcome(), "none");
  EXPECT_EQ(view("q").waiting, 2U);
}

TEST_F(QueueTest, ResumingServesGetsAndThenTheLineOfPuts) {
  create("q", {.capacity = 1});
  pause("q");
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  const TestCaller& first = get("q", 1, {.wait = kForever});
  const TestCaller& second = get("q", 1, {.wait = kForever});
  resume("q");
  EXPECT_THAT(first.payloads(), ElementsAre("a"));
  EXPECT_EQ(producer.outcome(), "ok");
  EXPECT_THAT(second.payloads(), ElementsAre("b"));
}

TEST_F(QueueTest, PauseLastsAcrossARestart) {
  create("q");
  put("q", {"a"});
  pause("q");
  restart();
  EXPECT_TRUE(view("q").paused);
  EXPECT_EQ(get("q").outcome(), "none");
}

TEST_F(QueueTest, RefuseAllAnswersEveryoneWhoWaitsAndChangesNothingElse) {
  create("q", {.capacity = 1, .lease = 10s});
  create("empty");
  create_pipeline("p", {{.name = "s", .input = "in", .output = "q"}});
  put("q", {"a"});
  put("in", {"b"});
  const TestCaller& producer = put("q", {"x"}, {.wait = 1h});
  const model::LeaseId lease = take("in").lease;
  const TestCaller& completion = complete("in", lease, {{"q", "y"}}, {.wait = kForever});
  const TestCaller& consumer = get("empty", 1, {.wait = 1h});
  const TestCaller& joined = join("q");
  const TestCaller& pipeline_joined = join_pipeline("p");
  Effects effects;
  engine().refuse_all(now(), base::error(base::Reason::kShuttingDown, "the server is going down"), effects);
  carry_out(effects);
  for (const TestCaller* caller : {&producer, &completion, &consumer, &joined, &pipeline_joined}) {
    EXPECT_EQ(caller->outcome(), "SHUTTING_DOWN") << caller->name();
  }
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_EQ(view("q").waiting_puts, 0U);
  EXPECT_EQ(view("q").counters.rejected, 0U);
  EXPECT_EQ(view("empty").waiting_gets, 0U);
  EXPECT_EQ(complete("in", lease).outcome(), "ok") << "what is held is still held";
  pass(2h);
}

TEST_F(QueueTest, PurgeDiscardsWhatIsNotHeld) {
  create("q", {.capacity = 3});
  put("q", {"held", "a"});
  const model::LeaseId lease = take("q").lease;
  put("q", {"b", "c"}, {.delay = 1h});
  const TestCaller& producer = put("q", {"d"}, {.wait = kForever});
  EXPECT_EQ(purge("q").value(), 3U);
  EXPECT_EQ(producer.outcome(), "ok") << "there is room now";
  EXPECT_EQ(view("q").counters.discarded, 3U);
  EXPECT_EQ(view("q").leased, 1U);
  EXPECT_EQ(complete("q", lease).outcome(), "ok");
  EXPECT_EQ(purge("q").value(), 1U);
  EXPECT_EQ(purge("q").value(), 0U);
  EXPECT_EQ(reason_name(purge("missing").status()), "QUEUE_NOT_FOUND");
}

TEST_F(QueueTest, OldestAgeIsOfTheLongestWaiting) {
  create("q");
  put("q", {"a"});
  pass(5s);
  put("q", {"b"});
  pass(1s);
  EXPECT_EQ(view("q").oldest_age, 6s);
  take("q");
  EXPECT_EQ(view("q").oldest_age, 1s);
  take("q");
  EXPECT_EQ(view("q").oldest_age, std::nullopt);
}

TEST_F(QueueTest, PeekLooksWithoutTaking) {
  create("q", {.lease = 10s});
  put("q", {"a", "b", "c"});
  put("q", {"late"}, {.delay = 2h});
  put("q", {"soon"}, {.delay = 1h});
  take("q");
  EXPECT_THAT(peek("q"), ElementsAre("b", "c", "soon", "late", "a")) << "waiting, delayed, leased";
  EXPECT_THAT(peek("q", model::ItemState::kDelayed), ElementsAre("soon", "late"));
  EXPECT_THAT(peek("q", model::ItemState::kLeased), ElementsAre("a"));
  const auto page = engine().peek("q", std::nullopt, 1, 3);
  ASSERT_TRUE(page.ok());
  ASSERT_THAT(*page, SizeIs(3));
  EXPECT_EQ(page->at(0).body->payload, "c");
  EXPECT_EQ(page->at(1).due, now() + 1h);
  EXPECT_THAT(*engine().peek("q", std::nullopt, 5, 3), IsEmpty());
  EXPECT_EQ(reason_name(engine().peek("missing", std::nullopt, 0, 1).status()), "QUEUE_NOT_FOUND");
  EXPECT_EQ(view("q").counters.delivered, 1U);
}

TEST_F(QueueTest, ListIsInOrderOfNamesWithPrefixAndPages) {
  for (const char* name : {"b", "a", "ab", "c", "aa", "a.dead"}) create(name);
  const auto names = [&](std::string_view prefix, std::string_view after, std::size_t limit) {
    std::vector<std::string> all;
    for (const QueueView& queue : engine().list_queues(now(), prefix, after, limit)) all.push_back(queue.name);
    return all;
  };
  EXPECT_THAT(names("", "", 100), ElementsAre("a", "a.dead", "aa", "ab", "b", "c"));
  EXPECT_THAT(names("a", "", 100), ElementsAre("a", "a.dead", "aa", "ab"));
  EXPECT_THAT(names("a", "", 2), ElementsAre("a", "a.dead"));
  EXPECT_THAT(names("a", "a.dead", 2), ElementsAre("aa", "ab"));
  EXPECT_THAT(names("a", "ab", 2), IsEmpty());
  EXPECT_THAT(names("", "aaa", 2), ElementsAre("ab", "b")) << "also after a name that is gone";
  EXPECT_THAT(names("x", "", 2), IsEmpty());
}

}  // namespace
}  // namespace sluice::engine::testing
