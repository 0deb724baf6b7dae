#include "proto/yaml/duration.h"

#include <gtest/gtest.h>

namespace sluice::yaml {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, TakesEveryUnit) {
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("200ms"), 200ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("24h"), 24h);
}

TEST(ParseDuration, TakesFractionsToTheMicrosecond) {
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.3s"), 300ms);
  EXPECT_EQ(parse_duration("0.1h"), 6min);
  EXPECT_EQ(parse_duration("0.000001s"), 1us);
  EXPECT_EQ(parse_duration("0.0000001s"), 0us);
  EXPECT_EQ(parse_duration("0.999999s"), 999'999us);
}

TEST(ParseDuration, TakesSeveralUnitsTheLargerFirst) {
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1m0.5s"), 60500ms);
  EXPECT_EQ(parse_duration("30m1h"), std::nullopt);
  EXPECT_EQ(parse_duration("1s1s"), std::nullopt);
}

TEST(ParseDuration, TakesZeroWithoutAUnit) {
  EXPECT_EQ(parse_duration("0"), 0us);
  EXPECT_EQ(parse_duration("0s"), 0us);
}

TEST(ParseDuration, RefusesTheRest) {
  for (const auto* text : {"",
                           "5",
                           "s",
                           "1.s",
                           ".5s",
                           "1..5s",
                           "1.5.5s",
                           "-1s",
                           "+1s",
                           "1 s",
                           " 1s",
                           "1s ",
                           "1d",
                           "1S",
                           "1e3s",
                           "0x1s",
                           "1s30",
                           "99999999999999999999s",
                           "999999999999h",
                           "inf",
                           "1\xc2\xb5s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::yaml
