#include "client/cli/bench/latencies.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using std::chrono::nanoseconds;

TEST(Latencies, SayNothingOfNothing) {
  const Latencies none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.share(0.99), nanoseconds(0));
  EXPECT_EQ(none.max(), nanoseconds(0));
}

TEST(Latencies, KeepSmallTimesExactly) {
  Latencies times;
  for (int i = 1; i <= 10; ++i) times.add(nanoseconds(i));
  EXPECT_EQ(times.share(0.5), nanoseconds(5));
  EXPECT_EQ(times.share(0.99), nanoseconds(10));
  EXPECT_EQ(times.share(0), nanoseconds(1));
}

TEST(Latencies, AreRightToThreePercentOverTheWholeRange) {
  for (std::int64_t time = 1; time < std::int64_t{1} << 55; time = time * 3 + 1) {
    Latencies times;
    times.add(nanoseconds(time));
    times.add(nanoseconds(time * 5));
    const auto shown = times.share(0.5).count();
    EXPECT_GE(shown, time);
    EXPECT_LE(static_cast<double>(shown), static_cast<double>(time) * 1.04);
    EXPECT_EQ(times.share(1), nanoseconds(time * 5)) << "never more than the largest";
  }
}

TEST(Latencies, CountTimesThatManyHadTogether) {
  Latencies times;
  times.add(nanoseconds(1), 999);
  times.add(nanoseconds(20), 1);
  EXPECT_EQ(times.count(), 1'000u);
  EXPECT_EQ(times.share(0.999), nanoseconds(1));
  EXPECT_EQ(times.share(0.9995), nanoseconds(20));
}

TEST(Latencies, AreMerged) {
  Latencies some;
  some.add(nanoseconds(3));
  Latencies others;
  others.add(nanoseconds(7));
  some.merge(others);
  EXPECT_EQ(some.count(), 2u);
  EXPECT_EQ(some.share(0.5), nanoseconds(3));
  EXPECT_EQ(some.max(), nanoseconds(7));
}

TEST(Latencies, TakeWhatIsBeyondEveryBucket) {
  Latencies times;
  times.add(nanoseconds::max());
  times.add(nanoseconds(-5));
  EXPECT_EQ(times.share(1), nanoseconds::max());
  EXPECT_EQ(times.share(0.5), nanoseconds(0));
}

}  // namespace
}  // namespace sluice::cli
