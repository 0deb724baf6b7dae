#include "server/base/clock.h"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using namespace std::chrono_literals;

TEST(AddSaturatingTest, AddsUpToNever) {
  const Time now{1'000'000s};
  EXPECT_EQ(add_saturating(now, 5s), now + 5s);
  EXPECT_EQ(add_saturating(now, 0s), now);
  EXPECT_EQ(add_saturating(now, -5s), now - 5s);
  EXPECT_EQ(add_saturating(now, Duration::max()), kNever);
  EXPECT_EQ(add_saturating(now, kNever - now), kNever);
  EXPECT_EQ(add_saturating(now, kNever - now - 1us), kNever - 1us);
  EXPECT_EQ(add_saturating(kNever, 1us), kNever);
}

TEST(SystemClockTest, NeverGoesBack) {
  const SystemClock clock;
  Time last = clock.now();
  for (int i = 0; i < 10'000; ++i) {
    const Time now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClockTest, IsTheWallClockAtItsStart) {
  const Time before = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const Time now = SystemClock().now();
  EXPECT_GE(now, before - 1s);
  EXPECT_LE(now, before + 60s);
}

}  // namespace
}  // namespace sluice::base
