#include "server/supervisor.h"

#include <unistd.h>

#include <csignal>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// Each case ends a process, or handles its signals: in a process of its own, that starts anew, without threads.
class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void wait_for_the_end() {
  for (;;) ::pause();
}

TEST_F(SupervisorTest, TellsOfTheFirstSignal) {
  for (const int number : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          std::promise<int> told;
          Supervisor supervisor([&](int signal) { told.set_value(signal); });
          ::kill(::getpid(), number);
          std::_Exit(told.get_future().get());
        },
        ExitedWithCode(number), "");
  }
}

TEST_F(SupervisorTest, EndsAtOnceForTheSecondSignal) {
  EXPECT_EXIT(
      {
        std::promise<void> told;
        Supervisor supervisor([&](int) { told.set_value(); });
        ::kill(::getpid(), SIGTERM);
        told.get_future().wait();
        ::kill(::getpid(), SIGINT);
        wait_for_the_end();
      },
      ExitedWithCode(130), "second signal");
}

TEST_F(SupervisorTest, EndsWhatDoesNotEndInTime) {
  EXPECT_EXIT(
      {
        Supervisor supervisor([](int) {});
        supervisor.must_end_by(std::chrono::steady_clock::now() + 10ms);
        wait_for_the_end();
      },
      ExitedWithCode(1), "did not end in time");
}

TEST_F(SupervisorTest, LeavesAloneWhatEndsInTime) {
  EXPECT_EXIT(
      {
        {
          Supervisor supervisor([](int) {});
          supervisor.must_end_by(std::chrono::steady_clock::now() + 1h);
        }
        std::_Exit(7);
      },
      ExitedWithCode(7), "");
}

TEST_F(SupervisorTest, IgnoresBrokenPipesWhileItLives) {
  EXPECT_EXIT(
      {
        Supervisor supervisor([](int) {});
        ::raise(SIGPIPE);
        std::_Exit(7);
      },
      ExitedWithCode(7), "");
}

TEST_F(SupervisorTest, GivesSignalsTheirOldMeaningBack) {
  EXPECT_EXIT(
      {
        {
          const Supervisor supervisor([](int) {});
        }
        ::kill(::getpid(), SIGTERM);
        wait_for_the_end();
      },
      KilledBySignal(SIGTERM), "");
  EXPECT_EXIT(
      {
        {
          const Supervisor supervisor([](int) {});
        }
        ::raise(SIGPIPE);
        std::_Exit(7);
      },
      KilledBySignal(SIGPIPE), "");
}

}  // namespace
}  // namespace sluice
