#include "server/log/log.h"

#include <sstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::log {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

TEST(Log, WritesTextWithTimeAndLevel) {
  CaptureStderr();
  start({Level::kInfo, Format::kText});
  warn("disk is nearly full", {{"free_bytes", 12}});
  EXPECT_THAT(GetCapturedStderr(),
              ::testing::MatchesRegex("....-..-.. ..:..:..[.].*(warn).* disk is nearly full  free_bytes=12\n"));
}

TEST(Log, WritesOneJsonObjectALine) {
  CaptureStderr();
  start({Level::kInfo, Format::kJson});
  info("hello there", {{"queue", "tasks"}});
  const auto json = nlohmann::json::parse(GetCapturedStderr());
  EXPECT_EQ(json.at("level"), "info");
  EXPECT_EQ(json.at("message"), "hello there");
  EXPECT_EQ(json.at("queue"), "tasks");
  EXPECT_THAT(json.at("time").get<std::string>(), ::testing::MatchesRegex("....-..-..T..:..:..[.]...Z"));
}

TEST(Log, IsJsonByDefaultWhenNobodyIsWatching) {
  CaptureStderr();
  start({});
  info("to a file");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr(R"("message":"to a file")"));
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
  CaptureStderr();
  start({Level::kWarn, Format::kText});
  EXPECT_FALSE(enabled(Level::kInfo));
  EXPECT_TRUE(enabled(Level::kWarn));
  debug("below, debug");
  info("below, info");
  error("above");
  const auto written = lines(GetCapturedStderr());
  ASSERT_EQ(written.size(), 1U);
  EXPECT_THAT(written[0], HasSubstr("above"));
}

TEST(Log, HoldsRepeatsBackAcrossThreads) {
  CaptureStderr();
  start({Level::kInfo, Format::kJson});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) info("the same again and again", {{"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  const auto written = lines(GetCapturedStderr());
  EXPECT_EQ(written.size(), kBurst);
  for (const auto& line : written) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(Log, KnowsItsLevelsAndFormatsByName) {
  EXPECT_EQ(level_named("debug"), Level::kDebug);
  EXPECT_EQ(level_named("warn"), Level::kWarn);
  EXPECT_EQ(level_named("WARN"), std::nullopt);
  EXPECT_EQ(format_named("auto"), Format::kAuto);
  EXPECT_EQ(format_named("xml"), std::nullopt);
}

TEST(Log, ChangesItsLevelWhileItRuns) {
  start({Level::kInfo, Format::kJson});
  EXPECT_EQ(level(), Level::kInfo);
  set_level(Level::kError);
  EXPECT_EQ(level(), Level::kError);
  EXPECT_FALSE(enabled(Level::kWarn));
  CaptureStderr();
  warn("not heard");
  error("still JSON");
  const auto text = GetCapturedStderr();
  EXPECT_THAT(text, ::testing::Not(HasSubstr("not heard")));
  EXPECT_THAT(text, HasSubstr(R"("message":"still JSON")"));
  start({});
}

TEST(Log, NamesItsLevels) {
  for (const Level each : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) EXPECT_EQ(level_named(name(each)), each);
}

}  // namespace
}  // namespace sluice::log
