// Work that is taken back while it runs, and dead letters that go back, with the real programs.
#include <atomic>
#include <fstream>
#include <future>
#include <stop_token>

#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;

// Tells its own process and that of a child in its group, and ignores SIGTERM.
constexpr const char* kHandlers = R"(
handlers:
  stubborn:
    subprocess:
      commands:
        - shell: |
            trap "" TERM
            sleep "1000" &
            echo $$ > started
            echo $! > started
            wait
      grace: 0.2s
)";
constexpr auto kGrace = 200ms;
// For a busy machine to notice and to kill.
constexpr auto kSlack = 800ms * kSlowness;

class CancelScenario : public Scenario {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return server->directory() / name; }
};

TEST_F(CancelScenario, ARunningChildIsEndedWithItsGroupWithinItsGrace) {
  start(kHandlers);
  Fifo started(file("started"));
  const Pipeline stage = connect().create_pipeline(
      {.name = "p", .stages = {{.input = "in", .output = "out", .handler = "stubborn", .retry = {.max_attempts = 5}}}});
  const ItemId first = stage.queue("in").put("x");
  stage.queue("in").put("y");
  const auto shell = static_cast<pid_t>(std::stol(started.read_line()));
  const auto sleeper = static_cast<pid_t>(std::stol(started.read_line()));
  const auto cancelled = std::chrono::steady_clock::now();
  EXPECT_EQ(stage.queue("in").cancel(first), CancelOutcome::kRevoked);
  EXPECT_TRUE(process_ends(shell));
  EXPECT_TRUE(process_ends(sleeper));
  EXPECT_LT(std::chrono::steady_clock::now() - cancelled, kGrace + kSlack);
  EXPECT_EQ(stage.queue("in").stats().counters.cancelled, 1U);
  // The worker takes the next item.
  const auto next_shell = static_cast<pid_t>(std::stol(started.read_line()));
  const auto next_sleeper = static_cast<pid_t>(std::stol(started.read_line()));
  const auto running = stage.stages().at(0).running;
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(stage.queue("in").cancel(running[0].id), CancelOutcome::kRevoked);
  stage.close();
  stage.join({.max_wait = kPatience});
  EXPECT_TRUE(process_ends(next_shell));
  EXPECT_TRUE(process_ends(next_sleeper));
  EXPECT_EQ(stage.queue("in").cancel(first), CancelOutcome::kGone);
  EXPECT_EQ(stage.queue("in").stats().counters.failed, 0U) << "a cancel is no failed attempt";
}

TEST_F(CancelScenario, TheCommandOfARemoteWorkerIsEndedToo) {
  start();
  const Pipeline pipeline =
      connect().create_pipeline({.name = "p", .stages = {{.name = "sign", .input = "in", .output = "out"}}});
  const support::ShellCommand worker("exec " + std::string(SLUICE_BINARY) + " --server " + server->address() +
                                     " work --stage p/sign -- sh -c 'echo $$ > " + file("pid.new") + "; mv " + file("pid.new") +
                                     " " + file("pid") + "; exec sleep 1000'");
  const ItemId id = pipeline.queue("in").put("x");
  pid_t command = 0;
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(std::ifstream(file("pid")) >> command); }));
  const support::ShellCommand cancel(std::string(SLUICE_BINARY) + " --server " + server->address() + " cancel in " +
                                     std::to_string(id));
  EXPECT_TRUE(process_ends(command));
  EXPECT_TRUE(eventually([&] { return pipeline.queue("in").stats().counters.cancelled == 1; }));
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
}

