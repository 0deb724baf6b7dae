// Scenario 28: what does not move says why, to whoever asks, in whatever way.
#include <algorithm>
#include <functional>
#include <ostream>

#include <nlohmann/json.hpp>

#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Of `sluice why`, when something is stalled.
constexpr int kWhyStalled = 5;

// What comes to a standstill, and what is to be said of it.
struct Standstill {
  std::string pipeline;  // empty: a queue alone
  Stall stall;           // the message as far as it does not depend on the time
  std::function<void(const Client&)> make;
};

// For the names of tests.
void PrintTo(const Standstill& standstill, std::ostream* out) { *out << standstill.stall.reason; }

// A pipeline of one stage from "tasks" on, that has some items.
void make_stage(const Client& client, StageSpec stage, const std::vector<NewItem>& items) {
  stage.name = "work";
  stage.input = "tasks";
  const Pipeline pipeline = client.create_pipeline({.name = "p", .stages = {stage}});
  if (!items.empty()) pipeline.queue("tasks").put_batch(items);
}

const std::vector<NewItem> kThree(3, NewItem{.payload = "x"});

void make_full_output(const Client& client) {
  const Pipeline pipeline = client.create_pipeline({
      .name = "photos",
      .queues = {{"done", {.capacity = 10}}},
      .stages = {{.input = "upload", .output = "done", .handler = "builtin.identity"}},
  });
  pipeline.queue("upload").put_all(numbers(20));
}

// A stage that feeds its own input: it holds one item, which has no room beside the other.
void make_cycle(const Client& client) {
  const Pipeline pipeline = client.create_pipeline({
      .name = "crawler",
      .queues = {{"loop", {.capacity = 1}}},
      .stages = {{.input = "loop", .output = "loop", .handler = "builtin.sleep", .workers = 1}},
  });
  const NewItem page{.attributes = {{"sleep", "50ms"}}};
  pipeline.queue("loop").put(page);
  pipeline.queue("loop").put(page, {.max_wait = kPatience});
}

// Another stage has all that the limit allows.
void make_exhausted_limit(const Client& client) {
  client.create_limit("one", {.max_at_once = 1});
  const Pipeline pipeline = client.create_pipeline(
      {.name = "p",
       .stages = {{.input = "others", .handler = "builtin.sleep", .limits = {"one"}},
                  {.name = "work", .input = "tasks", .handler = "builtin.identity", .limits = {"one"}}}});
  pipeline.queue("others").put(NewItem{.attributes = {{"sleep", "1h"}}});
  EXPECT_TRUE(eventually([&] { return client.limit("one").in_use == 1; }));
  pipeline.queue("tasks").put_batch(kThree);
}

Standstill full_output() {
  return {"photos",
          {"OUTPUT_FULL_WITHOUT_CONSUMER", "done", "queue \"done\" is full (10 of 10) and has no consumer"},
          make_full_output};
}

std::vector<Standstill> all_standstills() {
  const auto of_stage = [](const char* reason, const std::string& message, const std::function<void(const Client&)>& make) {
    return Standstill{"p", {reason, "tasks", message}, make};
  };
  const std::string waiting = ", and queue \"tasks\" has 3 waiting items";
  return {
      full_output(),
      {"crawler",
       {"CYCLE_FULL", "loop", "queue \"loop\" is full (1 of 1), and all who could take from it wait to put into it"},
       make_cycle},
      {"",
       {"NO_CONSUMER", "tasks", "queue \"tasks\" has 3 waiting items and no consumer"},
       [](const Client& client) { client.create_queue("tasks").put_batch(kThree); }},
      of_stage("NO_WORKER", "stage \"work\" has no worker attached" + waiting,
               [](const Client& client) { make_stage(client, {}, kThree); }),
      of_stage("QUEUE_PAUSED", "queue \"tasks\" is paused with 3 waiting items",
               [](const Client& client) {
                 make_stage(client, {.handler = "builtin.identity"}, {});
                 client.queue("tasks").pause();
                 client.queue("tasks").put_batch(kThree);
               }),
      of_stage("STAGE_PAUSED", "stage \"work\" is paused" + waiting,
               [](const Client& client) {
                 make_stage(client, {.handler = "builtin.identity"}, {});
                 client.pipeline("p").pause("work");
                 client.queue("tasks").put_batch(kThree);
               }),
      of_stage("STAGE_WITHOUT_WORKERS", "stage \"work\" has no workers" + waiting,
               [](const Client& client) { make_stage(client, {.handler = "builtin.identity", .workers = 0}, kThree); }),
      of_stage("ALL_DELAYED", "all 3 items of queue \"tasks\" are delayed or wait to be tried again, the next in ",
               [](const Client& client) {
                 make_stage(client, {.handler = "builtin.identity"},
                            std::vector<NewItem>(3, NewItem{.payload = "x", .delay = 1h}));
               }),
      of_stage("WAITS_FOR_WORKERS", "stage \"work\" waits for its workers: 1 of 2 are ready" + waiting,
               [](const Client& client) {
                 make_stage(client, {.handler = "builtin.identity", .workers = 1, .start_workers = 2}, kThree);
               }),
      of_stage("LIMIT_EXHAUSTED", "stage \"work\" waits for limit \"one\" (1 of 1 in use)" + waiting, make_exhausted_limit),
  };
}

