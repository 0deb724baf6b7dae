#include "client/cli/text.h"

#include <gtest/gtest.h>

#include "proto/yaml/duration.h"

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;

TEST(CountText, GroupsThousands) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'000), "1,000");
  EXPECT_EQ(count_text(12'345'678), "12,345,678");
}

TEST(BytesText, TakesTheUnitThatFits) {
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(4UL << 30), "4.0 GiB");
}

TEST(DurationText, IsReadBackAsTheSame) {
  for (const Duration duration : {Duration(0), Duration(250us), Duration(200ms), Duration(1500ms), Duration(60s),
                                  Duration(5min), Duration(90min), Duration(24h), Duration(1h + 1s)}) {
    EXPECT_EQ(yaml::parse_duration(duration_text(duration)), duration) << duration_text(duration);
  }
  EXPECT_EQ(duration_text(1500ms), "1.5s");
  EXPECT_EQ(duration_text(90min), "1h30m");
}

TEST(ClockText, ShowsSeconds) {
  EXPECT_EQ(clock_text(7s), "0:07");
  EXPECT_EQ(clock_text(12min + 34s), "12:34");
  EXPECT_EQ(clock_text(1h + 2min + 3s), "1:02:03");
}

TEST(Counted, HasAPluralWhereItIsOne) {
  EXPECT_EQ(counted(0, "queue"), "0 queues");
  EXPECT_EQ(counted(1, "queue"), "1 queue");
  EXPECT_EQ(counted(2'000, "queue"), "2,000 queues");
}

TEST(RateText, IsUnknownWhileNothingMoves) {
  EXPECT_EQ(rate_text(0), "-");
  EXPECT_EQ(rate_text(3.14), "3.1/s");
  EXPECT_EQ(rate_text(1234.5), "1,235/s");
}

}  // namespace
}  // namespace sluice::cli
