// Futures, map, and what is raised at the caller.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JobsScenario : public Scenario {
 protected:
  // A stage without an output: what it makes is the result.
  [[nodiscard]] Pipeline one_stage(const std::string& handler, std::uint32_t workers) const {
    return connect().create_pipeline({
        .name = "calls",
        .stages = {{.name = "call", .input = "in", .handler = handler, .workers = workers, .retry = {.max_attempts = 1}}},
    });
  }

  // What the line prints, with `sluice` in the PATH and the server known.
  std::string shell(const std::string& line, int exit_code = 0) const {
    const std::string binary = SLUICE_BINARY;
    support::ShellCommand command("export PATH='" + binary.substr(0, binary.rfind('/')) +
                                  "':$PATH SLUICE_SERVER=" + server->address() + "\n" + line);
    EXPECT_EQ(command.wait(), exit_code) << line << '\n' << command.output();
    return command.output();
  }
};

TEST_F(JobsScenario, Scenario17_AFutureHasTheResult) {
  start();
  const Pipeline calls = one_stage("builtin.upper", 2);
  const Future hello = calls.submit("hello");
  const Future world = calls.submit("world", {.keep = 10s});
  EXPECT_EQ(world.get({.max_wait = kPatience}), "WORLD");
  EXPECT_EQ(hello.get({.max_wait = kPatience}), "HELLO");
  EXPECT_EQ(hello.get({.max_wait = kPatience}), "HELLO") << "as often as one likes";
  EXPECT_EQ(hello.look().state, JobState::kSucceeded);
  EXPECT_EQ(connect().jobs().list(JobState::kSucceeded).size(), 2U);
}

TEST_F(JobsScenario, Scenario17_ThroughAllStagesToTheLastQueue) {
  start();
  const Pipeline both = connect().create_pipeline({
      .name = "both",
      .stages = {{.input = "a", .output = "b", .handler = "builtin.lines", .workers = 1},
                 {.input = "b", .output = "c", .handler = "builtin.upper", .workers = 1}},
  });
  const Job job = both.submit("one\ntwo\nthree").wait({.max_wait = kPatience});
  EXPECT_EQ(job.state, JobState::kSucceeded);
  ASSERT_EQ(job.results.size(), 3U) << "it fanned out, and ended when all of it had";
  EXPECT_EQ(job.results[0].payload, "ONE");
  EXPECT_EQ(both.queue("c").stats().waiting, 3U) << "whoever reads the last queue gets them too";
}

TEST_F(JobsScenario, Scenario17_MapKeepsTheOrderAndTheBound) {
  start();
  const Pipeline calls = one_stage("remote", 0);
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> begun;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  const auto work = meanwhile([&] {
    return sluice::work(connect().pipeline("calls"), "call",
                        [&](const StageItem& item) {
                          most = std::max(most.load(), ++running);
                          const int number = std::stoi(item.payload);
                          std::unique_lock lock(mutex);
                          begun.insert(number);
                          changed.notify_all();
                          // Each even one comes back after the odd one behind it has begun.
                          changed.wait_for(lock, kPatience, [&] { return number % 2 == 1 || begun.contains(number + 1); });
                          --running;
                          return "r" + item.payload;
                        },
                        {.concurrency = 8});
  });
  const auto results = calls.map(numbers(200), {.in_flight = 3});
  ASSERT_EQ(results.size(), 200U);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], fmt::format("r{}", i));
  EXPECT_LE(most, 3);
  EXPECT_EQ(calls.map(std::vector<std::string>{}), std::vector<std::string>{});
  calls.close();
  ASSERT_TRUE(ends(work));
}

