// `sluice limit`, and the options of queues and items that bound what is tried, against the server.
#include <gmock/gmock.h>

#include "client/cli/exit_codes.h"
#include "tests/cli/command_runner.h"

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class LimitCommands : public CommandTest {};

TEST_F(LimitCommands, ARateIsMadeChangedShownListedAndDeleted) {
  EXPECT_EQ(run({"limit", "create", "mails", "--rate", "2.5", "--burst", "20"}).output,
            "limit mails: - at once, 2.5/s, burst 20; 0 in use\nstages: -\nwaiting: -\n");
  LimitInfo limit = client_.limit("mails");
  EXPECT_EQ(limit.per_second, 2.5);
  EXPECT_EQ(limit.burst, 20U);
  EXPECT_EQ(limit.max_at_once, 0U);
  EXPECT_EQ(run({"limit", "update", "mails", "--at-once", "3"}).exit_code, kOk);
  limit = client_.limit("mails");
  EXPECT_EQ(limit.max_at_once, 3U);
  EXPECT_EQ(limit.per_second, 2.5) << "what is not said stays";
  EXPECT_EQ(run({"limit", "update", "mails", "--rate", "0"}).output,
            "limit mails: 3 at once, -; 0 in use\nstages: -\nwaiting: -\n");
  client_.create_pipeline({.name = "p", .stages = {{.name = "s", .input = "q", .limits = {"mails"}}}});
  EXPECT_THAT(run({"limit", "show", "mails"}).output, HasSubstr("stages: p/s\n"));
  EXPECT_EQ(run_json({"limit", "show", "mails"})["stages"], (json{{{"pipeline", "p"}, {"stage", "s"}}}));
  EXPECT_EQ(run({"limit", "create", "calls", "--rate", "10"}).exit_code, kOk);
  EXPECT_THAT(run({"limit", "ls"}).output, MatchesRegex("LIMIT +AT ONCE +RATE +IN USE +STAGES +WAITING\n"
                                                        "calls +- +10/s +0 +0 +-\n"
                                                        "mails +3 +- +0 +1 +-\n"));
  const Ran used = run({"limit", "rm", "mails"});
  EXPECT_EQ(used.exit_code, kFailed);
  EXPECT_THAT(used.error, HasSubstr("LIMIT_IN_USE"));
  EXPECT_EQ(run({"limit", "rm", "calls"}).output, "limit \"calls\" is deleted\n");
  EXPECT_EQ(client_.limits().size(), 1U);
}

TEST_F(LimitCommands, WhatIsNoLimitIsRefused) {
  EXPECT_THAT(run({"limit", "create", "db"}).error, HasSubstr("INVALID_VALUE"));
  EXPECT_THAT(run({"limit", "create", "db", "--rate", "-1"}).error, HasSubstr("INVALID_VALUE"));
  EXPECT_EQ(run({"limit", "create", "db", "--rate", "often"}).exit_code, kUsage);
  EXPECT_THAT(run({"limit", "update", "db", "--rate", "1"}).error, HasSubstr("LIMIT_NOT_FOUND"));
  EXPECT_THAT(run({"limit", "show", "db"}).error, HasSubstr("LIMIT_NOT_FOUND"));
  EXPECT_EQ(client_.limits().size(), 0U);
}

// A consumer that is lost costs an attempt of its own kind.
TEST_F(LimitCommands, LostAttemptsHaveABoundOfTheirOwn) {
  EXPECT_EQ(run({"create", "tasks", "--max-attempts", "1", "--max-lost", "2", "--lease", "1ms"}).exit_code, kOk);
  EXPECT_THAT(run({"show", "tasks"}).output, HasSubstr("2 lost attempts apart"));
  const Queue tasks = client_.queue("tasks");
  tasks.put("x");
  for (int lost = 1; lost <= 2; ++lost) {
    ASSERT_TRUE(tasks.get({.max_wait = support::kPatience, .keep_leased = false})) << "attempt " << lost;
  }
  ASSERT_TRUE(wait_until("tasks", [](const QueueInfo& info) { return info.counters.dead_lettered == 1; }));
  EXPECT_EQ(tasks.stats().counters.lease_lost, 2U);
}

TEST_F(LimitCommands, AFinalExitCodeIsNotTriedAgain) {
  EXPECT_EQ(run({"create", "tasks", "--final-exit-codes", "2,64", "--backoff", "1ms", "--max-attempts", "3"}).exit_code, kOk);
  EXPECT_THAT(run({"show", "tasks"}).output, HasSubstr("final exit codes 2, 64"));
  const Queue tasks = client_.queue("tasks");
  tasks.put_all({"64", "3"});
  tasks.close();
  EXPECT_EQ(run({"work", "tasks", "--", "sh", "-c", "exit $(cat)"}).exit_code, kOk);
  std::map<std::string, std::uint32_t> attempts;
  for (const PeekedItem& letter : client_.queue("tasks.dead").peek()) attempts[letter.payload] = letter.last_failure->attempt;
  EXPECT_EQ(attempts, (std::map<std::string, std::uint32_t>{{"64", 1}, {"3", 3}}));
}

TEST_F(LimitCommands, APutMayBeDelayed) {
  client_.create_queue("tasks");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run({"put", "tasks", "soon", "--delay", "300ms"}).exit_code, kOk);
  EXPECT_EQ(run({"put", "tasks", "later", "--delay", "1h"}).exit_code, kOk);
  EXPECT_EQ(run({"get", "tasks", "--wait", "60s", "--done"}).output, "soon");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);
  EXPECT_EQ(client_.queue("tasks").stats().delayed, 1U);
  EXPECT_EQ(run({"put", "tasks", "x", "--delay", "soon"}).exit_code, kUsage);
}

}  // namespace
}  // namespace sluice::cli
