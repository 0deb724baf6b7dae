// Handlers, queues and pipelines of the configuration file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(Handlers, BecomeSpecifications) {
  const auto all = settings(R"(
handlers:
  resize:
    description: Halves a picture
    subprocess:
      commands:
        - argv: [cat]
        - shell: wc -c
      timeout: 1.5s
      grace: 0
      max_output_bytes: 100
      inherit_env: [PATH]
      env: {A: "1"}
      working_directory: work/dir
      do_not_retry_exit_codes: [3]
      limits: {cpu_time: 2s, open_files: 20, core_bytes: 5}
)");
  const auto& spec = std::get<handlers::SubprocessSpec>(all.handlers.at("resize"));
  EXPECT_EQ(spec.description, "Halves a picture");
  ASSERT_EQ(spec.commands.size(), 2U);
  EXPECT_THAT(spec.commands[0].argv, ElementsAre("cat"));
  EXPECT_EQ(spec.commands[1].shell, "wc -c");
  EXPECT_EQ(spec.timeout, 1500ms);
  EXPECT_EQ(spec.grace, 0s);
  EXPECT_EQ(spec.max_output_bytes, 100U);
  EXPECT_THAT(spec.inherit_env, ElementsAre("PATH"));
  EXPECT_EQ(spec.env, (std::map<std::string, std::string>{{"A", "1"}}));
  EXPECT_EQ(spec.working_directory, "DIR/work/dir");
  EXPECT_THAT(spec.do_not_retry_exit_codes, ElementsAre(3));
  EXPECT_EQ(spec.limits.cpu_time, 2s);
  EXPECT_EQ(spec.limits.open_files, 20U);
  EXPECT_EQ(spec.limits.address_space_bytes, std::nullopt);
  EXPECT_EQ(spec.limits.core_bytes, 5U);
}

TEST(Handlers, HaveDefaults) {
  const auto all = settings("handlers: {h: {subprocess: {commands: [{argv: [cat]}]}}}");
  const auto& spec = std::get<handlers::SubprocessSpec>(all.handlers.at("h"));
  EXPECT_EQ(spec.timeout, std::nullopt);
  EXPECT_EQ(spec.grace, limits::kDefaultGrace);
  EXPECT_EQ(spec.max_output_bytes, limits::kMaxPayloadBytes);
  EXPECT_EQ(spec.inherit_env.size(), 6U);
  EXPECT_EQ(spec.working_directory, "");
}

TEST(Handlers, AbsoluteWorkingDirectoriesStayAsTheyAre) {
  const auto all = settings("handlers: {h: {subprocess: {working_directory: /tmp, commands: [{argv: [cat]}]}}}");
  EXPECT_EQ(std::get<handlers::SubprocessSpec>(all.handlers.at("h")).working_directory, "/tmp");
}

TEST(Handlers, AreRefusedWithTheirLine) {
  EXPECT_EQ(complaints("handlers:\n  h: {}\n"),
            "f:2:3: handlers.h: says not what to run; give it a \"subprocess\" with its \"commands\", or a \"coprocess\"\n");
  EXPECT_THAT(complaints("handlers:\n  h:\n    subprocess:\n      commands:\n        - argv: [a]\n          shell: b\n"),
              StartsWith("f:5:11: handlers.h.subprocess.commands[0]: "));
  EXPECT_THAT(complaints("handlers:\n  h:\n    subprocess:\n      commands: []\n"),
              StartsWith("f:4:17: handlers.h.subprocess.commands: "));
  EXPECT_THAT(complaints("handlers:\n  h:\n    subprocess:\n      timeout: 0\n      commands: [{argv: [a]}]\n"),
              StartsWith("f:4:16: handlers.h.subprocess.timeout: "));
  EXPECT_THAT(complaints("handlers:\n  h:\n    subprocess:\n      max_output_bytes: 4194305\n      commands: [{argv: [a]}]\n"),
              StartsWith("f:4:25: handlers.h.subprocess.max_output_bytes: "));
  EXPECT_THAT(complaints("handlers:\n  ' h': {subprocess: {commands: [{argv: [a]}]}}\n"), StartsWith("f:2:3: handlers. h: "));
  EXPECT_THAT(complaints("handlers:\n  builtin.identity: {subprocess: {commands: [{argv: [a]}]}}\n"),
              StartsWith("f:2:3: handlers.builtin.identity: is the name of a handler that sluiced has already"));
}

