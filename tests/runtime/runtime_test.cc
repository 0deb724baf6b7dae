// The engine made live, with a journal that commits at once.
#include "server/runtime/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "server/base/errors.h"
#include "tests/runtime/rig.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using engine::CompleteAnswer;
using engine::GetAnswer;
using engine::JoinAnswer;
using engine::PutAnswer;
using support::RecordedCaller;

std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST(Runtime, WhatIsPutCanBeGotAndCompleted) {
  Rig rig;
  rig.start();
  rig.create("tasks");
  ASSERT_TRUE(rig.put("tasks", {"one", "two"}).ok());
  const GetAnswer got = rig.get("tasks", 5);
  ASSERT_EQ(got.items.size(), 2U);
  EXPECT_EQ(got.items[0].body->payload, "one");
  EXPECT_EQ(got.items[1].body->payload, "two");
  for (const auto& item : got.items) EXPECT_TRUE(rig.complete("tasks", item.lease).ok());
  EXPECT_TRUE(rig.join("tasks").ok());
}

TEST(Runtime, ASynchronousCommitAnswersOnTheCallersOwnThread) {
  Rig rig;
  rig.start();
  rig.create("tasks");
  RecordedCaller caller;
  rig.begin_put(caller, "tasks", {"one"});
  EXPECT_EQ(caller.waiting(), 1U);
  std::thread::id where;
  rig->run([](auto& engine, auto time, auto& out) { return engine.pause_queue(time, "tasks", out); },
           [&where](const absl::Status& status) {
             EXPECT_TRUE(status.ok());
             where = std::this_thread::get_id();
           });
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(Runtime, ABlockedGetIsAnsweredByALaterPut) {
  Rig rig;
  rig.start();
  rig.create("tasks");
  RecordedCaller consumer;
  rig.begin_get(consumer, "tasks");
  EXPECT_EQ(consumer.waiting(), 0U);
  ASSERT_TRUE(rig.put("tasks", {"late"}).ok());
  const auto got = consumer.next<GetAnswer>();
  ASSERT_EQ(got.items.size(), 1U);
  EXPECT_EQ(got.items.front().body->payload, "late");
}

TEST(Runtime, TenThousandBlockedGetsUseNoThreadAndWakeInOrder) {
  constexpr std::size_t kGets = 10'000;
  Rig rig;
  rig.start();
  rig.create("tasks");
  const auto before = threads();

  class Ranked final : public engine::Caller {
   public:
    Ranked(std::size_t rank, std::vector<std::size_t>& woken) : rank_(rank), woken_(woken) {}
    void answer(engine::Answer&& answer) override {
      EXPECT_EQ(std::get<GetAnswer>(answer).items.size(), 1U);
      woken_.push_back(rank_);
    }

   private:
    std::size_t rank_;
    std::vector<std::size_t>& woken_;
  };
  std::vector<std::size_t> woken;
  std::deque<Ranked> consumers;
  for (std::size_t rank = 0; rank < kGets; ++rank) rig.begin_get(consumers.emplace_back(rank, woken), "tasks");
  EXPECT_EQ(threads(), before);
  EXPECT_EQ(rig.view("tasks").waiting_gets, kGets);

  for (std::size_t i = 0; i < kGets / 10; ++i) ASSERT_TRUE(rig.put("tasks", std::vector<std::string>(10, "x")).ok());
  ASSERT_EQ(woken.size(), kGets);
  EXPECT_TRUE(std::ranges::is_sorted(woken));
  EXPECT_EQ(threads(), before);
}

TEST(Runtime, AnAnswerMayLeadToTheNextCommandWithoutEnd) {
  constexpr int kItems = 50'000;
  // Gets and completes item after item from within its answers, all on one stack.
  class Consumer final : public engine::Caller {
   public:
    explicit Consumer(Rig& rig) : rig_(rig) {}
    void answer(engine::Answer&& answer) override {
      deepest = std::max(deepest, ++depth_);
      if (auto* got = std::get_if<GetAnswer>(&answer)) {
        if (!got->items.empty()) complete(got->items.front().lease);
      } else {
        ++completed;
        rig_.begin_get(*this, "tasks");
      }
      --depth_;
    }
    int deepest = 0;
    int completed = 0;

   private:
    void complete(model::LeaseId lease) {
      rig_->apply(
          [&](auto& engine, auto now, auto& out) { engine.complete(now, {.queue = "tasks", .lease = lease}, *this, out); });
    }
    Rig& rig_;
    int depth_ = 0;
  };
  Rig rig;
  rig.start();
  rig.create("tasks");
  for (int i = 0; i < kItems / 1'000; ++i) ASSERT_TRUE(rig.put("tasks", std::vector<std::string>(1'000, "x")).ok());
  rig.close("tasks");
  Consumer consumer(rig);
  rig.begin_get(consumer, "tasks");
  EXPECT_EQ(consumer.completed, kItems);
  EXPECT_EQ(consumer.deepest, 1);
}

TEST(Runtime, AWaitThatIsOverIsAnsweredByTheTimer) {
  Rig rig;
  rig.start();
  rig.create("tasks");
  RecordedCaller consumer;
  const auto begun = std::chrono::steady_clock::now();
  rig.begin_get(consumer, "tasks", 1, base::SystemClock().now() + 30ms);
  const auto got = consumer.next<GetAnswer>();
  EXPECT_TRUE(got.status.ok()) << got.status;
  EXPECT_TRUE(got.items.empty());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 25ms);
}

