#include "client/cli/child.h"

#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

ChildResult run(std::vector<std::string> argv, std::string input = {}) {
  ChildOrder order;
  order.argv = std::move(argv);
  order.input = std::move(input);
  return run_child(order);
}

class Child : public testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
};

TEST_F(Child, GetsItsInputAndGivesItsOutput) {
  const std::string large(3UL << 20, 'x');
  const ChildResult result = run({"cat"}, large);
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output, large);
}

TEST_F(Child, MaySayHowFarItIs) {
  ChildOrder order;
  std::vector<progress::Line> told;
  order.on_progress = [&told](const progress::Line& line) { told.push_back(line); };
  // It cannot end before what it says has been read.
  order.argv = {"sh", "-c", "echo '0.4 resizing' >&$SLUICE_PROGRESS_FD; yes | head -c 1000000; echo over >&3; exec 3>&-; cat"};
  order.input = std::string(1UL << 20, 'x');
  const ChildResult result = run_child(order);
  EXPECT_TRUE(result.succeeded());
  ASSERT_FALSE(told.empty());
  for (const progress::Line& line : told) {
    EXPECT_TRUE(line == (progress::Line{0.4, "resizing"}) || line == (progress::Line{std::nullopt, "over"})) << line.message;
  }
}

TEST_F(Child, HasNoDescriptorsBesides) {
  ChildOrder order;
  // A pipe of the shell's own would be among them.
  order.argv = {"sh", "-c",
                "for n in 0 1 2 3 4 5 6 7 8 9; do if [ -e /proc/$$/fd/$n ]; then printf '%s ' $n; fi; done\n"
                "echo \"${SLUICE_PROGRESS_FD:-none}\""};
  EXPECT_EQ(run_child(order).output, "0 1 2 none\n");
  order.on_progress = [](const progress::Line&) {};
  EXPECT_EQ(run_child(order).output, "0 1 2 3 3\n");
}

TEST_F(Child, MayLeaveItsInputUnread) {
  const ChildResult result = run({"true"}, std::string(1UL << 20, 'x'));
  EXPECT_TRUE(result.succeeded());
}

TEST_F(Child, ItsFailureHasExitCodeAndStandardError) {
  testing::internal::CaptureStderr();
  const ChildResult result = run({"sh", "-c", "echo oh no >&2; exit 3"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "oh no\n");
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.stderr_tail, "oh no\n");
}

TEST_F(Child, OnlyTheEndOfStandardErrorIsKept) {
  testing::internal::CaptureStderr();
  const ChildResult result = run({"sh", "-c", "seq 1 10000 >&2"});
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(result.stderr_tail.size(), 8192u);
  EXPECT_THAT(result.stderr_tail, testing::EndsWith("\n10000\n"));
}

TEST_F(Child, ASignalIsTold) {
  const ChildResult result = run({"sh", "-c", "kill -KILL $$"});
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_FALSE(result.exit_code.has_value());
}

TEST_F(Child, AProgramThatIsNotThereIsTold) {
  const ChildResult result = run({"/nonexistent/program"});
  EXPECT_THAT(result.spawn_error, testing::HasSubstr("No such file"));
  EXPECT_FALSE(result.succeeded());
}

TEST_F(Child, ItsEnvironmentHasWhatIsAdded) {
  ChildOrder order;
  order.argv = {"sh", "-c", "printf '%s %s' \"$SLUICE_ITEM_ID\" \"${HOME:+home}\""};
  order.extra_environment = {"SLUICE_ITEM_ID=1", "SLUICE_ITEM_ID=17"};
  EXPECT_EQ(run_child(order).output, "17 home");
}

TEST_F(Child, OutputThatIsTooLargeEndsIt) {
  ChildOrder order;
  order.argv = {"sh", "-c", "trap '' TERM; while :; do echo too much; done"};
  order.max_output_bytes = 1000;
  const ChildResult result = run_child(order);
  EXPECT_TRUE(result.output_too_large);
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(result.output, "");
}

TEST_F(Child, AStopEndsTheWholeGroup) {
  std::stop_source stop;
  ChildOrder order;
  order.argv = {"sh", "-c", "sleep 1000 & wait"};
  order.stop = stop.get_token();
  std::jthread stopper([&stop] { stop.request_stop(); });
  const ChildResult result = run_child(order);
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.succeeded());
}

TEST_F(Child, WhatItLeavesBehindDoesNotKeepUsWaiting) {
  const auto began = std::chrono::steady_clock::now();
  const ChildResult result = run({"sh", "-c", "echo out; sleep 1000 &"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

}  // namespace
}  // namespace sluice::cli
