// Scenario 28: what does not move says why, to whoever asks, in whatever way.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A pipeline that comes to a standstill, and what is to be said of it.
struct Standstill {
  std::string pipeline;
  Stall stall;
};

Standstill full_output() {
  return {"photos", {"OUTPUT_FULL_WITHOUT_CONSUMER", "done", "queue \"done\" is full (10 of 10) and has no consumer"}};
}

Standstill cycle() {
  return {"crawler",
          {"CYCLE_FULL", "loop", "queue \"loop\" is full (1 of 1), and all who could take from it wait to put into it"}};
}

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

class EveryStall : public StallScenario, public testing::WithParamInterface<Standstill> {
 protected:
  Pipeline come_to_a_standstill() { return GetParam().pipeline == "photos" ? with_full_output() : with_cycle(); }
};

TEST_P(EveryStall, Scenario28_IsToldToJoiners) {
  const Stall told = told_to_joiner(come_to_a_standstill());
  EXPECT_EQ(told.reason, GetParam().stall.reason);
  EXPECT_EQ(told.queue, GetParam().stall.queue);
  EXPECT_EQ(told.message, GetParam().stall.message);
}

TEST_P(EveryStall, Scenario28_IsPrintedByAJoin) {
  const Pipeline pipeline = come_to_a_standstill();
  support::ShellCommand join(cli("join " + GetParam().pipeline));
  EXPECT_TRUE(join.wait_for("stalled: " + GetParam().stall.message)) << join.output();
}

TEST_P(EveryStall, Scenario28_IsShownByTheCommandLine) {
  const Pipeline pipeline = come_to_a_standstill();
  ASSERT_EQ(told_to_joiner(pipeline).reason, GetParam().stall.reason);
  for (const std::string& what :
       {"show " + GetParam().stall.queue, "pipeline show " + GetParam().pipeline, std::string("ls")}) {
    support::ShellCommand show(cli(what));
    EXPECT_EQ(show.wait(), 0) << show.output();
    EXPECT_THAT(show.output(), HasSubstr(GetParam().stall.message)) << what;
  }
  support::ShellCommand json(cli("--json pipeline show " + GetParam().pipeline));
  EXPECT_EQ(json.wait(), 0) << json.output();
  EXPECT_THAT(json.output(), HasSubstr('"' + GetParam().stall.reason + '"'));
}

TEST_P(EveryStall, Scenario28_IsToldByTheAdminEndpoint) {
  const Pipeline pipeline = come_to_a_standstill();
  ASSERT_EQ(told_to_joiner(pipeline).reason, GetParam().stall.reason);
  const Stall& stall = GetParam().stall;
  const nlohmann::json told = {{"reason", stall.reason}, {"queue", stall.queue}, {"message", stall.message}};
  for (const std::string& target : {"/api/v1/queues/" + stall.queue, "/api/v1/pipelines/" + GetParam().pipeline}) {
    EXPECT_EQ(nlohmann::json::parse(admin(target))["stalls"], nlohmann::json::array({told})) << target;
  }
  const auto all = nlohmann::json::parse(admin("/api/v1/stalls"))["stalls"];
  EXPECT_TRUE(std::ranges::any_of(all, [&](const auto& one) { return one["reason"] == stall.reason; })) << all;
  EXPECT_THAT(admin("/metrics"),
              HasSubstr("sluice_queue_stalled{queue=\"" + stall.queue + "\",reason=\"" + stall.reason + "\"} 1"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryStall, testing::Values(full_output(), cycle()),
                         [](const auto& kind) { return kind.param.stall.reason; });

TEST_F(StallScenario, Scenario28_IsToldForAsLongAsItLasts) {
  const Pipeline pipeline = with_full_output();
  EXPECT_EQ(told_to_joiner(pipeline).message, full_output().stall.message);
  EXPECT_THAT(drain(pipeline.queue("done")).size(), testing::Ge(10U));
  pipeline.join({.max_wait = kPatience});
  EXPECT_THAT(pipeline.stats().stalls, IsEmpty());
}

TEST_F(StallScenario, Scenario28_TheCommandLineWaitsUntilTheStallIsOver) {
  const Pipeline pipeline = with_full_output();
  support::ShellCommand join(cli("join photos"));
  EXPECT_TRUE(join.wait_for("stalled: " + full_output().stall.message)) << join.output();
  while (pipeline.stats().unfinished > 0) drain(pipeline.queue("done"));
  EXPECT_EQ(join.wait(), 0) << join.output();
}

}  // namespace
}  // namespace sluice::e2e
