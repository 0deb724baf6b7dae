#include "client/cli/command_line.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/exit_codes.h"

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;

// What parsing gives, and what it prints on standard error.
struct Parsed {
  CommandLine line;
  std::string complaint;
};

Parsed parse_words(std::vector<const char*> words) {
  words.insert(words.begin(), "sluice");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Parsed parsed{.line = parse(static_cast<int>(words.size()), words.data()), .complaint = {}};
  testing::internal::GetCapturedStdout();
  parsed.complaint = testing::internal::GetCapturedStderr();
  return parsed;
}

bool makes_sense(std::vector<const char*> words) {
  const Parsed parsed = parse_words(std::move(words));
  return !parsed.line.exit_code.has_value() && static_cast<bool>(parsed.line.command);
}

// The exit code of a line that makes no sense, 0 if it does.
std::string complaint_about(std::vector<const char*> words) {
  const Parsed parsed = parse_words(std::move(words));
  EXPECT_EQ(parsed.line.exit_code, kUsage);
  return parsed.complaint;
}

TEST(CommandLine, GlobalOptionsStandBeforeOrBehindTheCommand) {
  EXPECT_EQ(parse_words({"--server", "h:1", "ls"}).line.globals.server, "h:1");
  EXPECT_EQ(parse_words({"ls", "--server", "h:1"}).line.globals.server, "h:1");
  EXPECT_TRUE(parse_words({"pipeline", "ls", "--json"}).line.globals.json);
  EXPECT_EQ(parse_words({"ls", "--connect-timeout", "250ms"}).line.globals.connect_timeout, 250ms);
}

TEST(CommandLine, TheEnvironmentNamesTheServerUnlessAFlagDoes) {
  setenv("SLUICE_SERVER", "env:1", 1);
  EXPECT_EQ(parse_words({"ls"}).line.globals.server, "env:1");
  EXPECT_EQ(parse_words({"--server", "flag:2", "ls"}).line.globals.server, "flag:2");
  unsetenv("SLUICE_SERVER");
  EXPECT_EQ(parse_words({"ls"}).line.globals.server, "127.0.0.1:7410");
}

std::string help_of(std::vector<const char*> words) {
  words.insert(words.begin(), "sluice");
  testing::internal::CaptureStdout();
  EXPECT_EQ(parse(static_cast<int>(words.size()), words.data()).exit_code, kOk);
  return testing::internal::GetCapturedStdout();
}

TEST(CommandLine, HelpOfACommandIsAskedForInTwoWays) {
  EXPECT_EQ(help_of({"help"}), help_of({"--help"}));
  EXPECT_EQ(help_of({"help", "dead", "ls"}), help_of({"dead", "ls", "--help"}));
  EXPECT_THAT(help_of({"help"}), testing::AllOf(testing::HasSubstr("\nQueues:\n"), testing::HasSubstr("\nItems:\n"),
                                                testing::HasSubstr("5 something does not move")));
}

TEST(CommandLine, TakesWhatTheHelpSays) {
  EXPECT_TRUE(makes_sense({"create", "q", "--capacity", "10", "--order", "lifo", "--lease", "1m", "--if-missing"}));
  EXPECT_TRUE(makes_sense({"create", "q", "--dead-letter", "-"}));
  EXPECT_TRUE(makes_sense({"update", "q", "--durability", "memory"}));
  EXPECT_TRUE(makes_sense({"put", "q", "a", "b", "--attr", "k=v", "--attr", "x=", "--wait", "0"}));
  EXPECT_TRUE(makes_sense({"put", "q", "--file", "a", "b", "--priority", "-3"}));
  EXPECT_TRUE(makes_sense({"put", "q", "--lines"}));
  EXPECT_TRUE(makes_sense({"put", "q", "--attr", "k=v", "payload"})) << "an attribute does not swallow the payload";
  EXPECT_TRUE(makes_sense({"get", "q", "-n", "10", "--done"}));
  EXPECT_TRUE(makes_sense({"done", "q", "1", "18446744073709551615"}));
  EXPECT_TRUE(makes_sense({"join", "q", "--queue"}));
  EXPECT_TRUE(makes_sense({"stage", "scale", "p", "s", "0"}));
  EXPECT_TRUE(makes_sense({"work", "--stage", "p/s", "--name", "w", "--concurrency", "4", "--", "true", "-x"}));
  EXPECT_TRUE(makes_sense({"work", "--stage", "s", "--pipeline", "a/b", "--", "true"}));
  EXPECT_TRUE(makes_sense({"workers"}));
  EXPECT_TRUE(makes_sense({"workers", "p"}));
}

TEST(CommandLine, EverythingBehindTheDashesIsTheCommandToRun) {
  const Parsed parsed = parse_words({"work", "q", "--output", "r", "--", "convert", "--json", "-", "-x"});
  EXPECT_FALSE(parsed.line.exit_code.has_value()) << parsed.complaint;
  EXPECT_FALSE(parsed.line.globals.json) << "that flag is the command's";
}

TEST(CommandLine, SaysWhatMakesNoSense) {
  EXPECT_THAT(complaint_about({}), testing::HasSubstr("sluice: USAGE: "));
  EXPECT_THAT(complaint_about({"frobnicate"}), testing::HasSubstr("no command \"frobnicate\""));
  EXPECT_THAT(complaint_about({"pipeline", "creat"}), testing::HasSubstr("did you mean \"create\"?"));
  EXPECT_THAT(complaint_about({"ls", "--frob"}), testing::HasSubstr("--frob"));
  EXPECT_THAT(complaint_about({"get", "q", "--wait", "3x"}), testing::HasSubstr("\"3x\" is not a span of time"));
  EXPECT_THAT(complaint_about({"put", "q"}), testing::HasSubstr("give a payload"));
  EXPECT_THAT(complaint_about({"put", "q", "x", "--lines"}), testing::HasSubstr("--lines"));
  EXPECT_THAT(complaint_about({"put", "q", "x", "--attr", "novalue"}), testing::HasSubstr("KEY=VALUE"));
  EXPECT_THAT(complaint_about({"get", "q", "-n", "0"}), testing::HasSubstr("--count"));
  EXPECT_THAT(complaint_about({"create", "q", "--order", "random"}), testing::HasSubstr("random"));
  EXPECT_THAT(complaint_about({"create", "q", "--capacity", "-1"}), testing::HasSubstr("--capacity"));
  EXPECT_THAT(complaint_about({"done", "q"}), testing::HasSubstr("token"));
  EXPECT_THAT(complaint_about({"work", "q"}), testing::HasSubstr("command"));
  EXPECT_THAT(complaint_about({"work", "--stage", "s", "--", "true"}), testing::HasSubstr("PIPELINE/STAGE"));
  EXPECT_THAT(complaint_about({"work", "--stage", "p/s", "--output", "q", "--", "true"}), testing::HasSubstr("--output"));
  EXPECT_THAT(complaint_about({"work", "q", "--name", "w", "--", "true"}), testing::HasSubstr("--stage"));
  EXPECT_THAT(complaint_about({"why"}), testing::HasSubstr("name"));
  EXPECT_THAT(complaint_about({"join", "q", "--queue", "--pipeline"}), testing::HasSubstr("--pipeline"));
}

TEST(CommandLine, HelpIsNoMistake) {
  EXPECT_EQ(parse_words({"--help"}).line.exit_code, kOk);
  EXPECT_EQ(parse_words({"pipeline", "create", "--help"}).line.exit_code, kOk);
}

}  // namespace
}  // namespace sluice::cli
