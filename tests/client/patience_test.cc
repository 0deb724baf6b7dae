#include "client/src/patience.h"

#include <gtest/gtest.h>

namespace sluice::internal {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{};

Patience::Limits limits(std::optional<Duration> wait) {
  return {.wait = wait, .call_timeout = 30s, .unreachable = 5s, .unreachable_again = 60s};
}

// How long it goes on when every attempt fails at once.
Duration tries_for(Patience patience) {
  Instant now = kStart;
  while (const auto pause = patience.pause_after_failure(now, now)) {
    EXPECT_GT(*pause, 0us);
    EXPECT_LE(*pause, 1s);
    now += *pause;
  }
  return std::chrono::duration_cast<Duration>(now - kStart);
}

TEST(Patience, GivesAServerThatNeverWasThereTheConnectTimeout) {
  EXPECT_EQ(tries_for(Patience(limits({}), false, kStart)), 5s);
}

TEST(Patience, GivesAServerThatWasThereTheReconnectTimeout) { EXPECT_EQ(tries_for(Patience(limits({}), true, kStart)), 60s); }

TEST(Patience, EndsWithTheCallersOwnWait) { EXPECT_EQ(tries_for(Patience(limits(10s), true, kStart)), 40s); }

TEST(Patience, TriesOnceWithoutATimeout) {
  Patience patience({.wait = 0s, .call_timeout = 30s, .unreachable = 0s, .unreachable_again = 0s}, false, kStart);
  EXPECT_FALSE(patience.pause_after_failure(kStart, kStart).has_value());
}

TEST(Patience, BeginsAnewAfterAnAttemptThatReachedTheServer) {
  Patience patience(limits({}), false, kStart);
  Instant now = kStart + 4s;
  ASSERT_TRUE(patience.pause_after_failure(kStart + 4s, now));
  now += 1h;
  // This attempt waited for an hour before the connection broke.
  ASSERT_TRUE(patience.pause_after_failure(kStart + 4s, now));
  now += 59s;
  EXPECT_TRUE(patience.pause_after_failure(now, now));
  now += 1s;
  EXPECT_FALSE(patience.pause_after_failure(now, now));
}

TEST(Patience, CountsTheWaitDown) {
  const Patience patience(limits(10s), true, kStart);
  EXPECT_EQ(patience.wait_left(kStart), 10s);
  EXPECT_EQ(patience.wait_left(kStart + 4s), 6s);
  EXPECT_EQ(patience.wait_left(kStart + 1h), 0s);
  EXPECT_EQ(patience.attempt_time(kStart + 4s), 36s);
  EXPECT_FALSE(Patience(limits({}), true, kStart).wait_left(kStart + 1h).has_value());
}

}  // namespace
}  // namespace sluice::internal
