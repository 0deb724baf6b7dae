// Times by the calendar.
#include "server/model/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/base/errors.h"

namespace sluice::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text_of(absl::CivilMinute minute) { return std::string(absl::FormatCivilTime(minute)); }

// The first minutes that fit, from this one on.
std::vector<std::string> minutes(std::string_view cron, std::string_view from, std::size_t count) {
  const auto parsed = Cron::parse(cron);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  absl::CivilMinute minute;
  EXPECT_TRUE(absl::ParseCivilTime(std::string(from), &minute)) << from;
  std::vector<std::string> found;
  for (; parsed.ok() && found.size() < count; ++minute) {
    minute = parsed->next(minute);
    found.push_back(text_of(minute));
  }
  return found;
}

TEST(Cron, EveryMinute) {
  EXPECT_THAT(minutes("* * * * *", "2026-12-31T23:58", 3),
              ElementsAre("2026-12-31T23:58", "2026-12-31T23:59", "2027-01-01T00:00"));
}

TEST(Cron, StepsRangesAndLists) {
  EXPECT_THAT(minutes("*/20 * * * *", "2026-03-01T10:01", 3),
              ElementsAre("2026-03-01T10:20", "2026-03-01T10:40", "2026-03-01T11:00"));
  EXPECT_THAT(minutes("0 9-17/4,20 * * *", "2026-03-01T00:00", 5),
              ElementsAre("2026-03-01T09:00", "2026-03-01T13:00", "2026-03-01T17:00", "2026-03-01T20:00", "2026-03-02T09:00"));
  EXPECT_THAT(minutes("50/5 0 * * *", "2026-03-01T00:00", 3),
              ElementsAre("2026-03-01T00:50", "2026-03-01T00:55", "2026-03-02T00:50"));
}

TEST(Cron, WorkingDays) {
  // 2026-11-20 is a Friday.
  EXPECT_THAT(minutes("30 8 * * mon-fri", "2026-11-20T09:00", 2), ElementsAre("2026-11-23T08:30", "2026-11-24T08:30"));
}

TEST(Cron, SundayHasTwoNumbers) {
  for (const std::string_view day : {"0", "7", "sun", "Sun", "6-7"}) {
    const auto found = minutes("0 0 * * " + std::string(day), "2026-11-22T00:00", 1);
    EXPECT_THAT(found, ElementsAre("2026-11-22T00:00")) << day;
  }
}

TEST(Cron, EitherOfTwoRestrictedDaysSuffices) {
  EXPECT_THAT(minutes("0 0 13 * fri", "2026-11-01T00:00", 4),
              ElementsAre("2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00"));
  EXPECT_THAT(minutes("0 0 10 * fri", "2026-11-07T00:00", 2), ElementsAre("2026-11-10T00:00", "2026-11-13T00:00"));
  // Both, where one begins with an asterisk.
  EXPECT_THAT(minutes("0 0 */2 * fri", "2026-11-01T00:00", 2), ElementsAre("2026-11-13T00:00", "2026-11-27T00:00"));
}

TEST(Cron, LeapDays) {
  EXPECT_THAT(minutes("0 12 29 2 *", "2096-03-01T00:00", 2), ElementsAre("2104-02-29T12:00", "2108-02-29T12:00"));
}

TEST(Cron, Nicknames) {
  EXPECT_THAT(minutes("@yearly", "2026-02-01T00:00", 1), ElementsAre("2027-01-01T00:00"));
  EXPECT_THAT(minutes("@annually", "2026-02-01T00:00", 1), ElementsAre("2027-01-01T00:00"));
  EXPECT_THAT(minutes("@monthly", "2026-02-02T00:00", 1), ElementsAre("2026-03-01T00:00"));
  EXPECT_THAT(minutes("@weekly", "2026-11-20T00:00", 1), ElementsAre("2026-11-22T00:00"));
  EXPECT_THAT(minutes("@daily", "2026-11-20T00:01", 1), ElementsAre("2026-11-21T00:00"));
  EXPECT_THAT(minutes("@midnight", "2026-11-20T00:01", 1), ElementsAre("2026-11-21T00:00"));
  EXPECT_THAT(minutes("@hourly", "2026-11-20T00:01", 1), ElementsAre("2026-11-20T01:00"));
}

TEST(Cron, KnowsWhichHaveEveryHour) {
  for (const std::string_view each : {"* * * * *", "7 */1 * * *", "0 0-23 1 * *", "@hourly"}) {
    EXPECT_TRUE(Cron::parse(each)->is_hourly()) << each;
  }
  for (const std::string_view each : {"* 0-22 * * *", "7 */2 * * *", "@daily"})
    EXPECT_FALSE(Cron::parse(each)->is_hourly()) << each;
}

TEST(Cron, RefusesWhatIsNone) {
  for (const std::string_view bad : {"",
                                     "* * * *",
                                     "* * * * * *",
                                     "60 * * * *",
                                     "-1 * * * *",
                                     "* 24 * * *",
                                     "* * 0 * *",
                                     "* * 32 * *",
                                     "* * * 13 *",
                                     "* * * 0 *",
                                     "* * * * 8",
                                     "a * * * *",
                                     "1, * * * *",
                                     ",1 * * * *",
                                     "5-1 * * * *",
                                     "*/0 * * * *",
                                     "*/ * * * *",
                                     "1-2-3 * * * *",
                                     "*/2/2 * * * *",
                                     "1/1.5 * * * *",
                                     "0 0 * mon *",
                                     "@sometimes",
                                     "0 0 30 2 *",
                                     "0 0 31 4,6,9,11 *",
                                     "99999999999 * * * *",
                                     "* * * * *;"}) {
    const auto cron = Cron::parse(bad);
    ASSERT_FALSE(cron.ok()) << bad;
    EXPECT_TRUE(base::is(cron.status(), base::Reason::kInvalidValue)) << cron.status();
    EXPECT_THAT(std::string(cron.status().message()), HasSubstr(bad)) << "quotes what it got";
  }
  EXPECT_THAT(std::string(Cron::parse("0 25 * * *").status().message()), HasSubstr("\"25\" is no hour (0-23)"));
}

}  // namespace
}  // namespace sluice::model