TEST(Coprocesses, BecomeSpecifications) {
  const auto all = settings(R"(
handlers:
  primes:
    description: Finds primes
    coprocess:
      argv: [python3, primes.py]
      protocol: lines
      processes: 2
      in_flight: 16
      max_items: 1000
      timeout: 1.5s
      grace: 1s
      max_output_bytes: 100
      inherit_env: [PATH]
      env: {A: "1"}
      working_directory: work
      limits: {open_files: 20}
)");
  const auto& spec = std::get<handlers::CoprocessSpec>(all.handlers.at("primes"));
  EXPECT_EQ(spec.description, "Finds primes");
  EXPECT_THAT(spec.command.argv, ElementsAre("python3", "primes.py"));
  EXPECT_EQ(spec.protocol, handlers::CoprocessProtocol::kLines);
  EXPECT_EQ(spec.processes, 2U);
  EXPECT_EQ(spec.in_flight, 16U);
  EXPECT_EQ(spec.max_items, 1000U);
  EXPECT_EQ(spec.timeout, 1500ms);
  EXPECT_EQ(spec.grace, 1s);
  EXPECT_EQ(spec.max_output_bytes, 100U);
  EXPECT_THAT(spec.inherit_env, ElementsAre("PATH"));
  EXPECT_EQ(spec.env.at("A"), "1");
  EXPECT_EQ(spec.working_directory, "DIR/work");
  EXPECT_EQ(spec.limits.open_files, 20U);
}

TEST(Coprocesses, HaveDefaults) {
  const auto all = settings("handlers: {h: {coprocess: {shell: exec ./child}}}");
  const auto& spec = std::get<handlers::CoprocessSpec>(all.handlers.at("h"));
  EXPECT_EQ(spec.command.shell, "exec ./child");
  EXPECT_EQ(spec.protocol, handlers::CoprocessProtocol::kFrames);
  EXPECT_EQ(spec.processes, 1U);
  EXPECT_EQ(spec.in_flight, 1U);
  EXPECT_EQ(spec.max_items, 0U);
  EXPECT_EQ(spec.timeout, std::nullopt);
  EXPECT_EQ(spec.grace, limits::kDefaultGrace);
}

TEST(Coprocesses, AreRefusedWithTheirLine) {
  const auto refused = [](const std::string& lines) {
    return complaints("handlers:\n  h:\n    coprocess:\n      argv: [a]\n" + lines);
  };
  EXPECT_EQ(complaints("handlers:\n  h:\n    coprocess: {}\n"), "f:3:5: handlers.h.coprocess: give either argv or shell\n");
  EXPECT_THAT(refused("      shell: b\n"), StartsWith("f:3:5: handlers.h.coprocess: give either argv or shell"));
  EXPECT_THAT(refused("      processes: 257\n"), StartsWith("f:5:18: handlers.h.coprocess.processes: 257 is out of range"));
  EXPECT_THAT(refused("      in_flight: 1001\n"), StartsWith("f:5:18: handlers.h.coprocess.in_flight: 1001 is out of range"));
  EXPECT_THAT(refused("      protocol: json\n"), StartsWith("f:5:17: handlers.h.coprocess.protocol: \"json\" is unknown"));
  EXPECT_THAT(refused("      timeout: 25h\n"), StartsWith("f:5:16: handlers.h.coprocess.timeout: "));
  EXPECT_THAT(refused("      env: {\"A=B\": c}\n"), StartsWith("f:5:7: handlers.h.coprocess.env: "));
  EXPECT_THAT(refused("      commands: []\n"), StartsWith("f:5:7: handlers.h.coprocess.commands: unknown key"));
  EXPECT_THAT(complaints("handlers:\n  h:\n    coprocess: {argv: ['']}\n"),
              StartsWith("f:3:23: handlers.h.coprocess.argv: the program's name is empty"));
}

