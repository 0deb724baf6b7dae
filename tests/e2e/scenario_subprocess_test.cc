// Stages that run child processes.
#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kHandlers = R"(
handlers:
  shout:
    subprocess:
      commands: [{argv: [tr, a-z, A-Z]}]
  broken:
    subprocess:
      commands: [{shell: 'echo partial; echo "no such photo" >&2; exit 3'}]
  wait:
    subprocess:
      commands: [{argv: [sleep, "{payload}"]}]
  impatient:
    subprocess:
      commands: [{argv: [sleep, "{payload}"]}]
      timeout: 0.1s
  held:
    subprocess:
      commands: [{shell: 'read line < gate'}]
  stubborn:
    subprocess:
      commands:
        - shell: |
            trap "" TERM
            sleep "1000" &
            echo $$ > started
            echo $! > started
            wait
            read line < gate
      timeout: 0.1s
      grace: 0.1s
)";

class SubprocessScenario : public Scenario {
 protected:
  // Children run in the server's directory.
  void SetUp() override {
    start(kHandlers);
    gate.emplace(server->directory() / "gate");
    started.emplace(server->directory() / "started");
  }

  // One stage, from "in" to "out", that does not try again.
  [[nodiscard]] Pipeline stage(const std::string& handler, std::uint32_t workers = 1) const {
    return connect().create_pipeline({
        .name = handler,
        .stages = {{.input = "in", .output = "out", .handler = handler, .workers = workers, .retry = {.max_attempts = 1}}},
    });
  }

  // How long the stage takes for all of the payloads.
  static Duration time_for(const Pipeline& stage, const std::vector<std::string>& payloads) {
    const auto begin = std::chrono::steady_clock::now();
    stage.queue("in").put_all(payloads);
    stage.join({.max_wait = kPatience});
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
  }

  std::optional<Fifo> gate;
  std::optional<Fifo> started;
};

TEST_F(SubprocessScenario, Scenario08_TheResultIsWhatTheChildWrote) {
  const Pipeline shout = stage("shout");
  shout.queue("in").put("hello, world");
  shout.join({.max_wait = kPatience});
  EXPECT_THAT(drain(shout.queue("out")), ElementsAre("HELLO, WORLD"));
}

TEST_F(SubprocessScenario, Scenario08_AFailureCarriesExitCodeAndStandardError) {
  const Pipeline broken = stage("broken");
  broken.queue("in").put("x");
  broken.join({.max_wait = kPatience});
  EXPECT_THAT(drain(broken.queue("out")), SizeIs(0));
  const Failure failure = only_failure(broken.queue("in.dead"));
  EXPECT_EQ(failure.reason, "EXIT_CODE");
  EXPECT_EQ(failure.exit_code, 3);
  EXPECT_EQ(failure.stderr_tail, "no such photo\n");
  EXPECT_EQ(failure.queue, "in");
  EXPECT_EQ(failure.stage, "in");
}

TEST_F(SubprocessScenario, Scenario09_TenChildrenOfASecondTakeASecond) {
  const Duration took = time_for(stage("wait", 10), std::vector<std::string>(10, "1"));
  EXPECT_GE(took, 1s);
  EXPECT_LT(took, 1500ms * kSlowness);
}

TEST_F(SubprocessScenario, Scenario10_AStageTellsWhatRunsWhileOtherWorkGoesOn) {
  const Pipeline held = stage("held", 2);
  const Queue other = connect().create_queue("other");
  const ItemId item = held.queue("in").put("x");
  ASSERT_TRUE(eventually([&] {
    const auto running = held.stages().at(0).running;
    return running.size() == 1 && running.at(0).pid != 0;
  }));

  other.put("while the child runs");
  EXPECT_THAT(drain(other), ElementsAre("while the child runs"));

  const StageInfo info = held.stages().at(0);
  EXPECT_EQ(info.busy_workers, 1U);
  ASSERT_THAT(info.running, SizeIs(1));
  const RunningItem& running = info.running.front();
  EXPECT_EQ(running.id, item);
  EXPECT_EQ(running.attempt, 1U);
  EXPECT_GT(stats_of(static_cast<pid_t>(running.pid)).threads, 0U) << "no such process: " << running.pid;
  EXPECT_LE(running.start_time, std::chrono::system_clock::now());
  EXPECT_GT(running.start_time, std::chrono::system_clock::now() - kPatience);

  gate->write_line();
  held.join({.max_wait = kPatience});
  EXPECT_THAT(held.stages().at(0).running, SizeIs(0));
}

TEST_F(SubprocessScenario, Scenario12_AChildThatTakesTooLongIsEndedAndTheNextItemTaken) {
  const Pipeline impatient = stage("impatient");
  const Duration took = time_for(impatient, {"10", "0"});
  EXPECT_LT(took, 5s * kSlowness);
  const Failure failure = only_failure(impatient.queue("in.dead"));
  EXPECT_EQ(failure.reason, "TIMED_OUT");
  EXPECT_THAT(failure.message, HasSubstr("did not end within 100 ms"));
  EXPECT_EQ(impatient.stages().at(0).succeeded, 1U);
}

TEST_F(SubprocessScenario, Scenario12_AChildThatIgnoresTheSignalIsKilledWithItsWholeGroup) {
  const Pipeline stubborn = stage("stubborn");
  stubborn.queue("in").put("x");
  const auto shell = static_cast<pid_t>(std::stol(started->read_line()));
  const auto child_of_shell = static_cast<pid_t>(std::stol(started->read_line()));
  stubborn.join({.max_wait = kPatience});
  EXPECT_TRUE(process_ends(shell));
  EXPECT_TRUE(process_ends(child_of_shell));
  EXPECT_EQ(only_failure(stubborn.queue("in.dead")).reason, "TIMED_OUT");
}

TEST_F(SubprocessScenario, Scenario27_FiveReadsTakeTheirSumInSequenceAndOneOfThemInParallel) {
  const std::vector<std::string> reads(5, "0.1");
  const Duration sequence = time_for(stage("wait", 1), reads);
  EXPECT_GE(sequence, 500ms);

  const Pipeline pool = connect().pipeline("wait");
  pool.scale("in", 5);
  const Duration parallel = time_for(pool, reads);
  EXPECT_GE(parallel, 100ms);
  EXPECT_LT(parallel, 300ms * kSlowness);
}

}  // namespace
}  // namespace sluice::e2e
