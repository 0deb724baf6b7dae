// The ends of children that stay alive: given up, told to end, or left alone.
#include <csignal>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/handlers/coprocess.h"
#include "tests/handlers/crew_support.h"

namespace sluice::handlers {
namespace {

using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(CoprocessStop, AnIdleChildEndsWhenItsInputDoes) {
  Workers workers(obedient());
  const auto pid = workers.result("pid");
  workers.end();
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
  EXPECT_EQ(workers.exits("SUCCEEDED"), 1U);
  EXPECT_THAT(workers.put("echo late").error().failure.message, StartsWith("given up"));
}

TEST(CoprocessStop, WhoDoesNotHeedTheEndOfItsInputIsKilled) {
  auto spec = by_lines("read line; echo $$; exec sleep 600");
  spec.grace = 100ms;
  Workers workers(spec);
  const auto pid = workers.result("x");
  workers.end();
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
  EXPECT_EQ(workers.exits("SIGNALED"), 1U);
}

TEST(CoprocessStop, WhatItHasInHandIsAnsweredAtTheEnd) {
  auto spec = obedient();
  spec.in_flight = 2;
  Workers workers(spec);
  const auto held = workers.put("hold");
  const auto pid = workers.result("pid");
  workers.end();
  EXPECT_EQ(held.output(), pid);
}

TEST(CoprocessStop, NothingWasEverStarted) {
  Workers workers(obedient());
  workers.end();
  EXPECT_EQ(workers.exits("SUCCEEDED"), 0U);
}

TEST(CoprocessStop, GivingUpTheOnlyItemEndsTheChild) {
  auto spec = obedient();
  spec.grace = 1h;
  Workers workers(spec);
  const auto pid = workers.result("pid");
  const auto item = workers.put("stubborn");
  item.stop();
  EXPECT_THAT(item.error().failure.message, StartsWith("given up"));
  EXPECT_EQ(workers.result("echo next"), "next");
  // It may have been given up before it had begun; then the child is none the worse for it.
  workers.end();
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
}

TEST(CoprocessStop, GivingUpOneItemLetsItsNeighbourFinish) {
  auto spec = obedient();
  spec.in_flight = 3;
  // One thread, which keeps them in order.
  Workers workers(spec, 1);
  const auto given_up = workers.put("hold");
  const auto neighbour = workers.put("hold");
  const auto pid = workers.result("pid");
  given_up.stop();
  EXPECT_THAT(given_up.error().failure.message, StartsWith("given up"));
  // The child gets no more, but answers what it has before it goes.
  EXPECT_EQ(neighbour.output(), pid);
  EXPECT_NE(workers.result("pid"), pid);
}

TEST(CoprocessStop, AnItemThatWaitsIsGivenUpAtOnce) {
  auto spec = obedient();
  // One thread, which keeps them in order.
  Workers workers(spec, 1);
  EXPECT_EQ(workers.result("echo x"), "x");
  const auto running = workers.put("hold");
  const auto waiting = workers.put("echo never");
  waiting.stop();
  EXPECT_THAT(waiting.error().failure.message, StartsWith("given up"));
  EXPECT_FALSE(running.is_over());
}

TEST(CoprocessStop, AHandlerThatIsDestroyedTakesItsChildrenAlong) {
  std::string pid;
  {
    Workers workers(obedient());
    pid = workers.result("pid");
  }
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
  EXPECT_TRUE(has_no_child());
}

TEST(CoprocessStop, ADestroyedContextTakesChildrenAndWaitingItemsAlong) {
  const std::size_t descriptors = open_descriptors();
  {
    auto spec = obedient();
    spec.in_flight = 2;
    Workers workers(spec);
    const auto pid = workers.result("pid");
    std::vector<Pending> all;
    for (int i = 0; i < 5; ++i) all.push_back(workers.put("hold"));
    workers.vanish();
    EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
  }
  EXPECT_TRUE(has_no_child());
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(CoprocessStop, NothingIsLeft) {
  const std::size_t descriptors = open_descriptors();
  {
    auto spec = obedient();
    spec.processes = 3;
    spec.timeout = 200ms;
    spec.grace = 10ms;
    Workers workers(spec);
    for (const char* what : {"exit 1", "hang", "write x\n", "echo y", "background", "signal 9", "mute"}) {
      (void)workers.put(what).outcome();
    }
  }
  EXPECT_TRUE(has_no_child());
  EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace sluice::handlers