TEST_F(JobsScenario, Scenario16_TheExceptionOfOneCellIsRaisedAtItsCaller) {
  start();
  const Pipeline cells = one_stage("remote", 0);
  const auto work = meanwhile([&] {
    return sluice::work(connect().pipeline("calls"), "call",
                        [](const StageItem& item) {
                          if (item.payload == "cell 3,4") throw std::runtime_error("cell 3,4 is neither alive nor dead");
                          return item.payload + " lives";
                        },
                        {.concurrency = 4});
  });
  const Future bad = cells.submit("cell 3,4");
  const Future good = cells.submit("cell 1,1");
  EXPECT_EQ(good.get({.max_wait = kPatience}), "cell 1,1 lives");
  try {
    (void)bad.get({.max_wait = kPatience});
    ADD_FAILURE() << "it must throw";
  } catch (const JobFailed& error) {
    EXPECT_EQ(error.reason(), "HANDLER_THREW");
    EXPECT_THAT(error.what(), HasSubstr("cell 3,4 is neither alive nor dead"));
    ASSERT_TRUE(error.job.failure.has_value());
    EXPECT_EQ(error.job.failure->stage, "call");
    EXPECT_EQ(error.job.failure->attempt, 1U);
    EXPECT_EQ(error.job.failed_item, bad.id());
  }
  EXPECT_EQ(reason_of([&] { (void)cells.map({"cell 1,2", "cell 3,4", "cell 1,3"}); }), "HANDLER_THREW");
  cells.close();
  ASSERT_TRUE(ends(work));
}

TEST_F(JobsScenario, OutcomesThatNobodyMade) {
  start();
  const Client client = connect();
  const Queue queue = client.create_queue("q", {.capacity = 10});
  const Future purged = queue.submit("x");
  queue.purge();
  EXPECT_EQ(reason_of([&] { (void)purged.get({.max_wait = kPatience}); }), "DISCARDED");
  EXPECT_EQ(client.jobs().forget(std::vector<JobId>{purged.id()}), 1U);
  EXPECT_EQ(reason_of([&] { (void)purged.get({.max_wait = kPatience}); }), "JOB_FORGOTTEN");
  EXPECT_EQ(reason_of([&] { (void)purged.look(); }), "JOB_FORGOTTEN");
  EXPECT_EQ(reason_of([&] { (void)client.jobs().get(1'000'000'000'000'000'000); }), "JOB_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { (void)queue.submit("y").get({.max_wait = 1ms}); }), "DEADLINE_EXCEEDED");
}

TEST_F(JobsScenario, ACancelAndTheEndOfItsTimeAreRaisedAtTheCaller) {
  start();
  const Client client = connect();
  const Queue queue = client.create_queue("q");
  const Future cancelled = queue.submit("x");
  EXPECT_EQ(queue.cancel(cancelled.id()), CancelOutcome::kCancelled);
  const Future held = queue.submit("y");
  const auto item = queue.get({.max_wait = kPatience});
  ASSERT_TRUE(item);
  EXPECT_EQ(queue.cancel(held.id()), CancelOutcome::kRevoked);
  const Future expired = queue.submit(NewItem{.payload = "z", .delay = 1h, .time_to_live = 50ms});
  EXPECT_EQ(reason_of([&] { (void)cancelled.get({.max_wait = kPatience}); }), "CANCELLED");
  EXPECT_EQ(reason_of([&] { (void)held.get({.max_wait = kPatience}); }), "CANCELLED");
  EXPECT_EQ(reason_of([&] { (void)expired.get({.max_wait = kPatience}); }), "EXPIRED");
  EXPECT_EQ(held.look().state, JobState::kCancelled);
  EXPECT_EQ(expired.look().state, JobState::kExpired);
  EXPECT_EQ(client.jobs().list(JobState::kCancelled).size(), 2U);
  EXPECT_EQ(client.jobs().list(JobState::kExpired).size(), 1U);
  EXPECT_THAT(shell("sluice await " + std::to_string(held.id()) + " 2>&1", 1), HasSubstr("CANCELLED"));
}

// What comes of a dead letter that goes back is no matter of the job, whose outcome somebody may have acted on.
TEST_F(JobsScenario, ADeadLetterThatGoesBackLeavesTheOutcomeAlone) {
  start();
  const Client client = connect();
  const Queue queue = client.create_queue("q", {.retry = {.max_attempts = 1}});
  const Future future = queue.submit("x");
  queue.get({.max_wait = kPatience})->fail("no");
  EXPECT_EQ(reason_of([&] { (void)future.get({.max_wait = kPatience}); }), "FAILED");
  EXPECT_EQ(client.queue("q.dead").redrive().redriven, 1U);
  auto again = queue.get({.max_wait = kPatience});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id(), future.id());
  again->done_with("well done");
  queue.join({.max_wait = kPatience});
  EXPECT_EQ(future.look().state, JobState::kFailed);
}