class StallScenario : public Scenario {
 protected:
  // At the end workers still hold what has no room: no use in letting them finish.
  void SetUp() override { start({}, {"--drain-timeout", "0s"}); }

  [[nodiscard]] std::string cli(const std::string& arguments) const {
    return std::string(SLUICE_BINARY) + " --server " + server->address() + " " + arguments;
  }

  // The stall of this reason that a joiner is told of; waits for it.
  template <class Info, class Joined>
  static Stall told_to_joiner_of(const Joined& joined, const std::string& reason) {
    std::stop_source found;
    Stall told;
    try {
      joined.join({.max_wait = kPatience,
                   .progress =
                       [&](const Info& info) {
                         const auto stall = std::ranges::find(info.stalls, reason, &Stall::reason);
                         if (stall == info.stalls.end()) return;
                         told = *stall;
                         found.request_stop();
                       },
                   .progress_interval = 10ms,
                   .stop = found.get_token()});
    } catch (const Cancelled&) {
    }
    return told;
  }
  [[nodiscard]] Stall told_to_joiner(const Standstill& standstill) const {
    if (standstill.pipeline.empty()) {
      return told_to_joiner_of<QueueInfo>(connect().queue(standstill.stall.queue), standstill.stall.reason);
    }
    return told_to_joiner_of<PipelineInfo>(connect().pipeline(standstill.pipeline), standstill.stall.reason);
  }
};

class EveryStall : public StallScenario, public testing::WithParamInterface<Standstill> {
 protected:
  void SetUp() override {
    StallScenario::SetUp();
    GetParam().make(connect());
  }

  // What the command prints, which ends with this code.
  [[nodiscard]] std::string said(const std::string& arguments, int exit_code = 0) const {
    support::ShellCommand command(cli(arguments));
    EXPECT_EQ(command.wait(), exit_code) << command.output();
    return command.output();
  }
};

TEST_P(EveryStall, Scenario28_IsToldToJoiners) {
  const Stall told = told_to_joiner(GetParam());
  EXPECT_EQ(told.reason, GetParam().stall.reason);
  EXPECT_EQ(told.queue, GetParam().stall.queue);
  EXPECT_THAT(told.message, StartsWith(GetParam().stall.message));
}

TEST_P(EveryStall, Scenario28_IsPrintedByAJoin) {
  support::ShellCommand join(cli("join " + (GetParam().pipeline.empty() ? GetParam().stall.queue : GetParam().pipeline)));
  EXPECT_TRUE(join.wait_for("stalled: " + GetParam().stall.message)) << join.output();
}

TEST_P(EveryStall, Scenario28_IsShownByTheCommandLine) {
  const Stall& stall = GetParam().stall;
  ASSERT_EQ(told_to_joiner(GetParam()).reason, stall.reason);
  EXPECT_THAT(said("show " + stall.queue), HasSubstr(stall.message));
  EXPECT_THAT(said("ls"), HasSubstr(stall.message));
  if (GetParam().pipeline.empty()) return;
  EXPECT_THAT(said("pipeline show " + GetParam().pipeline), HasSubstr(stall.message));
  EXPECT_THAT(said("--json pipeline show " + GetParam().pipeline), HasSubstr('"' + stall.reason + '"'));
}

TEST_P(EveryStall, Scenario28_IsWhatWhySays) {
  const Stall& stall = GetParam().stall;
  ASSERT_EQ(told_to_joiner(GetParam()).reason, stall.reason);
  // Only of pipelines.
  if (GetParam().pipeline.empty()) return;
  const std::string words = said("why " + GetParam().pipeline, kWhyStalled);
  EXPECT_THAT(words, HasSubstr("  " + stall.reason + ": " + stall.message));
  EXPECT_THAT(words, Not(HasSubstr("see docs/stalls.md"))) << "there is something to do about it";
  const auto json = nlohmann::json::parse(said("--json why " + GetParam().pipeline, kWhyStalled));
  ASSERT_EQ(json["stalls"].size(), 1U) << json;
  EXPECT_EQ(json["stalls"][0]["reason"], stall.reason);
  EXPECT_EQ(json["stalls"][0]["queue"], stall.queue);
  EXPECT_THAT(json["stalls"][0]["message"].get<std::string>(), StartsWith(stall.message));
}

