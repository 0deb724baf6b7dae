// Scenario 28: what does not move says why.
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFull = "queue \"done\" is full (10 of 10) and has no consumer";
constexpr const char* kCycle = "queue \"loop\" is full (1 of 1), and all who could take from it wait to put into it";

class StallScenario : public Scenario {
 protected:
  // At the end workers still hold what has no room: no use in letting them finish.
  void SetUp() override { start({}, {"--drain-timeout", "0s"}); }

  [[nodiscard]] std::string cli(const std::string& arguments) const {
    return std::string(SLUICE_BINARY) + " --server " + server->address() + " " + arguments;
  }

  // The stall that a joiner is told of; waits for it.
  Stall told_to_joiner(const Pipeline& pipeline) {
    std::stop_source found;
    Stall told;
    try {
      pipeline.join({.max_wait = kPatience,
                     .progress =
                         [&](const PipelineInfo& info) {
                           if (info.stalls.empty()) return;
                           told = info.stalls.front();
                           found.request_stop();
                         },
                     .progress_interval = 10ms,
                     .stop = found.get_token()});
    } catch (const Cancelled&) {
    }
    return told;
  }

  Pipeline with_full_output() {
    Pipeline pipeline = connect().create_pipeline({
        .name = "photos",
        .queues = {{"done", {.capacity = 10}}},
        .stages = {{.input = "upload", .output = "done", .handler = "builtin.identity"}},
    });
    pipeline.queue("upload").put_all(numbers(20));
    return pipeline;
  }

  // A stage that feeds its own input: it holds one item, which has no room beside the other.
  Pipeline with_cycle() {
    Pipeline pipeline = connect().create_pipeline({
        .name = "crawler",
        .queues = {{"loop", {.capacity = 1}}},
        .stages = {{.input = "loop", .output = "loop", .handler = "builtin.sleep", .workers = 1}},
    });
    const NewItem page{.attributes = {{"sleep", "50ms"}}};
    pipeline.queue("loop").put(page);
    pipeline.queue("loop").put(page, {.max_wait = kPatience});
    return pipeline;
  }
};

TEST_F(StallScenario, Scenario28_AFullOutputThatNobodyReadsIsToldToJoiners) {
  const Pipeline pipeline = with_full_output();
  const Stall stall = told_to_joiner(pipeline);
  EXPECT_EQ(stall.reason, "OUTPUT_FULL_WITHOUT_CONSUMER");
  EXPECT_EQ(stall.queue, "done");
  EXPECT_EQ(stall.message, kFull);

  // It is told for as long as it lasts, and no longer.
  EXPECT_THAT(drain(pipeline.queue("done")).size(), testing::Ge(10U));
  pipeline.join({.max_wait = kPatience});
  EXPECT_THAT(pipeline.stats().stalls, IsEmpty());
}

TEST_F(StallScenario, Scenario28_AStageThatFeedsItsOwnInputIsToldToJoiners) {
  const Pipeline pipeline = with_cycle();
  const Stall stall = told_to_joiner(pipeline);
  EXPECT_EQ(stall.reason, "CYCLE_FULL");
  EXPECT_EQ(stall.queue, "loop");
  EXPECT_EQ(stall.message, kCycle);
}

TEST_F(StallScenario, Scenario28_TheCommandLineSaysWhyAJoinWaitsAndEndsWhenItNeedNot) {
  const Pipeline pipeline = with_full_output();
  support::ShellCommand join(cli("join photos"));
  EXPECT_TRUE(join.wait_for(std::string("stalled: ") + kFull)) << join.output();
  while (pipeline.stats().unfinished > 0) drain(pipeline.queue("done"));
  EXPECT_EQ(join.wait(), 0) << join.output();
}

TEST_F(StallScenario, Scenario28_TheCommandLineShowsTheStallOfAQueue) {
  const Pipeline pipeline = with_cycle();
  ASSERT_EQ(told_to_joiner(pipeline).reason, "CYCLE_FULL");
  for (const std::string what : {"show loop", "pipeline show crawler"}) {
    support::ShellCommand show(cli(what));
    EXPECT_EQ(show.wait(), 0) << show.output();
    EXPECT_THAT(show.output(), HasSubstr(kCycle)) << what;
  }
}

}  // namespace
}  // namespace sluice::e2e
