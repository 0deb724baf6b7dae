// sluiced --inspect, --compact and --restore with the real program.
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "server/journal/frame.h"
#include "sluice/client.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::run_sluiced;
using support::SluicedProcess;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTools : public testing::Test {
 protected:
  // Two queues, one of them closed, with items in every state; a pipeline, a job, a limit and a schedule.
  void fill() {
    SluicedProcess sluiced({.config = R"(
pipelines:
  - name: words
    stages: [{input: raw, output: loud, handler: builtin.upper, workers: 2}]
)",
                            .flags = {"--data", data_}});
    Client client(sluiced.address());
    Queue tasks = client.create_queue("tasks");
    for (const char* payload : {"a", "b", "c"}) tasks.put(payload);
    tasks.put(NewItem{.payload = "later", .delay = 1h});
    auto held = tasks.get({.max_wait = 10s});
    ASSERT_TRUE(held);
    Queue closed = client.create_queue("closed");
    closed.close();
    static_cast<void>(client.create_queue("jobs").submit("a job"));
    client.create_limit("db", {.max_at_once = 3, .per_second = 0.5});
    client.create_schedule({.name = "nightly", .queue = "tasks", .cron = "0 3 * * *", .time_zone = "Europe/Berlin"});
    sluiced.kill9();
  }

  support::Finished run(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"--data", data_});
    return run_sluiced(std::move(flags));
  }

  test::TempDir directory_;
  const std::string data_ = (directory_.path() / "data").string();
};

TEST_F(StoreTools, InspectListsWhatIsStored) {
  fill();
  const auto text = run({"--inspect"});
  EXPECT_EQ(text.exit_code, 0) << text.error;
  EXPECT_THAT(text.output, ContainsRegex("tasks  +open  +2 +1 +1 +8 +4 +0 +0 +20"));
  EXPECT_THAT(text.output, ContainsRegex("closed  +closed  +0 +0 +0"));
  EXPECT_THAT(text.output, HasSubstr("stage raw: raw -> builtin.upper -> loud, 2 workers, running"));
  EXPECT_THAT(text.output, HasSubstr(fmt::format("schema version {}", journal::kSchemaVersion)));
  EXPECT_THAT(text.output, HasSubstr("limit db: 3 at once 0.5 a second, burst 1\n"));
  EXPECT_THAT(text.output, ContainsRegex("schedule nightly -> tasks: 0 3 .* Europe/Berlin, next .*; 0 put, 0 skipped"));
  EXPECT_THAT(text.output, HasSubstr("jobs: 1 running, 0 ended; batches: 0, 0 of them not done\n"));
  const auto json = run({"--inspect=json"});
  EXPECT_EQ(json.exit_code, 0) << json.error;
  const auto parsed = nlohmann::json::parse(json.output);
  EXPECT_EQ(parsed["schema_version"], journal::kSchemaVersion);
  EXPECT_EQ(parsed["pipelines"][0]["stages"][0]["workers"], 2);
  EXPECT_EQ(parsed["limits"][0]["max_at_once"], 3);
  EXPECT_EQ(parsed["schedules"][0]["time_zone"], "Europe/Berlin");
  EXPECT_EQ(parsed["jobs"]["running"], 1);
  bool found = false;
  for (const auto& queue : parsed["queues"]) {
    if (queue["name"] != "tasks") continue;
    found = true;
    EXPECT_EQ(queue["waiting"], 2);
    EXPECT_EQ(queue["delayed"], 1);
    EXPECT_EQ(queue["leased"], 1);
    EXPECT_EQ(queue["counters"]["delivered"], 1);
  }
  EXPECT_TRUE(found);
}

TEST_F(StoreTools, AreRefusedWhileAServerHasTheDirectory) {
  SluicedProcess sluiced({.flags = {"--data", data_}});
  for (const char* tool : {"--inspect", "--compact"}) {
    const auto finished = run({tool});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, IsEmpty());
    EXPECT_THAT(finished.error, HasSubstr(data_ + ": another process uses this data directory"));
  }
}

TEST_F(StoreTools, CompactionLeavesAServableStore) {
  fill();
  const auto finished = run({"--compact"});
  EXPECT_EQ(finished.exit_code, 0) << finished.error;
  EXPECT_THAT(finished.output, HasSubstr("compacted: "));
  SluicedProcess sluiced({.flags = {"--data", data_}});
  EXPECT_EQ(Client(sluiced.address()).queue("tasks").stats().unfinished, 4U);
}

TEST_F(StoreTools, RestoreNeedsToBeToldToOverwrite) {
  fill();
  const std::string backup = data_ + "/data.mdb";
  const std::string other = (directory_.path() / "other").string();
  EXPECT_EQ(run_sluiced({"--data", other, "--restore", backup}).exit_code, 0);
  const auto again = run_sluiced({"--data", other, "--restore", backup});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.error, HasSubstr("--overwrite"));
  EXPECT_EQ(run_sluiced({"--data", other, "--restore", backup, "--overwrite"}).exit_code, 0);
  SluicedProcess sluiced({.flags = {"--data", other}});
  EXPECT_EQ(Client(sluiced.address()).queue("tasks").stats().unfinished, 4U);
}

TEST_F(StoreTools, SayWhatIsMissing) {
  const auto nowhere = run_sluiced({"--data", "none", "--inspect"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.error, HasSubstr("--data DIR"));
  const auto empty = run({"--inspect"});
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_THAT(empty.error, HasSubstr("data.mdb"));
  EXPECT_FALSE(std::filesystem::exists(data_)) << "looking creates nothing";
  EXPECT_EQ(run({"--inspect", "--compact"}).exit_code, 2);
  EXPECT_EQ(run({"--overwrite"}).exit_code, 2);
  EXPECT_EQ(run({"--inspect=xml"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice
