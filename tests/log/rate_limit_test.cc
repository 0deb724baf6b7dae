#include "server/log/rate_limit.h"

#include <gtest/gtest.h>

namespace sluice::log {
namespace {

using namespace std::chrono_literals;

constexpr RateLimit::Time kStart{1h};

TEST(RateLimit, LetsABurstThroughAndThenNothing) {
  RateLimit limit(3, 10s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.admit("m", kStart), 0U);
  EXPECT_EQ(limit.admit("m", kStart + 9s), std::nullopt);
}

TEST(RateLimit, TellsHowManyWereLeftOutOnce) {
  RateLimit limit(1, 10s);
  EXPECT_EQ(limit.admit("m", kStart), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.admit("m", kStart + 1s), std::nullopt);
  EXPECT_EQ(limit.admit("m", kStart + 10s), 5U);
  EXPECT_EQ(limit.admit("m", kStart + 20s), 0U);
}

TEST(RateLimit, KeepsMessagesApart) {
  RateLimit limit(1, 10s);
  EXPECT_EQ(limit.admit("a", kStart), 0U);
  EXPECT_EQ(limit.admit("b", kStart), 0U);
  EXPECT_EQ(limit.admit("a", kStart), std::nullopt);
}

TEST(RateLimit, NeverHoldsBackAMessageItHasNoRoomToCount) {
  RateLimit limit(1, 10s);
  for (std::size_t i = 0; i < RateLimit::kMaxMessages; ++i) EXPECT_EQ(limit.admit(std::to_string(i), kStart), 0U);
  EXPECT_EQ(limit.admit("new", kStart), 0U);
  EXPECT_EQ(limit.admit("new", kStart), 0U);
  // Room again, once windows are over.
  EXPECT_EQ(limit.admit("new", kStart + 10s), 0U);
  EXPECT_EQ(limit.admit("new", kStart + 10s), std::nullopt);
}

}  // namespace
}  // namespace sluice::log