TEST(Runtime, ALeaseThatRunsOutGivesTheItemToTheNext) {
  Rig rig;
  rig.start();
  rig.create("tasks", {.lease_duration = 10ms});
  ASSERT_TRUE(rig.put("tasks", {"x"}).ok());
  const GetAnswer first = rig.get("tasks");
  const GetAnswer second = rig.get("tasks");
  ASSERT_EQ(second.items.size(), 1U) << second.status;
  EXPECT_EQ(second.items.front().attempt, 2U);
  EXPECT_TRUE(base::is(rig.complete("tasks", first.items.front().lease), Reason::kLeaseLost));
}

TEST(Runtime, TheGivenClockDecidesWhatIsDue) {
  support::ManualClock clock;
  journal::MemoryJournal journal;
  Rig rig(clock, journal);
  rig.start();
  rig.create("tasks");
  RecordedCaller consumer;
  rig.begin_get(consumer, "tasks", 1, clock.now() + 24h);
  const auto run_due = [](engine::Engine& engine, base::Time now, engine::Effects& out) { return engine.run_due(now, out); };
  clock.advance(24h - 1us);
  rig.now(run_due);
  EXPECT_EQ(consumer.waiting(), 0U);
  clock.advance(1us);
  rig.now(run_due);
  EXPECT_EQ(consumer.waiting(), 1U);
}

TEST(Runtime, WithdrawTakesAWaitingCommandBack) {
  Rig rig;
  rig.start();
  rig.create("tasks");
  RecordedCaller gone;
  rig.begin_get(gone, "tasks");
  EXPECT_TRUE(rig->withdraw(gone));
  EXPECT_FALSE(rig->withdraw(gone));
  RecordedCaller stays;
  rig.begin_get(stays, "tasks");
  ASSERT_TRUE(rig.put("tasks", {"x"}).ok());
  EXPECT_EQ(stays.next<GetAnswer>().items.size(), 1U);
  EXPECT_EQ(gone.waiting(), 0U);
  EXPECT_FALSE(rig->withdraw(stays));
}

TEST(Runtime, StopAnswersEverybodyWhoWaits) {
  Rig rig;
  rig.start();
  rig.create("tasks", {.capacity = 1});
  rig.create("empty");
  ASSERT_TRUE(rig.put("tasks", {"x"}).ok());
  RecordedCaller get;
  RecordedCaller put;
  RecordedCaller join;
  rig.begin_get(get, "empty");
  rig.begin_put(put, "tasks", {"y"});
  rig.begin_join(join, "tasks");
  EXPECT_FALSE(rig->stopping());
  rig->stop();
  rig->stop();
  EXPECT_TRUE(rig->stopping());
  EXPECT_TRUE(base::is(get.next<GetAnswer>().status, Reason::kShuttingDown));
  EXPECT_TRUE(base::is(put.next<PutAnswer>().status, Reason::kShuttingDown));
  auto last = join.next<JoinAnswer>();
  while (last.status.ok()) last = join.next<JoinAnswer>();
  EXPECT_TRUE(base::is(last.status, Reason::kShuttingDown));

  // Whoever comes too late hears the same, at once.
  rig.begin_get(get, "empty");
  EXPECT_TRUE(base::is(get.next<GetAnswer>().status, Reason::kShuttingDown));
  absl::Status paused;
  rig->run([](auto& engine, auto time, auto& out) { return engine.pause_queue(time, "tasks", out); },
           [&paused](absl::Status status) { paused = std::move(status); });
  EXPECT_TRUE(base::is(paused, Reason::kShuttingDown));
}

TEST(Runtime, AnotherRuntimeGoesOnWithWhatTheJournalKept) {
  const auto store = std::make_shared<journal::MemoryStore>();
  base::SystemClock clock;
  {
    journal::MemoryJournal journal(store);
    Rig rig(clock, journal);
    rig.start();
    rig.create("tasks");
    ASSERT_TRUE(rig.put("tasks", {"held", "waiting"}).ok());
    ASSERT_EQ(rig.get("tasks").items.size(), 1U);
  }
  journal::MemoryJournal journal(store);
  Rig rig(clock, journal);
  rig.start();
  const GetAnswer got = rig.get("tasks", 2);
  ASSERT_EQ(got.items.size(), 2U);
  EXPECT_EQ(got.items[0].body->payload, "held");
  EXPECT_EQ(got.items[0].attempt, 2U);
  EXPECT_EQ(got.items[1].body->payload, "waiting");
}

TEST(Runtime, AJournalThatDoesNotLoadIsReported) {
  class Broken final : public journal::Journal {
   public:
    absl::Status load(const std::function<void(model::Record&&)>&) override { return absl::DataLossError("bad checksum"); }
    absl::Status start(OnCommitted, OnFailed) override { return absl::OkStatus(); }
    journal::Position append(std::vector<model::Record>&) override { return 0; }
    void stop() override {}
  } broken;
  base::SystemClock clock;
  handlers::Registry handlers;
  Runtime runtime({}, clock, broken, handlers);
  EXPECT_EQ(runtime.start(nullptr).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sluice::runtime
