#include "server/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;

TEST(Load, HasDefaultsThatWork) {
  const auto loaded = load(Given{});
  EXPECT_TRUE(loaded.ok()) << loaded.complaints;
  EXPECT_EQ(loaded.settings.listen, "127.0.0.1:7410");
  EXPECT_EQ(loaded.settings.drain_timeout, 10s);
  EXPECT_GE(loaded.settings.threads, 2U);
  EXPECT_EQ(loaded.settings.log.level, log::Level::kInfo);
  EXPECT_EQ(loaded.settings.log.format, log::Format::kAuto);
  EXPECT_EQ(loaded.settings.debug_slow_reactions, std::nullopt);
  EXPECT_EQ(loaded.file, "");
}

TEST(Load, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  Given given{.file = "drain_timeout: 1s\nthreads: 3\nlog: {level: error}\n",
              .flags = {{"threads", "5"}},
              .environment = {{"SLUICE_THREADS", "4"}, {"SLUICE_LOG_LEVEL", "debug"}}};
  const auto settings = load(given).settings;
  EXPECT_EQ(settings.threads, 5U);
  EXPECT_EQ(settings.log.level, log::Level::kDebug);
  EXPECT_EQ(settings.drain_timeout, 1s);
  EXPECT_EQ(settings.log.format, log::Format::kAuto);
}

TEST(Load, TakesEverySettingFromFlags) {
  const auto loaded = load(Given{.flags = {{"listen", "localhost:0"},
                                           {"threads", "256"},
                                           {"drain_timeout", "0"},
                                           {"log.level", "warn"},
                                           {"log.format", "json"},
                                           {"debug_slow_reactions", "100ms"}}});
  EXPECT_TRUE(loaded.ok()) << loaded.complaints;
  EXPECT_EQ(loaded.settings.listen, "localhost:0");
  EXPECT_EQ(loaded.settings.threads, 256U);
  EXPECT_EQ(loaded.settings.drain_timeout, 0s);
  EXPECT_EQ(loaded.settings.log.level, log::Level::kWarn);
  EXPECT_EQ(loaded.settings.log.format, log::Format::kJson);
  EXPECT_EQ(loaded.settings.debug_slow_reactions, 100ms);
}

TEST(Load, NamesTheFlagOrVariableThatIsWrong) {
  const auto loaded = load(Given{.file = "threads: 3\nlisten: x\n",
                                 .flags = {{"threads", "many"}, {"drain_timeout", "5"}},
                                 .environment = {{"SLUICE_LOG_FORMAT", "xml"}, {"SLUICE_DEBUG_SLOW_REACTIONS", "2h"}}});
  EXPECT_EQ(loaded.complaints,
            "--threads: \"many\" is not a whole number; write it in digits, as in 100\n"
            "--drain-timeout: 5 has no unit; write \"5s\" if seconds are meant\n"
            "SLUICE_LOG_FORMAT: \"xml\" is no format; auto, text and json are\n"
            "SLUICE_DEBUG_SLOW_REACTIONS: 7200s is out of range; 0.001s to 3600s is allowed\n"
            "f:2:9: listen: \"x\" is not HOST:PORT; write it as in 127.0.0.1:7410, or [::1]:7410\n");
}

TEST(Load, AFlagHidesAMistakeInTheFile) {
  EXPECT_EQ(load(Given{.file = "listen: x\n", .flags = {{"listen", "localhost:1"}}}).complaints, "");
}

TEST(Load, KeepsDataUnlessToldNotTo) {
  EXPECT_EQ(load(Given{.environment = {{"STATE_DIRECTORY", "/state"}}}).settings.data, "/state");
  EXPECT_EQ(load(Given{.file = "data: /f\n", .environment = {{"STATE_DIRECTORY", "/state"}}}).settings.data, "/f");
  EXPECT_EQ(load(Given{.file = "data: /f\n", .flags = {{"data", "none"}}}).settings.data, "");
}

TEST(Load, TakesTheFileFromTheEnvironment) {
  const auto loaded = load(Given{.environment = {{"SLUICE_CONFIG", "/nonexistent/sluiced.yaml"}}});
  EXPECT_EQ(loaded.file, "/nonexistent/sluiced.yaml");
  EXPECT_EQ(loaded.complaints, "/nonexistent/sluiced.yaml: cannot be read: No such file or directory\n");
}

TEST(Load, WarnsOfProgramsThatAreNotThere) {
  const auto loaded = load(Given{.file = "handlers: {h: {subprocess: {commands: [{argv: [/nonexistent/program]}]}}}\n"});
  EXPECT_TRUE(loaded.ok()) << loaded.complaints;
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_THAT(loaded.warnings[0], testing::StartsWith("handler h: "));
  EXPECT_THAT(loaded.warnings[0], testing::HasSubstr("/nonexistent/program"));
}

TEST(Load, KnowsAnAddressWhenItSeesOne) {
  for (const auto* good : {"127.0.0.1:0", "0.0.0.0:65535", "[::]:7410", "example.org:80"}) {
    EXPECT_EQ(load(Given{.flags = {{"listen", good}}}).complaints, "") << good;
  }
  for (const auto* bad :
       {"7410", ":7410", "host:", "host:65536", "host:-1", "::1:7410", "[]:1", "host:1x", "a b:1", "http://a:1"}) {
    EXPECT_NE(load(Given{.flags = {{"listen", bad}}}).complaints, "") << bad;
  }
}

}  // namespace
}  // namespace sluice::config
