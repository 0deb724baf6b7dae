// The limits of the server as a whole: LIMIT_REACHED, and nothing was done.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

EngineOptions small() {
  EngineOptions options;
  options.max_queues = 3;
  options.max_waiters = 3;
  options.max_bytes = 100;
  return options;
}

class LimitsTest : public EngineTest {
 protected:
  LimitsTest() : EngineTest(small()) {}
};

TEST_F(LimitsTest, Queues) {
  create("a");
  create("b");
  create("c");
  EXPECT_EQ(create("d"), "LIMIT_REACHED");
  EXPECT_FALSE(exists("d"));
  EXPECT_EQ(create("c"), "QUEUE_EXISTS");
  EXPECT_EQ(create("c", {}, true), "OK");
  EXPECT_TRUE(remove("a").ok());
  EXPECT_EQ(create("d"), "OK");
}

TEST_F(LimitsTest, QueuesOfAPipelineCountAndItIsAllOrNothing) {
  create("a");
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "x", .output = "y"}, {.name = "t", .input = "y", .output = "z"}}),
            "LIMIT_REACHED");
  EXPECT_FALSE(exists("x"));
  EXPECT_FALSE(engine().pipeline(now(), "p").ok());
}

TEST_F(LimitsTest, Waiters) {
  create("q", {.capacity = 1});
  create("empty");
  put("q", {"a"});
  const TestCaller& producer = put("q", {"b"}, {.wait = kForever});
  const TestCaller& consumer = get("empty", 1, {.wait = kForever});
  const TestCaller& joined = join("q");
  EXPECT_EQ(put("q", {"x"}, {.wait = kForever}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(get("empty", 1, {.wait = kForever}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(join("q").outcome(), "LIMIT_REACHED");
  EXPECT_EQ(get("empty", 1, {.wait = kTry}).outcome(), "none") << "who does not wait needs no place";
  EXPECT_EQ(put("q", {"x"}, {.wait = kTry}).outcome(), "QUEUE_FULL");
  EXPECT_EQ(join("empty").outcome(), "done");
  put("empty", {"e"});
  EXPECT_EQ(consumer.outcome(), "ok");
  EXPECT_EQ(get("empty", 1, {.wait = kForever}).outcome(), "waiting") << "a place is free again";
  EXPECT_EQ(producer.outcome(), "waiting");
  EXPECT_EQ(joined.outcome(), "waiting");
}

TEST_F(LimitsTest, RepeatedRequestsThatWaitAreWaitersToo) {
  create("q", {.capacity = 1});
  put("q", {"a"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(put("q", {"b"}, {.wait = kForever, .request_id = "r"}).outcome(), "waiting");
  EXPECT_EQ(put("q", {"b"}, {.wait = kForever, .request_id = "r"}).outcome(), "LIMIT_REACHED");
}

TEST_F(LimitsTest, PlacesOfWaitersAreFreedHoweverTheyEnd) {
  create("q");
  for (int round = 0; round < 10; ++round) {
    TestCaller& gone = get("q", 1, {.wait = kForever});
    ASSERT_EQ(gone.outcome(), "waiting") << round;
    ASSERT_EQ(get("q", 1, {.wait = 1s}).outcome(), "waiting") << round;
    EXPECT_TRUE(withdraw(gone));
    pass(1s);
  }
  EXPECT_EQ(view("q").waiting_gets, 0U);
}

TEST_F(LimitsTest, Bytes) {
  create("q");
  EXPECT_EQ(put("q", {std::string(60, 'a')}).outcome(), "ok");
  EXPECT_EQ(view("q").bytes, 60U);
  EXPECT_EQ(put("q", {std::string(41, 'b')}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(view("q").waiting, 1U);
  EXPECT_EQ(put("q", {std::string(40, 'b')}).outcome(), "ok");
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(view("q").bytes, 100U) << "leased items count";
  EXPECT_EQ(put("q", {"c"}).outcome(), "LIMIT_REACHED");
  complete("q", lease);
  EXPECT_EQ(put("q", {"c"}).outcome(), "ok");
}

TEST_F(LimitsTest, BytesOfAllQueuesTogether) {
  create("p");
  create("q");
  put("p", {std::string(60, 'a')});
  EXPECT_EQ(put("q", {std::string(60, 'a')}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(remove("p", true).value(), 1U);
  EXPECT_EQ(put("q", {std::string(60, 'a')}).outcome(), "ok");
  EXPECT_TRUE(purge("q").ok());
  EXPECT_EQ(put("q", {std::string(100, 'a')}).outcome(), "ok");
}

TEST_F(LimitsTest, BytesIncludeAttributesAndComeBackAfterARestart) {
  create("q");
  auto body = std::make_shared<model::Body>();
  body->payload = std::string(50, 'x');
  body->attributes = {{"key", "value"}};
  PutCommand command;
  command.queue = "q";
  command.items.push_back({.body = body});
  Effects effects;
  engine().put(now(), std::move(command), new_caller("put"), effects);
  carry_out(effects);
  EXPECT_EQ(view("q").bytes, 58U);
  restart();
  EXPECT_EQ(view("q").bytes, 58U);
  EXPECT_EQ(put("q", {std::string(43, 'b')}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(put("q", {std::string(42, 'b')}).outcome(), "ok");
}

TEST_F(LimitsTest, CompletionMayReplaceItsItemByOneOfTheSameSize) {
  create("q");
  create("out");
  put("q", {std::string(90, 'a')});
  const model::LeaseId lease = take("q").lease;
  EXPECT_EQ(complete("q", lease, {{"out", std::string(200, 'b')}}).outcome(), "LIMIT_REACHED");
  EXPECT_EQ(view("q").leased, 1U);
  EXPECT_EQ(complete("q", lease, {{"out", std::string(10, 'b')}}).outcome(), "ok");
}

TEST_F(LimitsTest, FullStoreRefusesPutsWhileConsumersGoOn) {
  create("q", {.backoff = 0s});
  create("out");
  put("q", {"a", "b", "c"});
  engine().set_store_full(true);
  EXPECT_EQ(put("q", {"d"}, {.wait = kForever}).outcome(), "STORAGE_FULL");
  const auto held = get("q", 3).get().items;
  EXPECT_EQ(complete("q", held[0].lease, {{"out", "x"}}).outcome(), "ok");
  EXPECT_EQ(fail("q", held[1].lease), "OK");
  EXPECT_EQ(release("q", held[2].lease), "OK");
  EXPECT_EQ(view("q").waiting, 2U);
  engine().set_store_full(false);
  EXPECT_EQ(put("q", {"d"}).outcome(), "ok");
}

TEST_F(LimitsTest, DeadLettersAreNeverRefused) {
  create("q", {.max_attempts = 1});
  create("b");
  create("c");
  put("q", {std::string(100, 'a')});
  EXPECT_EQ(fail("q", take("q").lease), "OK");
  EXPECT_THAT(peek("q.dead"), SizeIs(1)) << "though there are as many queues and bytes as there may be";
}

}  // namespace
}  // namespace sluice::engine::testing
