// Stages whose children stay alive.
#include <csignal>
#include <filesystem>

#include <fmt/format.h>

#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// The child of the handlers' tests does what its items say.
std::string configuration() {
  return fmt::format(R"(
handlers:
  obedient: {{coprocess: {{argv: [python3, {child}], in_flight: 2, processes: 2}}}}
  alone: {{coprocess: {{argv: [python3, {child}], in_flight: 3}}}}
  factors: {{coprocess: {{argv: [python3, {factors}], processes: 2, in_flight: 8, timeout: 60s}}}}
)",
                     fmt::arg("child", COPROCESS_CHILD), fmt::arg("factors", FACTORS_EXAMPLE));
}

class CoprocessScenario : public Scenario {
 protected:
  void SetUp() override { start(configuration()); }

  // One stage, from "in" to "out", that does not try again.
  [[nodiscard]] Pipeline stage(const std::string& handler, std::uint32_t workers) const {
    return connect().create_pipeline({
        .name = handler,
        .stages = {{.input = "in", .output = "out", .handler = handler, .workers = workers, .retry = {.max_attempts = 1}}},
    });
  }

  // What becomes of these.
  [[nodiscard]] static std::vector<std::string> results(const Pipeline& stage, const std::vector<std::string>& payloads) {
    stage.queue("in").put_all(payloads);
    stage.join({.max_wait = kPatience});
    return drain(stage.queue("out"));
  }
};

TEST_F(CoprocessScenario, Scenario18_NumbersAreCrunchedOnSeparateProcesses) {
  const Pipeline numbers = stage("factors", 16);
  EXPECT_THAT(results(numbers, {"84", "84 36", "97", "1", "1000000007 998244353", "340282366920938463463374607431768211456"}),
              UnorderedElementsAre("2 2 3 7", "12", "97", "", "1", HasSubstr("2 2 2")));
  numbers.queue("in").put("twelve");
  numbers.join({.max_wait = kPatience});
  const Failure failure = only_failure(numbers.queue("in.dead"));
  EXPECT_EQ(failure.reason, "FAILED");
  EXPECT_THAT(failure.message, HasSubstr("invalid literal"));
}

TEST_F(CoprocessScenario, Scenario18_TwoProcessesWorkAtTheSameTime) {
  const auto meeting = server->directory() / "meeting";
  std::filesystem::create_directory(meeting);
  // Neither is answered before two processes are there at the same time.
  const auto pids = results(stage("obedient", 2), {"meet 2 " + meeting.string(), "meet 2 " + meeting.string()});
  ASSERT_THAT(pids, SizeIs(2));
  EXPECT_NE(pids[0], pids[1]);
}

TEST_F(CoprocessScenario, OneProcessTakesAThousandItems) {
  const auto pids = results(stage("alone", 3), std::vector<std::string>(1'000, "pid"));
  EXPECT_THAT(pids, AllOf(SizeIs(1'000), Each(pids.front())));
}

TEST_F(CoprocessScenario, ACrashCostsOnlyWhatWasInHand) {
  const Pipeline alone = stage("alone", 1);
  EXPECT_THAT(results(alone, {"echo a", "complain no paper", "echo b"}), ElementsAre("a", "b"));
  const Failure failure = only_failure(alone.queue("in.dead"));
  EXPECT_EQ(failure.reason, "EXIT_CODE");
  EXPECT_EQ(failure.exit_code, 5);
  EXPECT_EQ(failure.stderr_tail, "no paper\n");
}

TEST_F(CoprocessScenario, IsListedByItsKind) {
  EXPECT_THAT(connect().handlers(), Contains(AllOf(Field(&HandlerInfo::name, "factors"), Field(&HandlerInfo::kind, "coprocess"),
                                                   Field(&HandlerInfo::timeout, 60s))));
}

TEST_F(CoprocessScenario, SigtermEndsIdleChildrenAndTheirOwn) {
  const auto pids = results(stage("alone", 1), {"pid", "background"});
  ASSERT_THAT(pids, SizeIs(2));
  EXPECT_EQ(server->stop(), 0);
  for (const auto& pid : pids) EXPECT_TRUE(process_ends(static_cast<pid_t>(std::stol(pid))));
}

TEST_F(CoprocessScenario, SigkillLeavesNoProcess) {
  const auto pids = results(stage("alone", 1), {"pid", "background"});
  ASSERT_THAT(pids, SizeIs(2));
  server->kill9();
  for (const auto& pid : pids) EXPECT_TRUE(process_ends(static_cast<pid_t>(std::stol(pid))));
}

TEST_F(CoprocessScenario, WorkThatOutlastsTheDrainEndsWithTheServer) {
  start(configuration(), {"--drain-timeout", "100ms"});
  const Pipeline alone = stage("alone", 3);
  const auto pids = results(alone, {"pid"});
  ASSERT_THAT(pids, SizeIs(1));
  alone.queue("in").put_all({"hang", "hang", "hang"});
  EXPECT_EQ(server->stop(), 0);
  EXPECT_TRUE(process_ends(static_cast<pid_t>(std::stol(pids.front()))));
}

}  // namespace
}  // namespace sluice::e2e
