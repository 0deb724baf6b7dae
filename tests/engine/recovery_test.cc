// A server that dies and comes back: a new engine out of the last record of every key.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using RecoveryTest = EngineTest;

TEST_F(RecoveryTest, AnEmptyJournalIsAnEmptyServer) {
  restart();
  EXPECT_THAT(engine().list_queues(now(), "", "", 10), IsEmpty());
  EXPECT_EQ(engine().next_due(), base::kNever);
}

TEST_F(RecoveryTest, QueuesItemsAndCountersAreAsBefore) {
  create("q", {.capacity = 9, .order = model::QueueOrder::kPriority, .lease = 7s, .max_attempts = 3});
  put("q", {"a", "b"}, {.priority = 2});
  put("q", {"c"}, {.priority = 1});
  put("q", {"later"}, {.delay = 1h});
  complete("q", take("q").lease);
  const QueueView before = view("q");
  const auto items_before = peek_items("q");
  restart(10s);
  const QueueView after_restart = view("q");
  EXPECT_EQ(after_restart.settings, before.settings);
  EXPECT_EQ(after_restart.counters, before.counters);
  EXPECT_EQ(after_restart.waiting, 2U);
  EXPECT_EQ(after_restart.delayed, 1U);
  EXPECT_EQ(after_restart.bytes, before.bytes);
  EXPECT_EQ(after_restart.create_time, before.create_time);
  EXPECT_EQ(after_restart.idle_count, before.idle_count);
  const auto items_after = peek_items("q");
  ASSERT_EQ(items_after.size(), items_before.size());
  for (std::size_t i = 0; i < items_after.size(); ++i) {
    EXPECT_EQ(items_after[i].id, items_before[i].id);
    EXPECT_EQ(*items_after[i].body, *items_before[i].body);
    EXPECT_EQ(items_after[i].priority, items_before[i].priority);
    EXPECT_EQ(items_after[i].put_time, items_before[i].put_time);
    EXPECT_EQ(items_after[i].due, items_before[i].due);
  }
}

TEST_F(RecoveryTest, LeasedItemsGoBackToTheHeadWithTheirAttemptCounted) {
  create("q", {.max_attempts = 3});
  put("q", {"a", "b", "c"});
  const model::LeaseId lease = take("q").lease;
  restart();
  EXPECT_EQ(view("q").leased, 0U);
  EXPECT_THAT(peek("q"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(complete("q", lease).outcome(), "LEASE_LOST");
  const model::Delivery again = take("q");
  EXPECT_EQ(again.attempt, 2U);
  EXPECT_GT(number(again.lease), number(lease)) << "tokens are never given twice";
  ASSERT_NE(again.last_failure, nullptr);
  EXPECT_EQ(again.last_failure->reason, model::failure_reason::kServerRestarted);
}

TEST_F(RecoveryTest, CrashLoopingItemEndsInTheDeadLetterQueue) {
  create("q", {.max_attempts = 3});
  put("q", {"crasher"});
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(take("q").attempt, attempt);
    restart();
  }
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_EQ(view("q").idle_count, 1U);
  EXPECT_THAT(peek("q.dead"), ElementsAre("crasher"));
  restart();
  EXPECT_THAT(peek("q.dead"), ElementsAre("crasher")) << "recovery itself is recorded";
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(RecoveryTest, RestoredAttemptsAreRecorded) {
  create("q", {.max_attempts = 0});
  put("q", {"a"});
  take("q");
  restart();
  restart();
  restart();
  EXPECT_EQ(take("q").attempt, 2U) << "only a restart while it was held counts";
}

TEST_F(RecoveryTest, DelaysGoOn) {
  create("q", {.backoff = 30s, .jitter = 0.0});
  put("q", {"a"}, {.delay = 10s});
  put("q", {"b"}, {.delay = 20s});
  restart(15s);
  pass(0s);
  EXPECT_EQ(take("q").body->payload, "a");
  EXPECT_EQ(get("q").outcome(), "none");
  pass(5s);
  const model::LeaseId lease = take("q").lease;
  fail("q", lease);
  restart(29s);
  EXPECT_EQ(view("q").delayed, 1U);
  pass(1s);
  EXPECT_EQ(view("q").delayed, 0U);
}

TEST_F(RecoveryTest, FailuresTravelThroughARestart) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  put("q", {"a"});
  fail("q", take("q").lease, {.reason = "BROKEN", .message = "why"});
  restart();
  EXPECT_EQ(take("q").last_failure->message, "why");
}

TEST_F(RecoveryTest, WhoWaitedIsGone) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  restart();
  EXPECT_EQ(view("q").waiting_puts, 0U);
  take("q");
  EXPECT_EQ(view("q").counters.put, 1U);
  EXPECT_EQ(producer.outcome(), "waiting");
}

