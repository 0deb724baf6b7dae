// What a handler does for a worker before its first item.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "server/handlers/native.h"
#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using handlers::Input;
using handlers::NativeFunction;
using handlers::Output;
using handlers::Runs;
using support::eventually;

std::vector<Output> echo(const Input& input) { return {{.payload = std::string(input.payload()), .attributes = std::nullopt}}; }

class PrepareTest : public testing::Test {
 protected:
  void start(std::shared_ptr<handlers::Handler> handler, std::uint32_t workers, std::uint32_t start_workers) {
    rig_.add("h", std::move(handler));
    rig_.start();
    rig_.create({.name = "p",
                 .queues = {{"in", {.capacity = 0}}, {"out", {.capacity = 0}}},
                 .stages = {{.name = "s",
                             .input = "in",
                             .output = "out",
                             .handler = "h",
                             .workers = workers,
                             .start_workers = start_workers}}});
  }
  Rig rig_;
};

// Scenario 25. The third worker prepares for as long as the test likes.
TEST_F(PrepareTest, NoItemIsHandedOutBeforeAllWorkersHavePrepared) {
  std::latch may_end(1);
  std::latch two_prepared(2);
  std::atomic<int> begun = 0;
  std::atomic<int> prepared = 0;
  std::atomic<bool> early = false;
  start(handlers::make_native_per_worker("", Runs::kOnOwnThread,
                                         [&]() -> NativeFunction {
                                           if (++begun == 3) may_end.wait();
                                           ++prepared;
                                           if (prepared <= 2) two_prepared.count_down();
                                           return [&](const Input& input) {
                                             if (prepared < 3) early = true;
                                             return echo(input);
                                           };
                                         }),
        3, 3);
  ASSERT_TRUE(rig_.put("in", {"a", "b", "c", "d"}).ok());
  two_prepared.wait();
  EXPECT_EQ(rig_.view("in").leased, 0U);
  may_end.count_down();
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  EXPECT_FALSE(early);
  EXPECT_EQ(prepared, 3);
  EXPECT_EQ(rig_.get("out", 9).items.size(), 4U);
}

TEST_F(PrepareTest, AWorkerThatCannotPrepareTriesAgainAndLosesNothing) {
  std::atomic<int> tries = 0;
  start(handlers::make_native_per_worker("", Runs::kInline,
                                         [&]() -> NativeFunction {
                                           if (++tries == 1) throw std::runtime_error("not yet");
                                           return echo;
                                         }),
        1, 0);
  ASSERT_TRUE(rig_.put("in", {"a"}).ok());
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  EXPECT_EQ(tries, 2);
  const auto got = rig_.get("out", 9);
  ASSERT_EQ(got.items.size(), 1U);
  EXPECT_EQ(rig_.view("in").counters.failed, 0U) << "it cost the item no attempt";
}

TEST_F(PrepareTest, WhatWasMadeForAWorkerGoesWithIt) {
  const auto alive = std::make_shared<int>(0);
  start(handlers::make_native_per_worker(
            "", Runs::kInline, [alive]() -> NativeFunction { return [alive](const Input& input) { return echo(input); }; }),
        3, 3);
  const auto scale = [this](std::uint32_t workers) {
    EXPECT_TRUE(
        rig_.now([&](auto& engine, auto now, auto& out) { return engine.scale_stage(now, "p", "s", workers, out); }).ok());
  };
  // This test's, the factory's, and one of each worker.
  for (const std::uint32_t workers : {3U, 0U, 2U, 0U}) {
    scale(workers);
    EXPECT_TRUE(eventually([&] { return alive.use_count() == static_cast<long>(2 + workers); })) << workers;
  }
}

TEST_F(PrepareTest, AWorkerThatNeverPreparesHoldsUpNoDrain) {
  std::atomic<int> tries = 0;
  start(handlers::make_native_per_worker("", Runs::kInline,
                                         [&]() -> NativeFunction {
                                           ++tries;
                                           throw std::runtime_error("never");
                                         }),
        1, 0);
  ASSERT_TRUE(rig_.put("in", {"a"}).ok());
  ASSERT_TRUE(eventually([&] { return tries > 0; }));
  EXPECT_TRUE(rig_->drain(support::kDeadline));
  EXPECT_EQ(rig_.view("in").waiting, 1U);
}

}  // namespace
}  // namespace sluice::runtime
