// When the ticks of a schedule come: across changes of the clock, and after a time without server.
#include "server/model/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice::model {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

base::Time at(const std::string& utc) {
  absl::Time time;
  std::string why;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%E*S", utc, &time, &why)) << utc << ": " << why;
  return base::Time(base::Duration(absl::ToUnixMicros(time)));
}

std::string text_of(base::Time time) {
  return std::string(
      absl::FormatTime("%Y-%m-%d %H:%M:%E*S", absl::FromUnixMicros(time.time_since_epoch().count()), absl::UTCTimeZone()));
}

Calendar calendar(const std::string& cron, const std::string& zone) {
  auto made = Calendar::of({.cron = cron, .time_zone = zone});
  EXPECT_TRUE(made.ok()) << made.status();
  return made.value_or(Calendar());
}

Calendar every(base::Duration distance) { return *Calendar::of({.every = distance}); }

std::vector<std::string> ticks(const Calendar& calendar, const std::string& after, std::size_t count) {
  std::vector<std::string> found;
  for (base::Time time = at(after); found.size() < count;) {
    time = calendar.after(time);
    found.push_back(text_of(time));
  }
  return found;
}

std::vector<std::string> texts(const std::vector<base::Time>& times) {
  std::vector<std::string> found;
  for (const base::Time time : times) found.push_back(text_of(time));
  return found;
}

TEST(Calendar, WithoutZoneIsUtc) {
  EXPECT_THAT(ticks(calendar("30 6 * * *", ""), "2026-11-22 06:30:00", 2),
              ElementsAre("2026-11-23 06:30:00", "2026-11-24 06:30:00"));
  EXPECT_THAT(ticks(calendar("30 6 * * *", ""), "2026-11-22 06:29:59.999999", 1), ElementsAre("2026-11-22 06:30:00"));
}

TEST(Calendar, AHourOfTheDayStaysThatHourInWinter) {
  // Summer time ends on 2026-10-25.
  EXPECT_THAT(ticks(calendar("0 9 * * *", "Europe/Berlin"), "2026-10-24 00:00:00", 3),
              ElementsAre("2026-10-24 07:00:00", "2026-10-25 08:00:00", "2026-10-26 08:00:00"));
}

// At 02:00 it becomes 03:00.
TEST(Calendar, TimesThatAreLeftOutComeWhenTheClockIsSet) {
  EXPECT_THAT(ticks(calendar("30 2 * * *", "Europe/Berlin"), "2026-03-28 00:00:00", 3),
              ElementsAre("2026-03-28 01:30:00", "2026-03-29 01:00:00", "2026-03-30 00:30:00"));
  // Several of them are one.
  EXPECT_THAT(ticks(calendar("0,20,40 2 * * *", "Europe/Berlin"), "2026-03-29 00:00:00", 2),
              ElementsAre("2026-03-29 01:00:00", "2026-03-30 00:00:00"));
}

// At 03:00 it becomes 02:00.
TEST(Calendar, TimesThatComeTwiceAreTakenOnce) {
  EXPECT_THAT(ticks(calendar("30 2 * * *", "Europe/Berlin"), "2026-10-24 23:00:00", 2),
              ElementsAre("2026-10-25 00:30:00", "2026-10-26 01:30:00"));
  // From a moment between the two on.
  EXPECT_THAT(ticks(calendar("30 2 * * *", "Europe/Berlin"), "2026-10-25 01:10:00", 1), ElementsAre("2026-10-26 01:30:00"));
}

TEST(Calendar, EveryHourGoesOnThroughBothChanges) {
  EXPECT_THAT(ticks(calendar("15 * * * *", "Europe/Berlin"), "2026-10-24 23:00:00", 4),
              ElementsAre("2026-10-24 23:15:00", "2026-10-25 00:15:00", "2026-10-25 01:15:00", "2026-10-25 02:15:00"));
  EXPECT_THAT(ticks(calendar("*/30 * * * *", "Europe/Berlin"), "2026-03-29 00:10:00", 4),
              ElementsAre("2026-03-29 00:30:00", "2026-03-29 01:00:00", "2026-03-29 01:30:00", "2026-03-29 02:00:00"));
  // A place whose clock is set by half an hour: at 02:00 it becomes 01:30, where 01:45 comes again.
  EXPECT_THAT(ticks(calendar("45 * * * *", "Australia/Lord_Howe"), "2026-04-04 14:00:00", 3),
              ElementsAre("2026-04-04 14:45:00", "2026-04-04 15:15:00", "2026-04-04 16:15:00"));
}

