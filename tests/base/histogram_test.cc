#include "server/base/histogram.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/call_counts.h"

namespace sluice::base {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, BucketsIncludeTheirUpperEnd) {
  EXPECT_TRUE(std::ranges::is_sorted(kBuckets));
  EXPECT_EQ(bucket_of(0us), 0U);
  EXPECT_EQ(bucket_of(kBuckets[3]), 3U);
  EXPECT_EQ(bucket_of(kBuckets[3] + 1us), 4U);
  EXPECT_EQ(bucket_of(kBuckets.back() + 1us), kBuckets.size());
}

TEST(Histogram, CountsAndSums) {
  Histogram times;
  times.add(100us);
  times.add(2h);
  times.add(-5us);  // as none
  EXPECT_EQ(times.count(), 3U);
  EXPECT_EQ(times.sum, 2h + 100us);
  EXPECT_EQ(times.counts.front(), 2U);
  EXPECT_EQ(times.counts.back(), 1U);
  Histogram both = times;
  both.add(times);
  EXPECT_EQ(both.count(), 6U);
  EXPECT_EQ(both.sum, 2 * times.sum);
}

TEST(Histogram, IsSharedBetweenThreads) {
  SharedHistogram shared;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared] {
      for (int n = 0; n < 1'000; ++n) shared.add(3ms);
    });
  }
  threads.clear();
  EXPECT_EQ(shared.seen().count(), 4'000U);
  EXPECT_EQ(shared.seen().sum, 12s);
}

TEST(CallCounts, CountsByMethodAndCode) {
  static constexpr CallName kNames[] = {{"s", "A", "unary"}, {"s", "B", "unary"}};
  CallCounts counts(kNames);
  counts.count_start(1);
  counts.count_end(1, absl::StatusCode::kNotFound, 2ms);
  counts.count_end(1, static_cast<absl::StatusCode>(99), 2ms);
  EXPECT_EQ(counts.method(0).started, 0U);
  EXPECT_EQ(counts.method(1).started, 1U);
  EXPECT_EQ(counts.method(1).handled[5], 1U);
  EXPECT_EQ(counts.method(1).handled[2], 1U);
  EXPECT_EQ(counts.method(1).seconds.seen().count(), 2U);
}

}  // namespace
}  // namespace sluice::base
