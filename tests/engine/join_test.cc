// join: at once if nothing is unfinished, and not a moment earlier than that.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using JoinTest = EngineTest;

TEST_F(JoinTest, NewQueueIsIdle) {
  create("q");
  const TestCaller& joined = join("q");
  EXPECT_EQ(joined.outcome(), "done");
  ASSERT_THAT(joined.answers(), SizeIs(1));
  EXPECT_EQ(std::get<QueueView>(joined.join().progress).name, "q");
  EXPECT_EQ(joined.join().idle_count, 0U);
}

TEST_F(JoinTest, UnknownQueue) { EXPECT_EQ(join("q").outcome(), "QUEUE_NOT_FOUND"); }

TEST_F(JoinTest, WaitsForTaskDoneNotForAnEmptyQueue) {  // scenario 4
  create("q");
  put("q", {"a"});
  const TestCaller& joined = join("q");
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(joined.outcome(), "waiting");
  EXPECT_EQ(view("q").waiting_joins, 1U);
  complete("q", lease);
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_EQ(view("q").waiting_joins, 0U);
  EXPECT_EQ(std::get<QueueView>(joined.join().progress).unfinished(), 0U);
  EXPECT_EQ(std::get<QueueView>(joined.join().progress).counters.done, 1U);
}

TEST_F(JoinTest, WaitsForDelayedItemsAndRetries) {
  create("q", {.max_attempts = 2, .backoff = 10s, .jitter = 0.0});
  put("q", {"a"}, {.delay = 10s});
  const TestCaller& joined = join("q");
  pass(10s);
  fail("q", take("q").lease);
  EXPECT_EQ(joined.outcome(), "waiting");
  pass(10s);
  const model::LeaseId last = take("q").lease;
  EXPECT_EQ(joined.outcome(), "waiting");
  fail("q", last);
  EXPECT_EQ(joined.outcome(), "done") << "a dead letter is terminal for the queue it came from";
}

TEST_F(JoinTest, ReturnsWhenTheLastLeaseIsLostForGood) {
  create("q", {.lease = 10s, .max_attempts = 1});
  put("q", {"a"});
  take("q");
  const TestCaller& joined = join("q");
  pass(10s - 1us);
  EXPECT_EQ(joined.outcome(), "waiting");
  pass(1us);
  EXPECT_EQ(joined.outcome(), "done");
}

TEST_F(JoinTest, PurgeCountsAsFinished) {
  create("q");
  put("q", {"a"});
  put("q", {"b"}, {.delay = 1h});
  const TestCaller& joined = join("q");
  EXPECT_EQ(purge("q").value(), 2U);
  EXPECT_EQ(joined.outcome(), "done");
}

TEST_F(JoinTest, EverybodyWhoJoinsIsAnswered) {
  create("q");
  put("q", {"a"});
  const TestCaller& first = join("q");
  const TestCaller& second = join("q");
  EXPECT_EQ(view("q").waiting_joins, 2U);
  complete("q", take("q").lease);
  EXPECT_EQ(first.outcome(), "done");
  EXPECT_EQ(second.outcome(), "done");
}

TEST_F(JoinTest, WithdrawnIsForgotten) {
  create("q");
  put("q", {"a"});
  TestCaller& gone = join("q");
  EXPECT_TRUE(withdraw(gone));
  EXPECT_FALSE(withdraw(gone));
  const std::size_t answers = gone.answers().size();
  complete("q", take("q").lease);
  pass(1h);
  EXPECT_THAT(gone.answers(), SizeIs(answers));
}

TEST_F(JoinTest, DeletingTheQueueEndsIt) {
  create("q");
  put("q", {"a"});
  const TestCaller& joined = join("q");
  EXPECT_TRUE(remove("q", true).ok());
  EXPECT_EQ(joined.outcome(), "QUEUE_NOT_FOUND");
}