TEST_F(JobsScenario, AConsumerGivesTheResult) {
  start();
  const Queue queue = connect().create_queue("q");
  const Future future = queue.submit("six times seven");
  auto item = queue.get({.max_wait = kPatience});
  ASSERT_TRUE(item);
  item->done_with("42");
  EXPECT_EQ(future.get({.max_wait = kPatience}), "42");
}

TEST_F(JobsScenario, ABatchCallsBack) {
  start();
  const Client client = connect();
  client.create_queue("done");
  const Pipeline calls = one_stage("builtin.upper", 2);
  const std::vector<NewItem> items{{.payload = "a"}, {.payload = "b"}};
  BatchOptions options;
  options.callback_queue = "done";
  options.callback = {.payload = "all of it"};
  const JobBatch batch = calls.submit_batch(items, options);
  std::vector<std::string> results;
  client.jobs().await_batch(batch.id, [&](Job&& job) { results.push_back(job.value()); },
                            {.max_wait = kPatience, .in_order = true});
  EXPECT_THAT(results, ElementsAre("A", "B"));
  const auto callback = client.queue("done").get({.max_wait = kPatience});
  ASSERT_TRUE(callback);
  EXPECT_EQ(callback->payload(), "all of it");
  EXPECT_EQ(callback->attribute("sluice-batch"), std::to_string(batch.id));
  EXPECT_EQ(callback->attribute("sluice-batch-jobs"), "2");
  EXPECT_TRUE(client.jobs().batch(batch.id).ended);
}

TEST_F(JobsScenario, AHundredThousandJobsAwaitedByOne) {
  start();
  const Client client = connect();
  constexpr std::size_t kJobs = 100'000;
  const Pipeline calls = connect().create_pipeline({
      .name = "calls",
      .queues = {{.name = "in", .settings = {.capacity = 0}}},
      .stages = {{.name = "call", .input = "in", .handler = "builtin.upper", .workers = 4}},
  });
  calls.pause("call");
  std::vector<JobId> ids;
  std::vector<NewItem> items;
  for (std::size_t i = 0; i < 10'000; ++i) items.push_back({.payload = "job"});
  for (std::size_t i = 0; i < kJobs / items.size(); ++i) {
    const JobBatch batch = calls.submit_batch(items);
    for (std::uint64_t id = batch.id; id < batch.id + batch.jobs; ++id) ids.push_back(id);
  }
  ASSERT_EQ(ids.size(), kJobs);
  calls.resume("call");
  std::size_t succeeded = 0;
  client.jobs().await(ids, [&](Job&& job) { succeeded += job.value() == "JOB" ? 1 : 0; }, {.max_wait = kPatience});
  EXPECT_EQ(succeeded, kJobs);
}

TEST_F(JobsScenario, TheSameOnTheCommandLine) {
  start();
  const Pipeline calls = one_stage("builtin.upper", 2);
  EXPECT_EQ(shell("sluice await $(sluice submit calls hello)"), "HELLO");
  EXPECT_EQ(shell("sluice submit calls a b --await"), "A\nB\n");
  EXPECT_EQ(shell("printf 'x\\ny\\n\\nz' | sluice map calls --in-flight 2"), "X\nY\n\nZ\n");
  EXPECT_EQ(shell("[ \"$(seq 5000 | sluice map calls)\" = \"$(seq 5000)\" ] && echo same"), "same\n");
  EXPECT_THAT(shell("sluice await 999999999999999999 2>&1", 1), HasSubstr("JOB_NOT_FOUND"));
  EXPECT_THAT(shell("sluice submit nothing x 2>&1", 1), HasSubstr("QUEUE_NOT_FOUND"));
}

TEST_F(JobsScenario, ALineThatFailsIsToldAndTheOthersGoOn) {
  start();
  const Pipeline calls = one_stage("builtin.fail", 1);
  const std::string output = shell("printf 'bad\\n' | sluice map calls 2>&1", 1);
  EXPECT_THAT(output, HasSubstr("line 1: FAILED"));
  EXPECT_THAT(output, HasSubstr("bad"));
  EXPECT_THAT(shell("printf 'bad\\nworse\\n' | sluice map calls --fail-fast 2>&1", 1), HasSubstr("in stage \"call\""));
}

}  // namespace
}  // namespace sluice::e2e
