// `sluice join` and `sluice map` on a terminal: a bar that is drawn in place.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"
#include "tests/cli/terminal.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;
using testing::StartsWith;

class OnATerminal : public CommandTest {
 protected:
  [[nodiscard]] std::vector<std::string> join(const std::string& name) const {
    return line(sluiced_.address(), {"join", name, "--interval", "10ms"});
  }
  // Numbers from 1 on as lines; the results go into a file, since on a terminal they would be where the bar is.
  [[nodiscard]] std::vector<std::string> map(const std::string& name, int count) const {
    return {"/bin/sh", "-c",
            "seq " + std::to_string(count) + " | " SLUICE_BINARY " --server " + sluiced_.address() + " map " + name + " > " +
                results()};
  }
  [[nodiscard]] std::string results() const { return sluiced_.directory() / "results"; }
  [[nodiscard]] std::string text_of_results() const {
    std::ifstream file(results());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void finish(const Queue& queue, int count) {
    for (int i = 0; i < count; ++i) queue.get({.max_wait = std::chrono::seconds(0)})->done();
  }
  // A chain of stages whose workers are others, none of which is there.
  Pipeline create_chain(int stages) {
    PipelineSpec chain{.name = "chain"};
    for (int i = 0; i < stages; ++i) {
      const auto queue = "q" + std::to_string(i);
      chain.stages.push_back(
          {.input = queue, .output = "q" + std::to_string(i + 1), .handler = "builtin.identity", .workers = 0});
    }
    return client_.create_pipeline(chain);
  }
};

TEST_F(OnATerminal, ABarGrowsWhereItIs) {
  const Queue tasks = client_.create_queue("tasks");
  for (int i = 0; i < 10; ++i) tasks.put("x");
  OnTerminal command(join("tasks"), 24, 80);
  EXPECT_TRUE(command.wait_for("0%  0 of 10 done"));
  finish(tasks, 5);
  EXPECT_TRUE(command.wait_for("50%  5 of 10 done"));
  EXPECT_EQ(command.screen().lines_with("tasks  ["), 1U) << "drawn over the one before";
  EXPECT_THAT(command.screen().lines().front(), MatchesRegex(R"(tasks  \[=+> +\]  50%  5 of 10 done  .*/s.*)"));
  finish(tasks, 5);
  EXPECT_EQ(command.wait(), kOk);
  EXPECT_THAT(command.screen().lines(), ElementsAre(MatchesRegex(R"(tasks  \[=+\]  100%  10 of 10 done  .*)"),
                                                    StartsWith("tasks is done: 10 put, 10 done, 0 failed; waited ")));
  EXPECT_EQ(command.screen().unknown(), "");
}

TEST_F(OnATerminal, WhatIsNotThereAnyMoreIsWipedOut) {
  const Queue tasks = client_.create_queue("tasks");
  tasks.put("x");
  OnTerminal command(join("tasks"), 24, 100);
  EXPECT_TRUE(command.wait_for("stalled: queue \"tasks\" has 1 waiting item"));
  auto item = tasks.get();
  EXPECT_TRUE(command.wait_for([](const TerminalScreen& screen) { return screen.lines_with("stalled") == 0; }));
  item->done();
  EXPECT_EQ(command.wait(), kOk);
  EXPECT_THAT(command.screen().lines(), SizeIs(2));
}

TEST_F(OnATerminal, NoLineIsWiderThanIt) {
  const Pipeline pipeline = create_chain(3);
  pipeline.queue("q0").put("x");
  OnTerminal command(join("chain"), 24, 44);
  EXPECT_TRUE(command.wait_for("  stalled: "));
  EXPECT_THAT(command.screen().lines().front(), StartsWith("chain  [>"));
  EXPECT_FALSE(command.screen().wrapped()) << testing::PrintToString(command.screen().lines());
  command.type("\x03");
  EXPECT_EQ(command.wait(), kInterrupted);
}

// What has scrolled away cannot be drawn over.
TEST_F(OnATerminal, MoreStagesThanLinesAreCutOff) {
  const Pipeline pipeline = create_chain(20);
  pipeline.queue("q0").put_all({"x", "y", "z"});
  OnTerminal command(join("chain"), 10, 80);
  EXPECT_TRUE(command.wait_for("0 of 3 done"));
  for (int moved = 1; moved <= 3; ++moved) {
    pipeline.queue("q0").get()->done("q1", {});
    EXPECT_TRUE(command.wait_for([&](const TerminalScreen& screen) {
      return std::ranges::any_of(screen.lines(), [&](const std::string& seen) {
        return seen.starts_with("  q0") && seen.find(" " + std::to_string(moved) + " ") != std::string::npos;
      });
    }));
  }
  EXPECT_EQ(command.screen().lines_with("chain  ["), 1U) << testing::PrintToString(command.screen().lines());
  EXPECT_THAT(command.screen().lines(), SizeIs(testing::Le(10U)));
}

TEST_F(OnATerminal, AnInterruptLeavesTheBarWhereItIs) {
  client_.create_queue("tasks").put("x");
  OnTerminal command(join("tasks"), 24, 80);
  EXPECT_TRUE(command.wait_for("0 of 1 done"));
  command.type("\x03");
  EXPECT_EQ(command.wait(), kInterrupted);
  EXPECT_THAT(command.screen().lines().front(), HasSubstr("0%  0 of 1 done"));
}

TEST_F(OnATerminal, AMapHasABarBesideItsResults) {
  const Queue squares = client_.create_queue("squares");
  OnTerminal command(map("squares", 4), 24, 80);
  ASSERT_TRUE(wait_until("squares", [](const QueueInfo& info) { return info.counters.put == 4; }));
  auto one = squares.get();
  one->done_with("1");
  EXPECT_TRUE(command.wait_for("25%  1 of 4 done"));
  EXPECT_THAT(command.screen().lines().front(), MatchesRegex(R"(squares  \[=+> +\]  25%  1 of 4 done  -)"));
  for (const char* result : {"4", "9", "16"}) squares.get()->done_with(result);
  EXPECT_EQ(command.wait(), kOk);
  EXPECT_THAT(command.screen().lines(), ElementsAre(MatchesRegex(R"(squares  \[=+\]  100%  4 of 4 done  .*)")));
  EXPECT_EQ(command.screen().unknown(), "");
  EXPECT_EQ(text_of_results(), "1\n4\n9\n16\n");
}

TEST_F(OnATerminal, WhatAMapSaysOfAFailureStaysAboveItsBar) {
  const Queue squares = client_.create_queue("squares");
  OnTerminal command(map("squares", 3), 24, 80);
  ASSERT_TRUE(wait_until("squares", [](const QueueInfo& info) { return info.counters.put == 3; }));
  squares.get()->done_with("1");
  EXPECT_TRUE(command.wait_for("1 of 3 done"));
  squares.get()->fail("no square", {.do_not_retry = true});
  EXPECT_TRUE(command.wait_for("1 failed"));
  EXPECT_EQ(command.screen().lines_with("squares  ["), 1U) << testing::PrintToString(command.screen().lines());
  squares.get()->done_with("9");
  EXPECT_EQ(command.wait(), kFailed);
  EXPECT_EQ(command.screen().lines_with("sluice: line 2: FAILED: "), 1U) << testing::PrintToString(command.screen().lines());
  EXPECT_EQ(command.screen().lines_with("squares  ["), 1U) << testing::PrintToString(command.screen().lines());
  EXPECT_THAT(command.screen().lines().back(), HasSubstr("2 of 3 done, 1 failed"));
  EXPECT_EQ(text_of_results(), "1\n\n9\n");
}

TEST_F(OnATerminal, ADumbOneGetsLines) {
  const Queue tasks = client_.create_queue("tasks");
  tasks.put("x");
  OnTerminal command(join("tasks"), 24, 80, "dumb");
  EXPECT_TRUE(command.wait_for("tasks: 0%  0 of 1 done"));
  finish(tasks, 1);
  EXPECT_EQ(command.wait(), kOk);
  EXPECT_EQ(command.screen().lines_with("["), 0U);
  EXPECT_EQ(command.screen().lines_with("tasks: 100%"), 1U);
}

}  // namespace
}  // namespace sluice::cli