TEST(Queues, BecomeSpecifications) {
  const auto all =
      settings("queues:\n  - {name: a, settings: {capacity: 5, order: lifo, dead_letter_queue: '-'}}\n  - name: b\n");
  ASSERT_EQ(all.queues.size(), 2U);
  EXPECT_EQ(all.queues[0].name, "a");
  EXPECT_EQ(all.queues[0].settings.capacity, 5U);
  EXPECT_EQ(all.queues[0].settings.order, model::QueueOrder::kLifo);
  EXPECT_EQ(all.queues[0].settings.dead_letter_queue, "");
  EXPECT_EQ(all.queues[1].settings.capacity, std::nullopt);
}

TEST(Queues, AreRefusedWithTheirLine) {
  EXPECT_THAT(complaints("queues:\n  - name: a\n    settings:\n      capacity: 100000001\n"),
              StartsWith("f:4:17: queues[0].settings.capacity: 100000001 is out of range"));
  EXPECT_THAT(complaints("queues:\n  - settings: {}\n"), StartsWith("f:2:5: queues[0].name: is empty"));
  EXPECT_THAT(complaints("queues:\n  - name: a\n  - name: a\n"), StartsWith("f:3:5: queues[1]: "));
  EXPECT_THAT(complaints("queues:\n  - name: a\n    settings:\n      retry:\n        jitter: 2\n"),
              StartsWith("f:5:17: queues[0].settings.retry.jitter: 2 is out of range"));
}

TEST(Pipelines, BecomeSpecifications) {
  const auto all = settings(
      "pipelines:\n  - name: p\n    stages:\n"
      "      - {input: a, output: b, handler: builtin.identity, workers: 3, retry: {max_attempts: 1}}\n");
  ASSERT_EQ(all.pipelines.size(), 1U);
  ASSERT_EQ(all.pipelines[0].stages.size(), 1U);
  EXPECT_EQ(all.pipelines[0].stages[0].name, "a");
  EXPECT_EQ(all.pipelines[0].stages[0].workers, 3U);
  ASSERT_EQ(all.pipelines[0].queues.size(), 1U);
  EXPECT_EQ(all.pipelines[0].queues[0].settings.max_attempts, 1U);
}

TEST(Pipelines, AreRefusedWithTheirLine) {
  EXPECT_THAT(complaints("pipelines:\n  - name: p\n"), StartsWith("f:2:5: pipelines[0].stages: has 0 stages"));
  EXPECT_THAT(
      complaints("pipelines:\n  - name: p\n    stages:\n      - {input: a, handler: builtin.identity, workers: 1001}\n"),
      StartsWith("f:4:56: pipelines[0].stages[0].workers: 1001 is out of range"));
  EXPECT_THAT(complaints("pipelines:\n"
                         "  - {name: p, stages: [{input: a, handler: builtin.identity}]}\n"
                         "  - {name: p, stages: [{input: b, handler: builtin.identity}]}\n"),
              StartsWith("f:3:5: pipelines[1]: "));
}

TEST(Pipelines, NameHandlersThatExist) {
  EXPECT_EQ(complaints("handlers:\n  resize: {subprocess: {commands: [{argv: [cat]}]}}\n"
                       "pipelines:\n  - {name: p, stages: [{input: a, handler: risize}]}\n"),
            "f:4:44: pipelines[0].stages[0].handler: no handler is called \"risize\"; did you mean \"resize\"?\n");
  EXPECT_EQ(complaints("pipelines:\n  - {name: p, stages: [{input: a, handler: x}]}\n"),
            "f:2:44: pipelines[0].stages[0].handler: no handler is called \"x\"; known are \"builtin.identity\"\n");
}

