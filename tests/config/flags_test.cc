#include "server/config/flags.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using ::testing::HasSubstr;

std::variant<Flags, Answer> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sluiced");
  return parse_flags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(ParseFlags, KeepsWhatWasGiven) {
  const auto flags = std::get<Flags>(parse({"--config", "a.yaml", "--listen=[::1]:0", "--log-level", "debug"}));
  EXPECT_EQ(flags.config, "a.yaml");
  EXPECT_FALSE(flags.check_config);
  EXPECT_EQ(flags.settings, (std::map<std::string, std::string>{{"listen", "[::1]:0"}, {"log.level", "debug"}}));
}

TEST(ParseFlags, IsEmptyForNothing) {
  const auto flags = std::get<Flags>(parse({}));
  EXPECT_EQ(flags.config, std::nullopt);
  EXPECT_TRUE(flags.settings.empty());
}

TEST(ParseFlags, RefusesWhatItDoesNotKnow) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{{"--nonsense"},
                                                                     {"positional"},
                                                                     {"--listen"},
                                                                     {"--config"},
                                                                     {"--check-config=maybe"},
                                                                     {"--threads", "1", "--threads", "2"}}) {
    const auto answer = std::get<Answer>(parse(arguments));
    EXPECT_EQ(answer.exit_code, 2) << arguments[0];
    EXPECT_EQ(answer.output, "");
    EXPECT_THAT(answer.error, testing::StartsWith("sluiced: "));
    EXPECT_THAT(answer.error, HasSubstr("sluiced --help"));
  }
}

TEST(ParseFlags, HelpNamesEverythingAndFitsATerminal) {
  const auto answer = std::get<Answer>(parse({"--help"}));
  EXPECT_EQ(answer.exit_code, 0);
  for (const FlagInfo& info : kFlags) {
    if (info.flag != nullptr) {
      EXPECT_THAT(answer.output, HasSubstr(info.flag));
    }
    EXPECT_THAT(answer.output, HasSubstr(info.environment));
  }
  for (const auto* word : {"--config", "--check-config", "--version", kConfigVariable, "Exit codes", "SIGTERM"}) {
    EXPECT_THAT(answer.output, HasSubstr(word));
  }
  std::istringstream lines(answer.output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(ParseFlags, TellsItsVersion) {
  const auto answer = std::get<Answer>(parse({"--version"}));
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.output, testing::MatchesRegex("sluiced [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace sluice::config