TEST_F(RecoveryTest, CompletionThatWaitedIsLikeAnyLease) {
  create("q", {.max_attempts = 2});
  create("out", {.capacity = 1});
  put("out", {"full"});
  put("q", {"a"});
  complete("q", take("q").lease, {{"out", "x"}}, {.wait = kForever});
  restart();
  EXPECT_THAT(peek("out"), ElementsAre("full"));
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_EQ(take("q").attempt, 2U);
}

TEST_F(RecoveryTest, IdsGoOnGrowing) {
  create("q", {.capacity = 0});
  model::ItemId last{};
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) {
      const model::ItemId id = put("q", {"x"}).put().first;
      ASSERT_GT(number(id), number(last));
      last = id;
    }
    restart();
  }
  EXPECT_EQ(view("q").waiting, 2'000U);
}

TEST_F(RecoveryTest, QueueIdsAreNotReusedAfterADelete) {
  create("q");
  const model::QueueId old_id = store().queue("q")->id;
  EXPECT_TRUE(remove("q").ok());
  restart();
  create("q");
  EXPECT_NE(store().queue("q")->id, old_id);
}

TEST_F(RecoveryTest, NewIdsBeginWhereTheOptionsSay) {
  EngineOptions options;
  options.first_id = 5'000'000;
  Engine other(options);
  Effects effects;
  other.finish_restore(now(), effects);
  model::QueueSpec spec;
  spec.name = "q";
  ASSERT_TRUE(other.create_queue(now(), spec, false, effects).ok());
  PutCommand put_one;
  put_one.queue = "q";
  put_one.items.push_back({.body = std::make_shared<const model::Body>()});
  TestCaller producer;
  other.put(now(), std::move(put_one), producer, effects);
  carry_out(effects);
  TestCaller consumer;
  other.get(now(), {.queue = "q", .give_up = now()}, consumer, effects);
  carry_out(effects);
  EXPECT_GE(number(producer.put().first), 5'000'000U);
  EXPECT_GE(number(consumer.get().items.at(0).lease), 5'000'000U);
}

TEST_F(RecoveryTest, PipelinesComeBackAndAskForTheirWorkers) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 3}, {.name = "t", .input = "out"}});
  scale("p", "s", 5);
  pause_stage("p", "t");
  start_worker("p", "s");
  restart();
  EXPECT_EQ(last_change("s").wanted_workers, 5U);
  EXPECT_EQ(last_change("s").pipeline, "p");
  EXPECT_TRUE(!changed("t") || last_change("t").wanted_workers == 0U) << "still paused";
  EXPECT_EQ(stage_state("p", "t"), model::StageState::kPaused);
  EXPECT_EQ(pipeline("p").stages.at(0).workers, 0U) << "none has reported yet";
  EXPECT_EQ(view("in").pipeline, "p");
  resume_stage("p", "t");
  EXPECT_EQ(last_change("t").wanted_workers, 1U);
}

TEST_F(RecoveryTest, CascadeGoesOnAfterARestart) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}, {.name = "t", .input = "out"}});
  put("in", {"a"});
  start_worker("p", "s");
  start_worker("p", "t");
  close_pipeline("p");
  const model::LeaseId lease = take("in").lease;
  complete("in", lease, {{"out", "x"}});
  restart();
  start_worker("p", "s");
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), model::StageState::kFinished);
  EXPECT_EQ(view("out").state, model::QueueState::kClosed);
  restart();
  EXPECT_EQ(stage_state("p", "s"), model::StageState::kFinished);
  start_worker("p", "t");
  complete("out", take("out").lease);
  stop_worker("p", "t");
  EXPECT_TRUE(pipeline("p").finished);
}

}  // namespace
}  // namespace sluice::engine::testing
