// Many threads at once; what ThreadSanitizer looks at.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"
#include "tests/support/held_journal.h"

namespace sluice::runtime {
namespace {

using engine::GetAnswer;
using support::RecordedCaller;

// Commits what has been appended, all the time, on a thread of its own.
class Committer {
 public:
  explicit Committer(support::HeldJournal& journal)
      : thread_([&journal] {
          while (journal.wait_for_append(journal.committed() + 1)) journal.commit_all();
        }) {}
  ~Committer() { thread_.join(); }

 private:
  std::thread thread_;
};

class HammerTest : public testing::Test {
 protected:
  void run_in_threads(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
    for (auto& thread : threads) thread.join();
  }
  void produce_and_consume(Rig& rig);
};

void HammerTest::produce_and_consume(Rig& rig) {
  constexpr int kProducers = 3;
  constexpr int kConsumers = 3;
  constexpr int kItems = 500;
  std::atomic<int> consumed = 0;
  std::atomic<int> producing = kProducers;
  run_in_threads(kProducers + kConsumers, [&](int number) {
    if (number < kProducers) {
      for (int i = 0; i < kItems; ++i) EXPECT_TRUE(rig.put("tasks", {"x"}).ok());
      if (--producing == 0) rig.close("tasks");
      return;
    }
    for (;;) {
      const GetAnswer got = rig.get("tasks", 7);
      ASSERT_TRUE(got.status.ok()) << got.status;
      if (got.end_of_queue) return;
      for (const auto& item : got.items) EXPECT_TRUE(rig.complete("tasks", item.lease).ok());
      consumed += static_cast<int>(got.items.size());
    }
  });
  EXPECT_EQ(consumed, kProducers * kItems);
  EXPECT_TRUE(rig.join("tasks").ok());
}

TEST_F(HammerTest, ProducersAndConsumersOnOneQueue) {
  Rig rig;
  rig.start();
  rig.create("tasks", {.capacity = 5});
  produce_and_consume(rig);
}

TEST_F(HammerTest, TheSameWithAJournalThatCommitsOnItsOwnThread) {
  base::SystemClock clock;
  support::HeldJournal journal;
  Rig rig(clock, journal);
  rig.start();
  const Committer committer(journal);
  rig.create("tasks", {.capacity = 5});
  produce_and_consume(rig);
  rig->stop();
}

TEST_F(HammerTest, StagesThatAreScaledPausedAndWatchedLoseNothing) {
  constexpr int kItems = 2'000;
  base::SystemClock clock;
  support::HeldJournal journal;
  Rig rig(clock, journal);
  rig.add("echo", append("."));
  rig.start();
  const Committer committer(journal);
  rig.create(model::PipelineSpec{.name = "p",
                                 .queues = {{"a", {.capacity = 10}}, {"b", {.capacity = 10}}, {"c", {.capacity = 0}}},
                                 .stages = {{.name = "1", .input = "a", .output = "b", .handler = "echo", .workers = 3},
                                            {.name = "2", .input = "b", .output = "c", .handler = "echo", .workers = 3}}});
  std::atomic<bool> put = false;
  run_in_threads(3, [&](int number) {
    if (number == 0) {
      for (int i = 0; i < kItems / 10; ++i) EXPECT_TRUE(rig.put("a", std::vector<std::string>(10, "x")).ok());
      put = true;
    }
    for (std::uint32_t round = 0; number > 0 && !put; ++round) {
      const std::string stage = std::to_string(number);
      const std::uint32_t workers = round % 5;
      rig.now([&](auto& engine, auto now, auto& out) {
        EXPECT_TRUE(engine.scale_stage(now, "p", stage, 1 + workers, out).ok());
        return round % 7 != 0 || engine.pause_stage(now, "p", stage, out).ok();
      });
      EXPECT_TRUE(rig.now([&](auto& engine, auto now, auto& out) { return engine.resume_stage(now, "p", stage, out); }).ok());
      const StageStatus status = rig->stage_status("p", stage);
      EXPECT_EQ(status.busy, status.running.size());
    }
  });
  rig.close("a");
  ASSERT_TRUE(rig.join_pipeline("p").ok());
  EXPECT_EQ(rig.view("c").waiting, std::uint64_t{kItems});
  for (const auto* stage : {"1", "2"}) {
    EXPECT_EQ(rig->stage_status("p", stage).succeeded, std::uint64_t{kItems});
    EXPECT_EQ(rig->stage_status("p", stage).idle_wakeups, 0U);
    EXPECT_EQ(rig->stage_status("p", stage).workers, 0U);
  }
  rig->stop();
}

TEST_F(HammerTest, CallersThatComeAndGoWhileTheRuntimeStopsAreAllAnswered) {
  base::SystemClock clock;
  support::HeldJournal journal;
  Rig rig(clock, journal);
  rig.add("echo", append("."));
  rig.start();
  const Committer committer(journal);
  rig.create(model::PipelineSpec{.name = "p",
                                 .queues = {{"a", {.capacity = 10}}, {"b", {.capacity = 10}}},
                                 .stages = {{.name = "1", .input = "a", .output = "b", .handler = "echo", .workers = 3}}});
  std::atomic<int> begun = 0;
  const auto await_end = [&](int number) {
    for (bool first = true;; first = false) {
      if (first) ++begun;
      RecordedCaller caller;
      if (number % 3 == 0) {
        rig.begin_get(caller, "b");
        if (caller.next<GetAnswer>().status.code() == absl::StatusCode::kUnavailable) return;
      } else if (number % 3 == 1) {
        rig.begin_put(caller, "a", {"x"});
        if (caller.next<engine::PutAnswer>().status.code() == absl::StatusCode::kUnavailable) return;
      } else {
        rig.begin_join(caller, "a");
        if (rig->withdraw(caller)) continue;
        auto answer = caller.next<engine::JoinAnswer>();
        while (!engine::is_final(answer)) answer = caller.next<engine::JoinAnswer>();
        ASSERT_NE(answer.status.code(), absl::StatusCode::kDeadlineExceeded);
        if (answer.status.code() == absl::StatusCode::kUnavailable) return;
      }
    }
  };
  std::thread stopper([&] {
    EXPECT_TRUE(support::eventually([&] { return begun == 6; }));
    rig->stop();
  });
  run_in_threads(6, await_end);
  stopper.join();
}

}  // namespace
}  // namespace sluice::runtime