TEST_F(CancelScenario, TheFunctionOfARemoteWorkerIsToldAndWhatItMakesIsDropped) {
  start();
  const Pipeline pipeline =
      connect().create_pipeline({.name = "p", .stages = {{.name = "sign", .input = "in", .output = "out"}}});
  std::promise<void> begun;
  std::atomic<bool> told = false;
  auto worker = meanwhile([&] {
    return work(connect().pipeline("p"), "sign", [&](const StageItem& item) {
      if (item.payload == "next") return item.payload;
      std::promise<void> cancelled;
      const std::stop_callback on_cancel(item.cancelled, [&] { cancelled.set_value(); });
      EXPECT_FALSE(item.lost());
      begun.set_value();
      told = cancelled.get_future().wait_for(kPatience) == std::future_status::ready;
      EXPECT_TRUE(item.lost());
      return std::string("too late");
    });
  });
  const Queue in = pipeline.queue("in");
  const ItemId id = in.put("x");
  ASSERT_EQ(begun.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(in.cancel(id), CancelOutcome::kRevoked);
  in.put("next");
  pipeline.close();
  pipeline.join({.max_wait = kPatience});
  ASSERT_TRUE(ends(worker));
  const WorkResult result = worker.get();
  EXPECT_TRUE(told);
  EXPECT_EQ(result.done, 1U);
  EXPECT_EQ(result.lost, 1U);
  EXPECT_THAT(drain(pipeline.queue("out")), ElementsAre("next"));
  EXPECT_EQ(in.stats().counters.failed, 0U);
}

TEST_F(CancelScenario, TheCommandOfAWorkerOfAQueueIsEndedToo) {
  start();
  const Queue tasks = connect().create_queue("tasks");
  const support::ShellCommand worker("exec " + std::string(SLUICE_BINARY) + " --server " + server->address() +
                                     " work tasks -- sh -c 'echo $$ > " + file("pid.new") + "; mv " + file("pid.new") + " " +
                                     file("pid") + "; exec sleep 1000'");
  const ItemId id = tasks.put("x");
  pid_t command = 0;
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(std::ifstream(file("pid")) >> command); }));
  EXPECT_EQ(tasks.cancel(id), CancelOutcome::kRevoked);
  EXPECT_TRUE(process_ends(command));
  tasks.close();
  tasks.join({.max_wait = kPatience});
}

TEST_F(CancelScenario, DeadLettersGoBackIntoTheRoomThatThereIs) {
  start();
  const Queue tasks = connect().create_queue("tasks", {.capacity = 2});
  for (int i = 0; i < 3; ++i) {
    tasks.put(std::to_string(i));
    tasks.get()->fail("no", {.do_not_retry = true});
  }
  const Queue dead = connect().queue("tasks.dead");
  RedriveResult result = dead.redrive({.reason = "FAILED"});
  EXPECT_EQ(result.redriven, 2U);
  EXPECT_EQ(result.left_full, 1U);
  EXPECT_THAT(drain(tasks), ElementsAre("0", "1"));
  const auto left = dead.peek();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].dead_from, "tasks");
  result = dead.redrive({.items = {left[0].id}});
  EXPECT_EQ(result.redriven, 1U);
  EXPECT_THAT(drain(tasks), ElementsAre("2"));
}

TEST_F(CancelScenario, KeysAndTimesSurviveARestart) {
  start({}, {"--data", "data"});
  const Queue tasks = connect().create_queue("tasks", {.time_to_live = std::chrono::hours(1), .dedup_window = 1h});
  const ItemId id = tasks.put(NewItem{.payload = "a", .dedup_key = "k", .order_key = "o"});
  tasks.put(NewItem{.payload = "b", .unique_key = "u", .order_key = "o"});
  server->restart();
  const Queue again = connect().queue("tasks");
  EXPECT_EQ(again.put(NewItem{.payload = "c", .dedup_key = "k"}), id);
  EXPECT_NE(again.put(NewItem{.payload = "d", .unique_key = "u"}), 0U);
  EXPECT_EQ(again.stats().waiting, 2U);
  EXPECT_EQ(again.stats().counters.duplicates, 2U);
  const auto seen = again.peek();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].expire_time.has_value());
  auto first = again.get_batch(10);
  ASSERT_EQ(first.items.size(), 1U) << "the second waits for the first of its key";
  first.items[0].done();
  EXPECT_THAT(drain(again), ElementsAre("b"));
}

}  // namespace
}  // namespace sluice::e2e