TEST_F(JoinTest, TellsWhereItStandsAtOnce) {
  create("q");
  put("q", {"a", "b"});
  const TestCaller& joined = join("q");
  ASSERT_THAT(joined.answers(), SizeIs(1)) << "so that a broken stream can be taken up again";
  EXPECT_FALSE(joined.join().done);
  EXPECT_EQ(joined.join().idle_count, 0U);
  EXPECT_EQ(std::get<QueueView>(joined.join().progress).waiting, 2U);
}

TEST_F(JoinTest, ProgressComesAtMostSoOftenAndOnlyWhenSomethingChanged) {
  create("q");
  put("q", {"a", "b", "c"});
  const TestCaller& joined = join("q", std::nullopt, 10s);
  pass(1h);
  EXPECT_THAT(joined.answers(), SizeIs(1)) << "nothing changed";
  EXPECT_EQ(engine().next_due(), base::kNever) << "waiting costs no polling";
  complete("q", take("q").lease);
  pass(10s);
  ASSERT_THAT(joined.answers(), SizeIs(2));
  EXPECT_EQ(std::get<QueueView>(joined.join().progress).counters.done, 1U);
  const std::size_t before = joined.answers().size();
  for (int i = 0; i < 100; ++i) {
    put("q", {"x"});
    complete("q", take("q").lease);
    pass(100ms);
  }
  EXPECT_LE(joined.answers().size(), before + 2) << "10 s have passed";
  EXPECT_GE(joined.answers().size(), before + 1);
  EXPECT_EQ(joined.outcome(), "waiting");
}

TEST_F(JoinTest, IdleCountCountsHowOftenNothingWasLeft) {
  create("q");
  for (std::uint64_t round = 1; round <= 3; ++round) {
    put("q", {"a"});
    put("q", {"b"});
    EXPECT_EQ(view("q").idle_count, round - 1);
    for (const auto& item : get("q", 2).get().items) complete("q", item.lease);
    EXPECT_EQ(view("q").idle_count, round);
  }
}

TEST_F(JoinTest, TakenUpAgainEndsAtOnceIfTheQueueWasIdleMeanwhile) {
  create("q");
  put("q", {"a"});
  TestCaller& broken = join("q");
  const std::uint64_t since = broken.join().idle_count;
  withdraw(broken);
  EXPECT_EQ(join("q", since).outcome(), "waiting") << "not idle yet";
  complete("q", take("q").lease);
  put("q", {"b"});
  EXPECT_EQ(join("q", since).outcome(), "done") << "it was idle in between";
  EXPECT_EQ(join("q").outcome(), "waiting");
  EXPECT_EQ(join("q", view("q").idle_count).outcome(), "waiting");
}

TEST_F(JoinTest, TakenUpAgainAcrossARestart) {
  create("q");
  put("q", {"a"});
  const std::uint64_t since = join("q").join().idle_count;
  const model::LeaseId lease = take("q").lease;
  restart();
  EXPECT_EQ(join("q", since).outcome(), "waiting");
  EXPECT_EQ(complete("q", lease).outcome(), "LEASE_LOST");
  complete("q", take("q").lease);
  put("q", {"b"});
  restart();
  EXPECT_EQ(join("q", since).outcome(), "done");
}

TEST_F(JoinTest, IgnoresAPause) {
  create("q");
  put("q", {"a"});
  const model::LeaseId lease = take("q").lease;
  pause("q");
  const TestCaller& joined = join("q");
  complete("q", lease);
  EXPECT_EQ(joined.outcome(), "done");
}

TEST_F(JoinTest, DoesNotWaitForWhatWaitsOutside) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  const TestCaller& joined = join("q");
  complete("q", take("q").lease);
  EXPECT_EQ(producer.outcome(), "ok");
  EXPECT_EQ(joined.outcome(), "waiting") << "b came in before a was done";
  complete("q", take("q").lease);
  EXPECT_EQ(joined.outcome(), "done");
}

}  // namespace
}  // namespace sluice::engine::testing
