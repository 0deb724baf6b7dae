#include "server/engine/token_bucket.h"

#include <gtest/gtest.h>

namespace sluice::engine {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kStart{std::chrono::hours{24 * 365 * 50}};

// How many are taken by one who takes whatever he may.
int taken_within(TokenBucket& bucket, base::Time& now, base::Duration time) {
  int count = 0;
  const base::Time end = now + time;
  for (now = std::max(now, bucket.ready()); now <= end; now = std::max(now, bucket.ready())) {
    bucket.take(now);
    ++count;
  }
  now = end;
  return count;
}

TEST(TokenBucket, WithoutARateThereIsNoBound) {
  TokenBucket bucket;
  bucket.set(kStart, 0.0, 1);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_LE(bucket.ready(), kStart);
    bucket.take(kStart);
  }
}

TEST(TokenBucket, GivesABurstAndThenTheRate) {
  TokenBucket bucket;
  bucket.set(kStart, 10.0, 5);
  base::Time now = kStart;
  EXPECT_EQ(taken_within(bucket, now, 0s), 5);
  EXPECT_EQ(bucket.ready(), kStart + 100ms);
  EXPECT_EQ(taken_within(bucket, now, 10s), 100);
}

TEST(TokenBucket, APauseFillsItUpToTheBurst) {
  TokenBucket bucket;
  bucket.set(kStart, 10.0, 5);
  base::Time now = kStart;
  taken_within(bucket, now, 1s);
  now += 1h;
  EXPECT_EQ(taken_within(bucket, now, 0s), 5);
}

TEST(TokenBucket, DoesNotDrift) {
  TokenBucket bucket;
  bucket.set(kStart, 3.0, 1);
  base::Time now = kStart;
  EXPECT_EQ(taken_within(bucket, now, 100'000s), 300'001);
}

TEST(TokenBucket, FastAndSlowRatesAreKept) {
  for (const double rate : {1'000'000.0, 333'333.0, 0.001}) {
    TokenBucket bucket;
    bucket.set(kStart, rate, 1);
    base::Time now = kStart;
    const double seconds = 1'000.0 / rate;
    const auto time = std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
    EXPECT_NEAR(taken_within(bucket, now, time), 1'001, 2) << rate;
  }
}

TEST(TokenBucket, DrainedItGivesOnlyTheRate) {
  TokenBucket bucket;
  bucket.set(kStart, 10.0, 5);
  bucket.drain(kStart);
  base::Time now = kStart;
  EXPECT_EQ(bucket.ready(), kStart + 100ms);
  EXPECT_EQ(taken_within(bucket, now, 1s), 10);
}

TEST(TokenBucket, ANewRateIsInForceAtOnce) {
  TokenBucket bucket;
  bucket.set(kStart, 0.001, 1);
  bucket.take(kStart);
  EXPECT_EQ(bucket.ready(), kStart + 1'000s);
  bucket.set(kStart, 10.0, 1);
  EXPECT_EQ(bucket.ready(), kStart + 100ms);
}

TEST(TokenBucket, ALowerRateDoesNotGiveAgainWhatWasJustTaken) {
  TokenBucket bucket;
  bucket.set(kStart, 1'000.0, 4);
  base::Time now = kStart;
  EXPECT_EQ(taken_within(bucket, now, 0s), 4);
  bucket.set(kStart, 1.0, 4);
  EXPECT_EQ(bucket.ready(), kStart + 1s);
  EXPECT_EQ(taken_within(bucket, now, 2s), 2);
}

TEST(TokenBucket, AHigherRateLeavesWhatWasNotTaken) {
  TokenBucket bucket;
  bucket.set(kStart, 1.0, 4);
  bucket.take(kStart);
  bucket.set(kStart, 1'000.0, 4);
  base::Time now = kStart;
  EXPECT_EQ(taken_within(bucket, now, 0s), 3);
}

TEST(TokenBucket, ASmallerBurstKeepsWhatWasTakenAsFarAsItIsDeep) {
  TokenBucket bucket;
  bucket.set(kStart, 1.0, 10);
  for (int i = 0; i < 3; ++i) bucket.take(kStart);
  bucket.set(kStart, 1.0, 5);
  base::Time now = kStart;
  EXPECT_EQ(taken_within(bucket, now, 0s), 2);
  bucket.set(kStart, 1.0, 2);
  EXPECT_EQ(bucket.ready(), kStart + 1s);
}

TEST(TokenBucket, EvenTheSlowestWithTheLargestBurstDoesNotOverflow) {
  TokenBucket bucket;
  bucket.set(kStart, 0.00001, 1'000'000);
  for (int i = 0; i < 1'000; ++i) bucket.take(kStart);
  EXPECT_LE(bucket.ready(), kStart);
}

}  // namespace
}  // namespace sluice::engine
