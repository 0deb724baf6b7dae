// Retry policies that tell attempts that failed from those that were lost with their consumer, and exit codes that are final.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

class LostAttemptsTest : public EngineTest {
 protected:
  // An attempt that ends with its consumer.
  void lose_one() {
    take("q", {.lease = 1s});
    pass(1s);
  }
};

TEST_F(LostAttemptsTest, CountLikeFailedOnesUnlessTheyHaveABoundOfTheirOwn) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  put("q", {"a"});
  lose_one();
  lose_one();
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(LostAttemptsTest, WithABoundOfTheirOwnDoNotUseUpTheOthers) {
  create("q", {.max_attempts = 2, .backoff = 0s, .max_lost_attempts = 4});
  put("q", {"a"});
  for (int i = 0; i < 3; ++i) lose_one();
  fail("q", take("q").lease);
  const model::Delivery last = take("q");
  EXPECT_EQ(last.attempt, 5U) << "all are numbered";
  fail("q", last.lease);
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(LostAttemptsTest, TheLastOneEndsTheItem) {
  create("q", {.max_attempts = 0, .backoff = 0s, .max_lost_attempts = 2});
  put("q", {"a"});
  for (int i = 0; i < 5; ++i) fail("q", take("q").lease);
  lose_one();
  EXPECT_EQ(view("q").waiting, 1U);
  lose_one();
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_EQ(peek_items("q.dead").at(0).last_failure->reason, "LEASE_EXPIRED");
}

TEST_F(LostAttemptsTest, AreKeptAndARestartIsOne) {
  create("q", {.max_attempts = 1, .backoff = 0s, .max_lost_attempts = 3});
  put("q", {"a"});
  lose_one();
  take("q");
  restart();
  EXPECT_EQ(view("q").waiting, 1U);
  take("q");
  restart();
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
}

TEST_F(LostAttemptsTest, TheEndWaitsForWhatMayComeBackThatWay) {
  create("q", {.max_attempts = 1, .max_lost_attempts = 2});
  put("q", {"a"});
  take("q", {.lease = 1s});
  close("q");
  TestCaller& waiting = get("q", 1, {.wait = kForever});
  EXPECT_TRUE(waiting.waiting());
  pass(1s);
  EXPECT_THAT(waiting.payloads(), ElementsAre("a"));
}

TEST_F(LostAttemptsTest, AFinalExitCodeIsNotTriedAgain) {
  create("q", {.max_attempts = 5, .backoff = 0s, .final_exit_codes = std::vector<std::int32_t>{2, 64}});
  put("q", {"a", "b", "c"});
  fail("q", take("q").lease, {.exit_code = 2});
  fail("q", take("q").lease, {.exit_code = 3});
  EXPECT_EQ(view("q").counters.dead_lettered, 1U);
  EXPECT_EQ(view("q").waiting, 2U);
  restart();
  fail("q", take("q").lease, {.exit_code = 64});
  EXPECT_EQ(view("q").counters.dead_lettered, 2U);
}

}  // namespace
}  // namespace sluice::engine::testing
