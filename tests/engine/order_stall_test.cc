// The diagnosis of what waits behind others of its ordering key.
#include "tests/engine/special_fixture.h"

namespace sluice::engine::testing {
namespace {

class OrderStallTest : public SpecialItemsTest {
 protected:
  OrderStallTest() { create("q", {.backoff = 60s, .jitter = 0.0}); }

  void put_keyed(const std::string& payload, const std::string& key) { put_item("q", payload, {.order_key = key}); }
  // "REASON: message" of each.
  std::vector<std::string> stalls() {
    std::vector<std::string> all;
    for (const Stall& stall : view("q").stalls) all.push_back(std::string(name(stall.reason)) + ": " + stall.message);
    return all;
  }
  static std::string held_by(const model::Delivery& item, const std::string& rest) {
    return "ORDER_KEY_HELD: queue \"q\" has " + rest.substr(0, rest.find('|')) + ", behind others of their order keys: item " +
           std::to_string(model::number(item.item)) + " of key " + rest.substr(rest.find('|') + 1);
  }
};

TEST_F(OrderStallTest, AnItemThatIsWorkedOnForLongIsNamedToThoseWhoHaveNothingToDo) {
  put_keyed("a", "customer");
  put_keyed("b", "customer");
  put_keyed("c", "customer");
  const auto item = take("q", {.lease = kForever});
  get("q", 1, {.wait = kForever});
  EXPECT_THAT(stalls(), IsEmpty()) << "at once";
  pass(limits::kOrderKeyPatience - 1ms);
  EXPECT_THAT(stalls(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(stalls(), ElementsAre(held_by(item, "2 waiting items|\"customer\" has been worked on for 5.0 s")));
  complete("q", item.lease);
  EXPECT_THAT(stalls(), IsEmpty()) << "the next one is at work";
}

// Nothing happens but time.
TEST_F(OrderStallTest, AJoinIsToldWhenItBegins) {
  put_keyed("a", "customer");
  put_keyed("b", "customer");
  const auto item = take("q", {.lease = kForever});
  get("q", 1, {.wait = kForever});
  const TestCaller& joined = join("q");
  const auto told_stalls = [&] { return std::get<QueueView>(joined.join().progress).stalls; };
  pass(limits::kOrderKeyPatience - 1ms);
  const std::size_t told = joined.answers().size();
  EXPECT_THAT(told_stalls(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(joined.answers(), SizeIs(told + 1));
  EXPECT_THAT(told_stalls(), SizeIs(1));
  pass(1h);
  EXPECT_THAT(joined.answers(), SizeIs(told + 1)) << "once";
  complete("q", item.lease);
  pass(1s);
  EXPECT_THAT(joined.answers(), SizeIs(told + 2)) << "and that it is over";
  EXPECT_THAT(told_stalls(), IsEmpty());
}

TEST_F(OrderStallTest, WhereEverybodyIsAtWorkNothingIsHeldUp) {
  put_keyed("a", "k");
  put_keyed("b", "k");
  take("q", {.lease = kForever});
  pass(1h);
  EXPECT_THAT(stalls(), IsEmpty());
}

TEST_F(OrderStallTest, SoItIsWhereSomethingElseCouldBeTaken) {
  put_keyed("a", "k");
  put_keyed("b", "k");
  take("q", {.lease = kForever});
  pause("q");
  get("q", 1, {.wait = kForever});
  put_keyed("c", "other");
  pass(1h);
  for (const auto& stall : stalls()) EXPECT_THAT(stall, ::testing::Not(HasSubstr("ORDER_KEY_HELD")));
}

TEST_F(OrderStallTest, TheLongestIsNamed) {
  put_keyed("a", "slow");
  put_keyed("b", "slower");
  const auto slow = take("q", {.lease = kForever});
  pass(1s);
  const auto slower = take("q", {.lease = kForever});
  put_keyed("c", "slow");
  put_keyed("d", "slower");
  get("q", 1, {.wait = kForever, .lease = kForever});
  pass(9s);
  EXPECT_THAT(stalls(), ElementsAre(held_by(slow, "2 waiting items|\"slow\" has been worked on for 10.0 s")));
  complete("q", slow.lease);
  put_keyed("e", "slow");
  get("q", 1, {.wait = kForever});
  EXPECT_THAT(stalls(), ElementsAre(held_by(slower, "2 waiting items|\"slower\" has been worked on for 9.0 s")));
}

TEST_F(OrderStallTest, OneThatWaitsForItsRetryIsNamed) {
  put_keyed("a", "k\n\"");
  put_keyed("b", "k\n\"");
  const auto item = take("q");
  fail("q", item.lease);
  pass(20s);
  EXPECT_THAT(stalls(), ElementsAre(held_by(item, "1 waiting item|\"k.\"\" waits to be tried again, in 40.0 s")));
}

}  // namespace
}  // namespace sluice::engine::testing
