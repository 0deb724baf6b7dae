// How commands are ended that do not end themselves, and that nothing is left of any.
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/handlers/subprocess.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

using std::chrono::steady_clock;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto kTimeout = 300ms;
// Long enough for a script to have set its traps on a busy machine.
constexpr auto kLongTimeout = 2s;

SubprocessSpec with_timeout(SubprocessSpec spec, base::Duration grace = limits::kDefaultGrace,
                            base::Duration timeout = kTimeout) {
  spec.timeout = timeout;
  spec.grace = grace;
  return spec;
}

TEST(Stop, TimeOutTerminates) {
  const auto start = steady_clock::now();
  const auto error = error_of(run(*subprocess(with_timeout(argv({"sleep", "600"}))), item("")));
  EXPECT_LT(steady_clock::now() - start, kPatience);
  EXPECT_GE(steady_clock::now() - start, kTimeout);
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGTERM);
  EXPECT_EQ(error.failure.message, "sleep did not end within 300 ms and was terminated");
}

TEST(Stop, TimeOutKillsWhoIgnoresIt) {
  const auto error = error_of(run(*subprocess(with_timeout(shell("trap '' TERM; sleep 600"), 50ms, kLongTimeout)), item("")));
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGKILL);
  EXPECT_THAT(error.failure.message, HasSubstr("killed"));
}

TEST(Stop, GraceLetsACommandCleanUp) {
  const auto handler =
      subprocess(with_timeout(shell("trap 'echo cleaned >&2; exit 5' TERM; sleep 600 & wait"), 60s, kLongTimeout));
  const auto error = error_of(run(*handler, item("")));
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.exit_code, 5);
  EXPECT_EQ(error.failure.stderr_tail, "cleaned\n");
}

TEST(Stop, TimeOutEndsAStoppedCommand) {
  const auto error = error_of(run(*subprocess(with_timeout(shell("kill -STOP $$"), 60s, kLongTimeout)), item("")));
  EXPECT_EQ(error.failure.reason, "TIMED_OUT");
  EXPECT_EQ(error.failure.signal, SIGTERM);
}

TEST(Stop, TimeOutReachesTheWholeGroup) {
  const TemporaryDirectory directory;
  auto spec = with_timeout(shell("sh -c 'trap \"\" TERM; echo $$ > pid; sleep 600' & wait"), 50ms, kLongTimeout);
  spec.working_directory = directory.path();
  EXPECT_EQ(error_of(run(*subprocess(spec), item(""))).failure.reason, "TIMED_OUT");
  const auto pid = directory.wait_for_line("pid");
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(is_gone_soon(std::stoll(pid)));
}

TEST(Stop, ABackgroundProcessWithThePipeOpenGetsItsGrace) {
  auto spec = shell("(sleep 0.2; echo late) & echo early");
  spec.grace = 60s;
  EXPECT_EQ(output_of(run(*subprocess(spec), item(""))), "early\nlate\n");
}

TEST(Stop, ABackgroundProcessWithThePipeOpenHoldsNobodyUp) {
  auto spec = shell("sleep 600 & echo $!");
  spec.grace = 100ms;
  const auto start = steady_clock::now();
  const auto output = output_of(run(*subprocess(spec), item("")));
  EXPECT_LT(steady_clock::now() - start, kPatience);
  EXPECT_TRUE(is_gone_soon(std::stoll(output)));
}

TEST(Stop, ABackgroundProcessWithoutPipesIsKilledAtTheEnd) {
  const auto output = output_of(run(*subprocess(shell("sleep 600 >/dev/null 2>&1 & echo $!")), item("")));
  EXPECT_TRUE(is_gone_soon(std::stoll(output)));
}

TEST(Stop, ADaemonThatHoldsThePipeDoesNotHoldTheItem) {
  auto spec = shell("setsid sleep 600 & echo $!");
  spec.grace = 100ms;
  const auto output = output_of(run(*subprocess(spec), item("")));
  ::kill(static_cast<pid_t>(std::stoll(output)), SIGKILL);
  EXPECT_TRUE(is_gone_soon(std::stoll(output)));
}

TEST(Stop, GivingUpEndsTheCommand) {
  std::int64_t running = 0;
  Watch watch;
  watch.on_pid = [&](std::int64_t pid) {
    if (pid != 0) running = pid;
  };
  watch.on_stoppable = [](const std::function<void()>& stop) { stop(); };
  auto spec = argv({"sleep", "600"});
  const auto start = steady_clock::now();
  (void)error_of(run(*subprocess(spec), item(""), watch));
  EXPECT_LT(steady_clock::now() - start, kPatience);
  EXPECT_TRUE(is_gone_soon(running));
}

