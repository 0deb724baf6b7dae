// Work that says how far it is, whoever does it, and where that is seen; with the real programs.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>

#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using support::ShellCommand;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Each item waits for a line from "go" after its report.
std::string configuration() {
  return fmt::format(R"(
handlers:
  command: {{subprocess: {{commands: [{{shell: 'read n; echo "0.$n half" >&$SLUICE_PROGRESS_FD; read line < go; echo "$n"'}}]}}}}
  alive: {{coprocess: {{argv: [python3, {}], in_flight: 2}}}}
)",
                     COPROCESS_CHILD);
}

class ProgressScenario : public Scenario {
 protected:
  void SetUp() override {
    start(configuration(), {"--data", "data"});
    go.emplace(server->directory() / "go");
  }

  [[nodiscard]] Pipeline stage(const std::string& handler, std::uint32_t workers = 1) const {
    return connect().create_pipeline({.name = "p",
                                      .stages = {{.name = "s",
                                                  .input = "in",
                                                  .output = "out",
                                                  .handler = handler,
                                                  .workers = handler.empty() ? std::nullopt : std::optional(workers)}}});
  }
  // What is shown of the one item that runs; "" if nothing is.
  [[nodiscard]] static std::string shown(const Pipeline& pipeline) {
    const auto running = pipeline.stages().at(0).running;
    if (running.size() != 1 || !running.front().progress) return {};
    const Progress& progress = *running.front().progress;
    return progress.fraction ? fmt::format("{} {}", *progress.fraction, progress.message) : progress.message;
  }
  [[nodiscard]] std::string sluice(const std::string& arguments) const {
    ShellCommand command(fmt::format("{} --server {} {}", SLUICE_BINARY, server->address(), arguments));
    EXPECT_EQ(command.wait(), 0) << command.output();
    return command.output();
  }

  std::optional<Fifo> go;
};

TEST_F(ProgressScenario, ACommandsReportIsSeenEverywhere) {
  const Pipeline pipeline = stage("command");
  const Future job = pipeline.submit("5\n");
  ASSERT_TRUE(eventually([&] { return shown(pipeline) == "0.5 half"; }));
  EXPECT_THAT(sluice("pipeline show p"), HasSubstr("50% half"));
  EXPECT_THAT(sluice("peek in"), HasSubstr("50% half"));
  const auto running = nlohmann::json::parse(admin("/api/v1/running"))["running"];
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(running[0]["progress"]["fraction"], 0.5);
  EXPECT_EQ(running[0]["progress"]["message"], "half");
  EXPECT_EQ(nlohmann::json::parse(admin("/api/v1/jobs"))["jobs"][0]["progress"]["message"], "half");
  ShellCommand await(fmt::format("{} --server {} await {} --progress 2>&1", SLUICE_BINARY, server->address(), job.id()));
  EXPECT_TRUE(await.wait_for(fmt::format("sluice: job {}: 50% half (queue in)\n", job.id()))) << await.output();
  EXPECT_EQ(job.look().progress->message, "half");
  go->write_line();
  EXPECT_EQ(await.wait(), 0);
  EXPECT_THAT(await.output(), testing::EndsWith("5\n"));
  EXPECT_EQ(job.get(), "5\n");
  EXPECT_FALSE(job.look().progress);
  EXPECT_THAT(pipeline.stages().at(0).running, IsEmpty());
}

TEST_F(ProgressScenario, ACoprocessReportsInAFrame) {
  const Pipeline pipeline = stage("alive", 2);
  pipeline.queue("in").put("report 0.25 thinking");
  EXPECT_TRUE(eventually([&] { return shown(pipeline) == "0.25 thinking"; }));
  pipeline.queue("in").put("release");
  pipeline.join({.max_wait = kPatience});
}

TEST_F(ProgressScenario, TheCommandOfARemoteWorkerReportsToo) {
  const Pipeline pipeline = stage("");
  ShellCommand worker(fmt::format(
      "exec {} --server {} work --stage p/s --name far -- sh -c 'echo \"75% far away\" >&$SLUICE_PROGRESS_FD; read line < {}'",
      SLUICE_BINARY, server->address(), (server->directory() / "go").string()));
  pipeline.queue("in").put("x");
  ASSERT_TRUE(eventually([&] { return shown(pipeline) == "0.75 far away"; }));
  EXPECT_EQ(pipeline.stages().at(0).running.at(0).worker, "far");
  EXPECT_THAT(sluice("pipeline show p"), HasSubstr("far     75% far away"));
  go->write_line();
  pipeline.close();
  EXPECT_EQ(worker.wait(), 0) << worker.output();
}

TEST_F(ProgressScenario, TheCommandOfAConsumerReportsToo) {
  const Queue queue = connect().create_queue("tasks");
  queue.put("x");
  queue.close();
  ShellCommand worker(fmt::format("exec {} --server {} work tasks -- sh -c 'echo busy >&$SLUICE_PROGRESS_FD; read line < {}'",
                                  SLUICE_BINARY, server->address(), (server->directory() / "go").string()));
  ASSERT_TRUE(eventually([&] {
    const auto items = queue.peek();
    return items.size() == 1 && items[0].progress && items[0].progress->message == "busy";
  }));
  go->write_line();
  EXPECT_EQ(worker.wait(), 0) << worker.output();
}

TEST_F(ProgressScenario, IsGoneWithTheServerAndComesBackWithTheWork) {
  const Pipeline pipeline = stage("command");
  pipeline.queue("in").put("5\n");
  ASSERT_TRUE(eventually([&] { return shown(pipeline) == "0.5 half"; }));
  server->kill9();
  server->restart();
  const Pipeline again = connect().pipeline("p");
  EXPECT_TRUE(eventually([&] { return shown(again) == "0.5 half"; }));
  EXPECT_EQ(again.stages().at(0).running.at(0).attempt, 2U);
  go->write_line();
  again.join({.max_wait = kPatience});
}

}  // namespace
}  // namespace sluice::e2e
