// FIFO, LIFO, PRIORITY, and where a returned item goes.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using enum model::QueueOrder;

class OrderTest : public EngineTest {
 protected:
  void put_with(std::int64_t priority, const std::string& payload) { put("q", {payload}, {.priority = priority}); }

  std::vector<std::string> drain() { return get("q", 100).payloads(); }
};

TEST_F(OrderTest, FifoIsTheDefault) {
  create("q");
  EXPECT_EQ(view("q").settings.order, kFifo);
  put_with(5, "a");
  put_with(1, "b");
  put_with(3, "c");
  EXPECT_THAT(drain(), ElementsAre("a", "b", "c")) << "priorities do not matter";
}

TEST_F(OrderTest, LifoHandsOutTheNewestFirst) {
  create("q", {.order = kLifo});
  put("q", {"a", "b"});
  put("q", {"c"});
  EXPECT_THAT(peek("q"), ElementsAre("c", "b", "a"));
  EXPECT_EQ(take("q").body->payload, "c");
  put("q", {"d"});
  EXPECT_THAT(drain(), ElementsAre("d", "b", "a"));
}

TEST_F(OrderTest, PriorityHandsOutTheSmallestFirstTiesInOrderOfArrival) {
  create("q", {.order = kPriority});
  put_with(2, "c");
  put_with(1, "a");
  put_with(2, "d");
  put_with(1, "b");
  put_with(std::numeric_limits<std::int64_t>::min(), "first");
  put_with(std::numeric_limits<std::int64_t>::max(), "last");
  EXPECT_THAT(peek("q"), ElementsAre("first", "a", "b", "c", "d", "last"));
  EXPECT_THAT(drain(), ElementsAre("first", "a", "b", "c", "d", "last"));
}

TEST_F(OrderTest, FifoReturnedItemsGoBackToTheirOldPlace) {
  create("q");
  put("q", {"a", "b", "c", "d"});
  const auto held = get("q", 3).get().items;
  put("q", {"e"});
  release("q", held[2].lease);
  release("q", held[0].lease);
  release("q", held[1].lease);
  EXPECT_THAT(drain(), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(OrderTest, FifoReturnedAfterBackoffGoesBackToItsOldPlace) {
  create("q", {.backoff = 5s, .jitter = 0.0});
  put("q", {"a", "b"});
  fail("q", take("q").lease);
  put("q", {"c"});
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("b", "c"));
  pass(5s);
  EXPECT_THAT(drain(), ElementsAre("a", "b", "c"));
}

TEST_F(OrderTest, FifoLostLeasesGoBackToTheHead) {
  create("q", {.lease = 10s});
  put("q", {"a", "b", "c"});
  get("q", 2);
  put("q", {"d"});
  pass(10s);
  EXPECT_THAT(drain(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(OrderTest, PriorityReturnedItemsGoBackToTheirOldPlace) {
  create("q", {.order = kPriority});
  put_with(2, "c");
  put_with(1, "a");
  put_with(1, "b");
  const auto held = get("q", 3).get().items;
  put_with(1, "b2");
  put_with(0, "first");
  for (const auto& item : held) release("q", item.lease);
  EXPECT_THAT(drain(), ElementsAre("first", "a", "b", "b2", "c"));
}

TEST_F(OrderTest, LifoReturnedItemIsTheNextToBeTaken) {
  create("q", {.order = kLifo});
  put("q", {"a", "b", "c"});
  const model::LeaseId c = take("q").lease;
  const model::LeaseId b = take("q").lease;
  put("q", {"d"});
  release("q", b);
  EXPECT_EQ(peek("q").at(0), "b");
  release("q", c);
  EXPECT_THAT(drain(), ElementsAre("c", "b", "d", "a"));
}

TEST_F(OrderTest, LifoReturnedByALostLease) {
  create("q", {.order = kLifo, .lease = 10s});
  put("q", {"a", "b"});
  take("q");
  put("q", {"c"});
  pass(10s);
  EXPECT_THAT(drain(), ElementsAre("b", "c", "a"));
}

TEST_F(OrderTest, IsTheSameAfterARestart) {
  for (const auto order : {kFifo, kLifo, kPriority}) {
    create("q", {.order = order});
    for (int i = 0; i < 20; ++i) put_with((i * 7) % 5, std::to_string(i));
    const auto held = get("q", 6).get().items;
    put_with(2, "late");
    for (const std::size_t i : {3U, 0U, 5U, 1U}) release("q", held[i].lease);
    complete("q", held[2].lease);
    complete("q", held[4].lease);
    const auto before = peek("q");
    restart();
    EXPECT_EQ(peek("q"), before);
    put_with(2, "after");
    restart();
    EXPECT_THAT(peek("q"), SizeIs(before.size() + 1));
    EXPECT_TRUE(remove("q", true).ok());
  }
}

TEST_F(OrderTest, FifoArrivalIsAdmissionNotTheCall) {
  create("q", {.capacity = 2});
  put("q", {"a", "b"});
  put("q", {"waits"}, {.wait = kForever});
  take("q");
  take("q");
  put("q", {"c"});
  EXPECT_THAT(peek("q", model::ItemState::kWaiting), ElementsAre("waits", "c"));
}

TEST_F(OrderTest, PriorityServesTheWaitingGetsSmallestFirst) {
  create("q", {.order = kPriority});
  const TestCaller& first = get("q", 1, {.wait = kForever});
  const TestCaller& second = get("q", 1, {.wait = kForever});
  auto body = std::make_shared<const model::Body>();
  PutCommand command;
  command.queue = "q";
  for (const std::int64_t priority : {3, 1, 2}) command.items.push_back({.body = body, .priority = priority});
  Effects effects;
  engine().put(now(), std::move(command), new_caller("put"), effects);
  carry_out(effects);
  EXPECT_EQ(first.get().items.at(0).priority, 1);
  EXPECT_EQ(second.get().items.at(0).priority, 2);
}

}  // namespace
}  // namespace sluice::engine::testing