TEST(Calendar, ADistanceDoesNotDrift) {
  EXPECT_THAT(ticks(every(90s), "2026-11-22 00:00:00.25", 3),
              ElementsAre("2026-11-22 00:01:30.25", "2026-11-22 00:03:00.25", "2026-11-22 00:04:30.25"));
}

TEST(Calendar, RefusesZonesThatAreNone) {
  const auto made = Calendar::of({.cron = "@daily", .time_zone = "Europe/Bielefeld"});
  ASSERT_TRUE(base::is(made.status(), base::Reason::kInvalidValue)) << made.status();
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("Europe/Bielefeld"));
}

TEST(DueTicks, NothingIsDueBeforeTheFirst) {
  const auto due = every(1s).due(at("2026-11-22 00:00:10"), at("2026-11-22 00:00:09.999999"), 1);
  EXPECT_THAT(due.ticks, IsEmpty());
  EXPECT_EQ(text_of(due.next), "2026-11-22 00:00:10");
}

TEST(DueTicks, ThoseThatAreALittleLateCountAsInTime) {
  const auto due = every(4s).due(at("2026-11-22 00:00:00"), at("2026-11-22 00:00:10"), 0);
  EXPECT_THAT(texts(due.ticks), ElementsAre("2026-11-22 00:00:00", "2026-11-22 00:00:04", "2026-11-22 00:00:08"));
  EXPECT_EQ(due.skipped, 0U);
  EXPECT_EQ(text_of(due.next), "2026-11-22 00:00:12");
  const auto later = every(4s).due(at("2026-11-22 00:00:00"), at("2026-11-22 00:00:10.000001"), 0);
  EXPECT_THAT(texts(later.ticks), ElementsAre("2026-11-22 00:00:04", "2026-11-22 00:00:08"));
  EXPECT_EQ(later.skipped, 1U);
}

TEST(DueTicks, OfThoseThatWereMissedTheLatestAreMadeUpFor) {
  for (const Calendar& each : {every(1h), calendar("0 * * * *", ""), calendar("0 0-23/1 * * *", "Europe/Berlin")}) {
    const auto none = each.due(at("2026-11-22 01:00:00"), at("2026-11-22 07:30:00"), 0);
    EXPECT_THAT(none.ticks, IsEmpty());
    EXPECT_EQ(none.skipped, 7U);
    EXPECT_EQ(text_of(none.next), "2026-11-22 08:00:00");
    const auto two = each.due(at("2026-11-22 01:00:00"), at("2026-11-22 07:30:00"), 2);
    EXPECT_THAT(texts(two.ticks), ElementsAre("2026-11-22 06:00:00", "2026-11-22 07:00:00"));
    EXPECT_EQ(two.skipped, 5U);
    const auto all = each.due(at("2026-11-22 01:00:00"), at("2026-11-22 07:30:00"), 1000);
    EXPECT_THAT(all.ticks, SizeIs(7));
    EXPECT_EQ(all.skipped, 0U);
  }
}

TEST(DueTicks, ThoseInTimeDoNotUseUpTheOthersShare) {
  const auto due = calendar("* * * * *", "").due(at("2026-11-22 00:00:00"), at("2026-11-22 00:05:05"), 3);
  EXPECT_THAT(texts(due.ticks), ElementsAre("2026-11-22 00:03:00", "2026-11-22 00:04:00", "2026-11-22 00:05:00"));
  EXPECT_EQ(due.skipped, 3U);
}

TEST(DueTicks, AreNoMoreThanAllowedAtOnce) {
  const auto due = every(limits::kMinEvery).due(at("2026-11-22 00:00:00"), at("2026-11-22 01:00:00"), 0);
  EXPECT_THAT(due.ticks, SizeIs(limits::kMaxCatchUp));
  EXPECT_EQ(due.ticks.size() + due.skipped, 360'001U);
  const auto minutely =
      calendar("* * * * *", "").due(at("2026-11-21 00:00:00"), at("2026-11-22 00:00:00"), limits::kMaxCatchUp);
  EXPECT_THAT(minutely.ticks, SizeIs(limits::kMaxCatchUp));
  EXPECT_EQ(minutely.ticks.size() + minutely.skipped, 1'441U);
}

// A machine whose clock was wrong for long.
TEST(DueTicks, OfDecadesAreFoundSoon) {
  const auto due = calendar("* * * * *", "Europe/Berlin").due(at("1970-01-01 00:00:00"), at("2026-11-22 00:00:00"), 2);
  EXPECT_THAT(texts(due.ticks), ElementsAre("2026-11-21 23:59:00", "2026-11-22 00:00:00"));
  EXPECT_GE(due.skipped, limits::kMaxTicksWalked);
  EXPECT_EQ(text_of(due.next), "2026-11-22 00:01:00");
}

}  // namespace
}  // namespace sluice::model