TEST_P(EveryStall, Scenario28_IsToldByTheAdminEndpoint) {
  const Stall& stall = GetParam().stall;
  ASSERT_EQ(told_to_joiner(GetParam()).reason, stall.reason);
  std::vector<std::string> targets{"/api/v1/queues/" + stall.queue};
  if (!GetParam().pipeline.empty()) targets.push_back("/api/v1/pipelines/" + GetParam().pipeline);
  for (const std::string& target : targets) {
    const auto told = nlohmann::json::parse(admin(target))["stalls"];
    ASSERT_EQ(told.size(), 1U) << target << ": " << told;
    EXPECT_EQ(told[0]["reason"], stall.reason) << target;
    EXPECT_EQ(told[0]["queue"], stall.queue) << target;
    EXPECT_THAT(told[0]["message"].get<std::string>(), StartsWith(stall.message)) << target;
  }
  const auto all = nlohmann::json::parse(admin("/api/v1/stalls"))["stalls"];
  EXPECT_TRUE(std::ranges::any_of(all, [&](const auto& one) { return one["reason"] == stall.reason; })) << all;
  EXPECT_THAT(admin("/metrics"),
              HasSubstr("sluice_queue_stalled{queue=\"" + stall.queue + "\",reason=\"" + stall.reason + "\"} 1"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryStall, testing::ValuesIn(all_standstills()),
                         [](const auto& kind) { return kind.param.stall.reason; });

TEST_F(StallScenario, Scenario28_IsToldForAsLongAsItLasts) {
  make_full_output(connect());
  const Pipeline pipeline = connect().pipeline("photos");
  EXPECT_EQ(told_to_joiner(full_output()).message, full_output().stall.message);
  EXPECT_THAT(drain(pipeline.queue("done")).size(), testing::Ge(10U));
  pipeline.join({.max_wait = kPatience});
  EXPECT_THAT(pipeline.stats().stalls, IsEmpty());
}

TEST_F(StallScenario, Scenario28_TheCommandLineWaitsUntilTheStallIsOver) {
  make_full_output(connect());
  const Pipeline pipeline = connect().pipeline("photos");
  support::ShellCommand join(cli("join photos"));
  EXPECT_TRUE(join.wait_for("stalled: " + full_output().stall.message)) << join.output();
  while (pipeline.stats().unfinished > 0) drain(pipeline.queue("done"));
  EXPECT_EQ(join.wait(), 0) << join.output();
}

class OrderKeyScenario : public Scenario {};

TEST_F(OrderKeyScenario, WhatWaitsBehindOneThatTakesLongIsNamed) {
  start("handlers: {slow: {subprocess: {commands: [{shell: 'read line < go'}]}}}");
  Fifo go(server->directory() / "go");
  const Pipeline pipeline =
      connect().create_pipeline({.name = "p", .stages = {{.input = "in", .handler = "slow", .workers = 2}}});
  const ItemId first = pipeline.queue("in").put({.payload = "a", .order_key = "customer-7"});
  pipeline.queue("in").put({.payload = "b", .order_key = "customer-7"});
  ASSERT_TRUE(eventually([&] { return !pipeline.stats().stalls.empty(); }));
  const Stall stall = pipeline.stats().stalls.front();
  EXPECT_EQ(stall.reason, "ORDER_KEY_HELD");
  EXPECT_THAT(stall.message, HasSubstr("item " + std::to_string(first) + " of key \"customer-7\" has been worked on for "));
  support::ShellCommand why(std::string(SLUICE_BINARY) + " --server " + server->address() + " why p");
  EXPECT_EQ(why.wait(), kWhyStalled);
  EXPECT_THAT(why.output(), HasSubstr("ORDER_KEY_HELD: queue \"in\" has 1 waiting item"));
  EXPECT_THAT(why.output(), HasSubstr("sluice cancel in ITEM"));
  go.write_line();
  EXPECT_TRUE(eventually([&] { return pipeline.stats().stalls.empty(); }));
  go.write_line();
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
}

}  // namespace
}  // namespace sluice::e2e
