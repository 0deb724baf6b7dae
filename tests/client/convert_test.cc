// What the wire says, in the library's words.
#include "client/src/convert.h"

#include <limits>

#include <gtest/gtest.h>

namespace sluice::internal {
namespace {

using namespace std::chrono_literals;

TEST(FromUnixMicros, KeepsTheMicrosecond) {
  EXPECT_EQ(from_unix_micros(1'700'000'000'123'456) - Time(), 1'700'000'000'123'456us);
  EXPECT_EQ(from_unix_micros(-1) - Time(), -1us);
}

// The server says so of a lease that never runs out.
TEST(FromUnixMicros, WhatIsTooFarAwayIsTheEndOfTime) {
  EXPECT_EQ(from_unix_micros(std::numeric_limits<std::int64_t>::max()), Time::max());
  EXPECT_EQ(from_unix_micros(std::numeric_limits<std::int64_t>::min()), Time::min());
}

}  // namespace
}  // namespace sluice::internal
