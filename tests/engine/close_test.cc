// close, drained or immediate.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using CloseTest = EngineTest;

TEST_F(CloseTest, ConsumersDrainWhatIsLeft) {
  create("q");
  put("q", {"a", "b"});
  EXPECT_EQ(close("q"), "OK");
  EXPECT_EQ(view("q").state, model::QueueState::kClosed);
  complete("q", take("q").lease);
  complete("q", take("q").lease);
  EXPECT_EQ(get("q").outcome(), "end");
  EXPECT_EQ(view("q").counters.done, 2U);
  EXPECT_EQ(view("q").counters.discarded, 0U);
}

TEST_F(CloseTest, IsIdempotent) {
  create("q");
  put("q", {"a"});
  EXPECT_EQ(close("q"), "OK");
  EXPECT_EQ(close("q"), "OK");
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_EQ(close("missing"), "QUEUE_NOT_FOUND");
}

TEST_F(CloseTest, ImmediateDiscardsWhatIsNotHeld) {
  create("q");
  put("q", {"held", "waiting"});
  put("q", {"delayed"}, {.delay = 1h});
  const model::LeaseId lease = take("q").lease;
  const TestCaller& joined = join("q");
  EXPECT_EQ(close("q", true), "OK");
  EXPECT_EQ(view("q").waiting, 0U);
  EXPECT_EQ(view("q").delayed, 0U);
  EXPECT_EQ(view("q").leased, 1U) << "leased ones finish";
  EXPECT_EQ(view("q").counters.discarded, 2U);
  EXPECT_EQ(joined.outcome(), "waiting");
  EXPECT_EQ(complete("q", lease).outcome(), "ok");
  EXPECT_EQ(joined.outcome(), "done");
}

TEST_F(CloseTest, ImmediateLetsJoinReturn) {
  create("q");
  put("q", {"a", "b"});
  const TestCaller& joined = join("q");
  close("q", true);
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_EQ(joined.join().idle_count, 1U);
  EXPECT_THAT(store().items(), IsEmpty());
  EXPECT_EQ(get("q").outcome(), "end");
}

TEST_F(CloseTest, ImmediateAfterADrainingOneDiscardsTheRest) {
  create("q");
  put("q", {"a", "b"});
  close("q");
  EXPECT_EQ(close("q", true), "OK");
  EXPECT_EQ(view("q").unfinished(), 0U);
  EXPECT_EQ(close("q", true), "OK");
  EXPECT_EQ(close("q", false), "OK");
  EXPECT_EQ(view("q").counters.discarded, 2U);
}

TEST_F(CloseTest, ImmediateEndsGetsAndPutsThatWait) {
  create("q", {.capacity = 1});
  pause("q");
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  close("q", true);
  EXPECT_EQ(producer.outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(consumer.outcome(), "end");
  EXPECT_EQ(view("q").counters.put, 1U);
}

TEST_F(CloseTest, RetriesGoOnInAClosedQueue) {
  create("q", {.max_attempts = 3, .backoff = 5s, .jitter = 0.0});
  put("q", {"a"});
  close("q");
  fail("q", take("q").lease);
  const TestCaller& consumer = get("q", 1, {.wait = kForever});
  EXPECT_EQ(consumer.outcome(), "waiting") << "a delayed item can still come";
  pass(5s);
  EXPECT_THAT(consumer.payloads(), ElementsAre("a"));
}

TEST_F(CloseTest, LastsAcrossARestart) {
  create("q");
  put("q", {"a"});
  close("q");
  restart();
  EXPECT_EQ(view("q").state, model::QueueState::kClosed);
  EXPECT_EQ(put("q", {"b"}).outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(take("q").body->payload, "a");
}

TEST_F(CloseTest, StopByEventDrainsTheBuffer) {  // scenario 21
  create("buffer", {.capacity = 10});
  int written = 0;
  std::vector<TestCaller*> producers;
  for (int burst = 0; burst < 5; ++burst) {
    for (int i = 0; i < 4; ++i) producers.push_back(&put("buffer", {"x"}, {.wait = kForever}));
    complete("buffer", take("buffer").lease);
    ++written;
  }
  std::uint64_t accepted = 0;
  close("buffer");
  for (const TestCaller* producer : producers) accepted += producer->outcome() == "ok" ? 1 : 0;
  for (;; ++written) {
    const TestCaller& writer = get("buffer", 1, {.wait = kForever});
    if (writer.outcome() == "end") break;
    ASSERT_EQ(writer.outcome(), "ok");
    complete("buffer", writer.get().items.at(0).lease);
  }
  EXPECT_EQ(view("buffer").counters.done, static_cast<std::uint64_t>(written));
  EXPECT_EQ(view("buffer").counters.done, accepted) << "nothing lost";
}

}  // namespace
}  // namespace sluice::engine::testing