TEST(Schedules, BecomeSpecifications) {
  const auto all = settings(R"(
queues: [{name: reports}]
pipelines: [{name: p, stages: [{input: a, handler: builtin.identity}]}]
schedules:
  - name: nightly
    queue: reports
    cron: "0 3 * * *"
    time_zone: Europe/Berlin
    payload: "grüße\n"
    attributes: {kind: all}
    priority: -3
    catch_up: 5
  - {name: beat, queue: a, every: 1.5s}
)");
  ASSERT_EQ(all.schedules.size(), 2U);
  const auto& nightly = all.schedules[0];
  EXPECT_EQ(nightly.name, "nightly");
  EXPECT_EQ(nightly.queue, "reports");
  EXPECT_EQ(nightly.cron, "0 3 * * *");
  EXPECT_EQ(nightly.time_zone, "Europe/Berlin");
  EXPECT_EQ(nightly.body->payload, "grüße\n");
  EXPECT_EQ(nightly.body->attributes, (model::Attributes{{"kind", "all"}}));
  EXPECT_EQ(nightly.priority, -3);
  EXPECT_EQ(nightly.catch_up, 5U);
  EXPECT_EQ(all.schedules[1].every, 1500ms);
  EXPECT_EQ(all.schedules[1].catch_up, 1U);
}

TEST(Schedules, AreRefusedWithTheirLine) {
  const auto refused = [](const std::string& rest) {
    return complaints("queues: [{name: q}]\nschedules:\n  - name: s\n    queue: q\n" + rest);
  };
  EXPECT_THAT(refused("    cron: 0 3 * *\n"), StartsWith("f:5:11: schedules[0].cron: "));
  EXPECT_THAT(refused("    every: 5ms\n"), StartsWith("f:5:12: schedules[0].every: 0.005s is out of range"));
  EXPECT_THAT(refused("    cron: '@daily'\n    time_zone: Europe/Berlim\n"), StartsWith("f:6:16: schedules[0].time_zone: "));
  EXPECT_THAT(refused("    every: 1s\n    catch_up: 1001\n"),
              StartsWith("f:6:15: schedules[0].catch_up: 1001 is out of range"));
  EXPECT_EQ(refused("    every: 1s\n  - {name: s, queue: q, every: 1s}\n"),
            "f:6:5: schedules[1]: schedule \"s\" exists already\n");
  EXPECT_EQ(complaints("schedules: [{name: s, queue: q, every: 1s}]\n"),
            "f:1:13: schedules[0]: no queue \"q\"; create it first\n");
}

TEST(File, ReportsAllMistakesTogether) {
  EXPECT_EQ(complaints("threads: 1000\n"
                       "queues:\n"
                       "  - name: a b\n"
                       "  - name: ok\n"
                       "    settings: {capcity: 3}\n"
                       "pipelines:\n"
                       "  - {name: p, stages: [{input: a, handler: x}]}\n"),
            "f:1:10: threads: 1000 is out of range; 1 to 256 is allowed\n"
            "f:3:11: queues[0].name: \"a b\" is not a name; A-Z a-z 0-9 . _ - : / are allowed, a letter or digit first\n"
            "f:5:16: queues[1].settings.capcity: unknown key; did you mean \"capacity\"?\n"
            "f:7:44: pipelines[0].stages[0].handler: no handler is called \"x\"; known are \"builtin.identity\"\n");
}

TEST(File, DoesNotJudgeWhatItCouldNotRead) {
  EXPECT_EQ(complaints("pipelines:\n  - name: p\n    stages:\n      - {inptu: a, handler: builtin.identity}\n"),
            "f:4:10: pipelines[0].stages[0].inptu: unknown key; did you mean \"input\"?\n");
  EXPECT_EQ(complaints("queues: [a: b: c]\n").find("queues[0]"), std::string::npos);
}

}  // namespace
}  // namespace sluice::config
