// sluiced as a command: what it prints and how it exits when it does not serve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sluiced_process.h"

namespace sluice {
namespace {

using support::run_sluiced;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(CommandLine, ShowsHelpAndVersion) {
  const auto help = run_sluiced({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, HasSubstr("--drain-timeout"));
  EXPECT_THAT(help.error, IsEmpty());
  const auto version = run_sluiced({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, StartsWith("sluiced "));
}

TEST(CommandLine, ExitsWithTwoForWrongUsage) {
  const auto unknown = run_sluiced({"--nonsense"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.error, HasSubstr("--nonsense"));
  EXPECT_THAT(unknown.output, IsEmpty());
  const auto value = run_sluiced({"--listen", "nowhere"});
  EXPECT_EQ(value.exit_code, 2);
  EXPECT_THAT(value.error, StartsWith("--listen: \"nowhere\" is not HOST:PORT"));
  const auto variable = run_sluiced({}, {}, {{"SLUICE_THREADS", "none"}});
  EXPECT_EQ(variable.exit_code, 2);
  EXPECT_THAT(variable.error, StartsWith("SLUICE_THREADS: "));
}

TEST(CommandLine, ExitsWithTwoForABadConfiguration) {
  const auto finished = run_sluiced({}, "queues:\n  - nam: a\nthreads: 0.5\n");
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.error,
            "sluiced.yaml:2:5: queues[0].nam: unknown key; did you mean \"name\"?\n"
            "sluiced.yaml:3:10: threads: \"0.5\" is not a whole number; write it in digits, as in 100\n");
  EXPECT_THAT(finished.output, IsEmpty());
  const auto missing = run_sluiced({"--config", "nothing.yaml"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.error, "nothing.yaml: cannot be read: No such file or directory\n");
}

TEST(CommandLine, ChecksAConfiguration) {
  const auto good = run_sluiced({"--check-config"}, "queues: [{name: a}]\n");
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.output, "sluiced.yaml: ok\n");
  EXPECT_THAT(good.error, IsEmpty());

  const auto bad = run_sluiced({"--check-config"}, "pipelines: [{name: p, stages: [{input: a, handler: builtin.identty}]}]\n");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.error,
            "sluiced.yaml:1:52: pipelines[0].stages[0].handler: no handler is called \"builtin.identty\"; did you mean "
            "\"builtin.identity\"?\n");
  EXPECT_THAT(bad.output, IsEmpty());

  const auto doubtful =
      run_sluiced({"--check-config"}, "handlers: {h: {subprocess: {commands: [{argv: [/nonexistent/program]}]}}}\n");
  EXPECT_EQ(doubtful.exit_code, 0);
  EXPECT_EQ(doubtful.output, "sluiced.yaml: ok\n");
  EXPECT_THAT(doubtful.error, StartsWith("sluiced.yaml: warning: handler h: "));

  EXPECT_EQ(run_sluiced({"--check-config"}).output, "configuration: ok\n");
}

TEST(CommandLine, ReadsItsConfigurationFromStandardInput) {
  // The test's child has nothing on its standard input, which is an empty configuration.
  const auto finished = run_sluiced({"--check-config", "--config", "-"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.output, "-: ok\n");
}

}  // namespace
}  // namespace sluice