TEST(Stop, GivingUpKillsWhoIgnoresItWhateverTheGrace) {
  const TemporaryDirectory directory;
  auto spec = shell("trap '' TERM; echo > ready; while :; do sleep 600; done");
  spec.grace = 1h;
  spec.working_directory = directory.path();
  std::optional<std::jthread> stopper;
  Watch watch;
  watch.on_stoppable = [&](std::function<void()> stop) {
    stopper.emplace([&directory, stop = std::move(stop)] {
      EXPECT_FALSE(directory.wait_for_line("ready").empty());
      stop();
    });
  };
  (void)error_of(run(*subprocess(spec), item(""), watch));
}

TEST(Stop, ADestroyedContextTakesItsCommandsAlong) {
  std::atomic<std::int64_t> running = 0;
  {
    const auto handler = subprocess(shell("sleep 600 | sleep 600"));
    struct Pid final : Context {
      std::atomic<std::int64_t>& to;
      explicit Pid(std::atomic<std::int64_t>& pid) : to(pid) {}
      void set_pid(std::int64_t pid) override { to = pid; }
      void on_stop(std::function<void()>) override {}
    } context(running);
    const Input input = item("");
    boost::asio::io_context io;
    boost::asio::co_spawn(io, handler->run(input, context), boost::asio::detached);
    while (running == 0) io.run_one();
  }
  EXPECT_TRUE(is_gone_soon(running));
  EXPECT_TRUE(has_no_child());
}

TEST(Stop, NothingIsLeft) {
  const std::size_t descriptors = open_descriptors();
  {
    for (const auto& spec : {argv({"cat"}), argv({"false"}), argv({"no-such-program"}), with_timeout(argv({"sleep", "600"})),
                             shell("sleep 600 & exit 1"), argv({"yes"})}) {
      auto short_grace = spec;
      short_grace.grace = 10ms;
      (void)run(*subprocess(short_grace), item("payload"));
    }
  }
  EXPECT_TRUE(has_no_child());
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(Stop, WithoutDescriptorsTheItemFailsAndNothingIsLeft) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::size_t failed = 0;
  {
    const auto handler = subprocess(shell("cat | cat"));
    EXPECT_EQ(output_of(run(*handler, item("x"))), "x");  // the guard has what it needs
    const std::size_t descriptors = open_descriptors();
    // One more at each turn, until there are enough: so it fails at every place where one is opened.
    for (rlim_t spare = 3; failed + 3 == spare && spare < 40; ++spare) {
      rlimit few = before;
      few.rlim_cur = descriptors + spare;
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
      const auto outcome = run(*handler, item("x"));
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
      EXPECT_EQ(open_descriptors(), descriptors);
      if (std::holds_alternative<std::vector<Output>>(outcome)) break;
      EXPECT_EQ(error_of(outcome).failure.reason, "SPAWN_FAILED");
      EXPECT_THAT(error_of(outcome).failure.message, HasSubstr("Too many open files"));
      ++failed;
    }
  }
  EXPECT_GE(failed, 4U);
  EXPECT_LT(failed, 30U);
  EXPECT_TRUE(has_no_child());
}

TEST(Stop, AnExitCodeThatSomebodyElseTookIsNoSuccess) {
  const auto handler = subprocess(argv({"true"}));
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  const auto error = error_of(run(*handler, item("")));
  ::signal(SIGCHLD, before);
  EXPECT_EQ(error.failure.reason, "FAILED");
  EXPECT_THAT(error.failure.message, HasSubstr("SIGCHLD"));
}

TEST(Stop, AProcessThatIgnoresItsChildrenHeedsThem) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(error_of(run(*subprocess(shell("exit 3")), item(""))).failure.exit_code, 3);
  ::signal(SIGCHLD, before);
}

TEST(Stop, TwoHundredAtATime) {
  std::vector<Input> inputs;
  for (int i = 0; i < 200; ++i) inputs.push_back(item(std::to_string(i)));
  const std::size_t descriptors = open_descriptors();
  {
    const auto handler = subprocess(shell("read n; sleep 0.5; echo $n"));
    const auto outcomes = run_all(*handler, inputs);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(output_of(outcomes[static_cast<std::size_t>(i)]), std::to_string(i) + "\n");
  }
  EXPECT_TRUE(has_no_child());
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(Stop, TenSleepAtTheSameTime) {
  const auto handler = subprocess(argv({"sleep", "1"}));
  const auto start = steady_clock::now();
  for (const auto& outcome : run_all(*handler, std::vector<Input>(10, item("")))) EXPECT_EQ(output_of(outcome), "");
  EXPECT_LT(steady_clock::now() - start, 9s);
}

}  // namespace
}  // namespace sluice::handlers
