#include "client/cli/watch/page.h"

#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

QueueActivity tasks() {
  QueueActivity made;
  made.queue.set_name("tasks");
  made.queue.mutable_settings()->set_capacity(1'000);
  made.queue.set_waiting(400);
  made.queue.set_delayed(100);
  made.queue.set_waiting_puts(2);
  made.queue.mutable_oldest_age()->set_seconds(65);
  made.put = 12'345.0;
  made.done = 3.21;
  made.stages.push_back({.pipeline = "photos", .name = "resize", .workers = 4, .busy = 3, .done = 3.2, .failed = 0.0});
  made.stalls.push_back("queue \"tasks\" is full and has no consumer");
  return made;
}

std::vector<std::string> plain(const Page& page) {
  std::vector<std::string> lines;
  for (const StyledLine& line : page.lines) lines.push_back(line.plain());
  return lines;
}

// Without its escape sequences.
std::string visible(const std::string& text) { return std::regex_replace(text, std::regex("\x1b\\[[0-9]*m"), ""); }

TEST(Page, ShowsAQueueItsStageAndItsStall) {
  Activity activity;
  activity.queues.push_back(tasks());
  const auto lines = plain(page(activity, {.server = "here:1"}, 24, 80));
  ASSERT_EQ(lines.size(), 24u);
  EXPECT_THAT(lines[0], AllOf(StartsWith("sluice top  here:1  1 queue, 1 stage, 1 stalled")));
  EXPECT_THAT(lines[4], AllOf(StartsWith("tasks "), HasSubstr("[####    ]"), HasSubstr(" 500/1,000  12.3k    3.2 "),
                              HasSubstr("1:05"), HasSubstr("2 puts")));
  EXPECT_THAT(lines[5], AllOf(StartsWith("  > resize"), HasSubstr("[######  ]    3/4 busy"), HasSubstr("3.2")));
  EXPECT_EQ(lines[6], "  ! queue \"tasks\" is full and has no consumer");
  EXPECT_THAT(lines[23], StartsWith("q quit  s sort: name"));
}

TEST(Page, FitsEveryTerminal) {
  Activity activity;
  for (int i = 0; i < 40; ++i) {
    activity.queues.push_back(tasks());
    activity.queues.back().queue.set_name("a-very-long-name-of-a-queue-" + std::string(150, 'x'));
    activity.queues.back().queue.set_paused(true);
  }
  for (const std::size_t rows : {1U, 2U, 5U, 24U, 50U}) {
    for (const std::size_t columns : {1U, 10U, 40U, 76U, 80U, 120U, 200U}) {
      const Page drawn = page(activity, {.server = "here:1"}, rows, columns);
      EXPECT_LE(drawn.lines.size(), rows);
      for (const StyledLine& line : drawn.lines) EXPECT_LE(visible(line.text(columns, true)).size(), columns);
    }
  }
}

TEST(Page, LinesUpAtEightyColumnsWithoutCutting) {
  Activity activity;
  activity.queues.push_back(tasks());
  for (const std::size_t columns : {80U, 120U, 200U}) {
    const Page drawn = page(activity, {.server = "here:1"}, 24, columns);
    EXPECT_LE(drawn.lines[4].columns(), columns);
    EXPECT_EQ(drawn.lines[3].columns(), drawn.lines[4].columns()) << "the heading and the rows";
  }
}

TEST(Page, ScrollsNoFurtherThanToItsEnd) {
  Activity activity;
  for (int i = 0; i < 30; ++i) {
    activity.queues.emplace_back().queue.set_name("queue-" + std::to_string(i));
  }
  const Page drawn = page(activity, {.server = "x", .first = 1'000}, 24, 80);
  EXPECT_EQ(drawn.list_rows, 19u);
  EXPECT_EQ(drawn.last_first, 11u);
  EXPECT_THAT(plain(drawn)[22], StartsWith("queue-29"));
  EXPECT_THAT(plain(drawn)[23], HasSubstr("12-30 of 30"));
}

TEST(Page, SaysThatTheServerDoesNotAnswer) {
  const auto lines = plain(page({}, {.server = "x", .trouble = "UNREACHABLE: connection refused"}, 24, 80));
  EXPECT_THAT(lines[1], HasSubstr("UNREACHABLE: connection refused"));
}

TEST(Page, LeavesTheBarAwayInANarrowTerminal) {
  Activity activity;
  activity.queues.push_back(tasks());
  EXPECT_THAT(plain(page(activity, {}, 24, 70))[4], Not(HasSubstr("[")));
}

TEST(Gauge, ShowsAnythingThatIsThere) {
  EXPECT_EQ(gauge(0, 100, 12), "[          ]");
  EXPECT_EQ(gauge(1, 1'000, 12), "[#         ]");
  EXPECT_EQ(gauge(99, 100, 12), "[######### ]") << "full is shown only when it is";
  EXPECT_EQ(gauge(120, 100, 12), "[##########]");
  EXPECT_EQ(gauge(5, 0, 12), "[          ]");
}

TEST(ShortCount, HasFiveCharactersAtMost) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(9'999), "9,999");
  EXPECT_EQ(short_count(10'000), "10k");
  EXPECT_EQ(short_count(12'345), "12.3k");
  EXPECT_EQ(short_count(99'949), "99.9k");
  EXPECT_EQ(short_count(123'456), "123k");
  EXPECT_EQ(short_count(999'700), "1M");
  EXPECT_EQ(short_count(100'000'000), "100M");
  EXPECT_EQ(short_count(18'446'744'073'709'551'615U), "18.4E");
}

TEST(StyledLine, HasNoColoursWhereNoneAreWanted) {
  StyledLine line("name", Style::kBold);
  line.add(" bad", Style::kBad);
  EXPECT_EQ(line.text(80, false), "\x1b[1mname\x1b[m bad");
  EXPECT_EQ(line.text(80, true), "\x1b[1mname\x1b[m\x1b[31m bad\x1b[m");
  EXPECT_EQ(line.plain(), "name bad");
}

TEST(StyledLine, IsCutAtItsWidthNotInsideAnEscape) {
  StyledLine line("abcdef", Style::kBold);
  line.add("ghijkl", Style::kBad);
  EXPECT_EQ(line.text(9, true), "\x1b[1mabcdef\x1b[m\x1b[31m...\x1b[m");
  EXPECT_EQ(line.text(6, true), "\x1b[1mabcdef\x1b[m");
}

}  // namespace
}  // namespace sluice::cli
