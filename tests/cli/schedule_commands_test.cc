// `sluice schedule`, against the server.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ScheduleCommands : public CommandTest {
 protected:
  ScheduleCommands() {
    client_.create_queue("reports");
    client_.create_queue("others");
  }

  Ran create_nightly() {
    return run({"schedule", "create", "nightly", "reports", "--cron", "0 3 * * *", "--time-zone", "Europe/Berlin", "--payload",
                "all of it", "--attr", "kind=full", "--attr", "day=any", "--priority", "7", "--catch-up", "2"});
  }
};

TEST_F(ScheduleCommands, EachTickPutsAnItemThatSaysWhichOne) {
  ASSERT_EQ(run({"schedule", "create", "beat", "reports", "--every", "10ms", "--payload", "now", "--attr", "kind=x"}).exit_code,
            kOk);
  ASSERT_TRUE(wait_until("reports", [](const QueueInfo& queue) { return queue.waiting >= 2; }));
  EXPECT_THAT(run({"schedule", "pause", "beat"}).output, "schedule \"beat\" is paused\n");
  const Schedule paused = client_.schedule("beat");
  EXPECT_TRUE(paused.paused);
  EXPECT_TRUE(paused.upcoming.empty());
  const auto items = client_.queue("reports").peek({.max_items = 1'000});
  ASSERT_GE(items.size(), 2U);
  EXPECT_EQ(items.size(), paused.put);
  for (const PeekedItem& item : items) {
    EXPECT_EQ(item.payload, "now");
    EXPECT_EQ(item.attributes.at("kind"), "x");
    EXPECT_EQ(item.attributes.at("sluice-schedule"), "beat");
  }
  EXPECT_NE(items[0].attributes.at("sluice-tick"), items[1].attributes.at("sluice-tick"));
  EXPECT_THAT(run({"schedule", "resume", "beat"}).output, StartsWith("schedule \"beat\" is running; next tick 2"));
  ASSERT_TRUE(wait_until("reports", [&](const QueueInfo& queue) { return queue.waiting > items.size(); }));
}

TEST_F(ScheduleCommands, OneIsShownWithAllThatItIs) {
  const Ran created = create_nightly();
  EXPECT_EQ(created.exit_code, kOk) << created.error;
  const Ran shown = run({"schedule", "show", "nightly"});
  EXPECT_EQ(shown.output, created.output);
  EXPECT_THAT(shown.output, AllOf(HasSubstr("schedule      nightly\n"), HasSubstr("queue         reports\n"),
                                  HasSubstr("ticks         0 3 * * * Europe/Berlin\n"), HasSubstr("catch up      2\n"),
                                  HasSubstr("9 B of payload, priority 7"), HasSubstr(", kind=full"),
                                  HasSubstr("counts        put 0, skipped 0, refused 0\n"), Not(HasSubstr("last error"))));
  const json whole = run_json({"schedule", "show", "nightly"});
  EXPECT_EQ(whole["spec"]["payload"], "all of it");
  EXPECT_EQ(whole["spec"]["attributes"], (json{{"kind", "full"}, {"day", "any"}}));
  EXPECT_EQ(whole["upcoming"].size(), 5U);
  EXPECT_EQ(whole["upcoming"][0], whole["next_time"]);
  EXPECT_EQ(whole["put"], "0");
}

TEST_F(ScheduleCommands, AnUpdateLeavesWhatItIsNotTold) {
  create_nightly();
  EXPECT_EQ(run({"schedule", "update", "nightly", "--catch-up", "0"}).exit_code, kOk);
  Schedule schedule = client_.schedule("nightly");
  EXPECT_EQ(schedule.spec.catch_up, 0U);
  EXPECT_EQ(schedule.spec.cron, "0 3 * * *");
  EXPECT_EQ(schedule.spec.time_zone, "Europe/Berlin");
  EXPECT_EQ(schedule.spec.payload, "all of it");
  EXPECT_EQ(schedule.spec.priority, 7);

  const auto file = (sluiced_.directory() / "payload").string();
  std::ofstream(file) << "from a file";
  EXPECT_EQ(run({"schedule", "update", "nightly", "others", "--every", "1h", "--file", file, "--attr", "a=b"}).exit_code, kOk);
  schedule = client_.schedule("nightly");
  EXPECT_EQ(schedule.spec.queue, "others");
  EXPECT_EQ(schedule.spec.cron, "");
  EXPECT_EQ(schedule.spec.time_zone, "");
  EXPECT_EQ(schedule.spec.every, std::chrono::hours(1));
  EXPECT_EQ(schedule.spec.payload, "from a file");
  EXPECT_EQ(schedule.spec.attributes, (Attributes{{"a", "b"}}));
  EXPECT_EQ(schedule.spec.catch_up, 0U);
  EXPECT_EQ(run({"schedule", "update", "nightly", "--cron", "@daily"}).exit_code, kOk);
  EXPECT_EQ(client_.schedule("nightly").spec.every, std::nullopt);
}

TEST_F(ScheduleCommands, AreListedWithWhatWentWrong) {
  create_nightly();
  client_.create_schedule({.name = "beat", .queue = "others", .every = std::chrono::milliseconds(10)});
  client_.queue("others").close();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (client_.schedule("beat").refused == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const Ran listed = run({"schedule", "ls"});
  EXPECT_THAT(listed.output, AllOf(StartsWith("SCHEDULE"), HasSubstr("every 10ms"), HasSubstr("0 3 * * * Europe/Berlin"),
                                   HasSubstr("\nbeat: "), HasSubstr("closed")));
  EXPECT_THAT(run({"schedule", "show", "beat"}).output, HasSubstr("last error    "));
  const std::string lines = run({"schedule", "ls", "--json"}).output;
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
  EXPECT_EQ(json::parse(lines.substr(0, lines.find('\n')))["spec"]["name"], "beat");
  EXPECT_EQ(client_.schedules().size(), 2U);
}

TEST_F(ScheduleCommands, AreDeletedAndTheirItemsStay) {
  client_.create_schedule({.name = "beat", .queue = "reports", .every = std::chrono::milliseconds(10)});
  ASSERT_TRUE(wait_until("reports", [](const QueueInfo& queue) { return queue.waiting >= 1; }));
  EXPECT_EQ(run({"schedule", "rm", "beat"}).output, "schedule \"beat\" is deleted\n");
  EXPECT_GE(client_.queue("reports").stats().waiting, 1U);
  const Ran gone = run({"schedule", "show", "beat"});
  EXPECT_EQ(gone.exit_code, kFailed);
  EXPECT_THAT(gone.error, StartsWith("sluice: SCHEDULE_NOT_FOUND: "));
}

TEST_F(ScheduleCommands, MistakesHaveNames) {
  EXPECT_THAT(run({"schedule", "create", "a", "reports", "--cron", "0 3 * *"}).error,
              HasSubstr("INVALID_VALUE: schedule.cron: "));
  EXPECT_THAT(run({"schedule", "create", "a", "reports", "--cron", "@daily", "--time-zone", "Nowhere/At_all"}).error,
              HasSubstr("INVALID_VALUE: schedule.time_zone: "));
  EXPECT_THAT(run({"schedule", "create", "a", "nobody", "--every", "1s"}).error, HasSubstr("QUEUE_NOT_FOUND: "));
  create_nightly();
  EXPECT_THAT(create_nightly().error, HasSubstr("SCHEDULE_EXISTS: "));
  EXPECT_EQ(run({"schedule", "create", "a", "reports"}).exit_code, kUsage);
  EXPECT_EQ(run({"schedule", "create", "a", "reports", "--every", "1s", "--cron", "@daily"}).exit_code, kUsage);
  EXPECT_EQ(run({"schedule", "update", "nightly", "--every", "1s", "--time-zone", "UTC"}).exit_code, kUsage);
}

}  // namespace
}  // namespace sluice::cli
