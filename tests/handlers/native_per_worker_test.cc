// Native handlers that have a function for each worker.
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "gtest/gtest.h"
#include "server/handlers/native.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

std::vector<Output> one(std::string payload) { return {{.payload = std::move(payload), .attributes = std::nullopt}}; }

class PerWorker : public ::testing::TestWithParam<Runs> {
 protected:
  // Each function counts its own calls.
  std::shared_ptr<Handler> counting() {
    return make_native_per_worker("counts", GetParam(), [this]() -> NativeFunction {
      const int number = ++made_;
      return [number, calls = 0](const Input&) mutable { return one(std::to_string(number) + ":" + std::to_string(++calls)); };
    });
  }
  std::atomic<int> made_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Both, PerWorker, ::testing::Values(Runs::kInline, Runs::kOnOwnThread),
                         [](const auto& runs) { return runs.param == Runs::kInline ? "Inline" : "OnOwnThread"; });

TEST_P(PerWorker, AFunctionIsMadeBeforeTheFirstItem) {
  const auto handler = counting();
  EXPECT_EQ(made_, 0);
  EXPECT_FALSE(prepare(*handler));
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(output_of(run(*handler, item(""))), "1:1");
  EXPECT_EQ(output_of(run(*handler, item(""))), "1:2");
  EXPECT_EQ(made_, 1);
}

TEST_P(PerWorker, EachWorkerHasOne) {
  const auto handler = counting();
  EXPECT_FALSE(prepare(*handler));
  EXPECT_FALSE(prepare(*handler));
  EXPECT_EQ(made_, 2);
}

TEST_P(PerWorker, AFunctionThatThrewIsUsedAgain) {
  const auto handler = make_native_per_worker("", GetParam(), [this]() -> NativeFunction {
    ++made_;
    return [](const Input& input) -> std::vector<Output> { throw std::runtime_error(std::string(input.payload())); };
  });
  EXPECT_FALSE(prepare(*handler));
  EXPECT_EQ(error_of(run(*handler, item("a"))).failure.message, "a");
  EXPECT_EQ(error_of(run(*handler, item("b"))).failure.message, "b");
  EXPECT_EQ(made_, 1);
}

TEST_P(PerWorker, WhatTheFactoryThrowsIsTheError) {
  const auto handler =
      make_native_per_worker("", GetParam(), []() -> NativeFunction { throw std::runtime_error("no connection"); });
  const auto error = prepare(*handler);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->failure.message, "no connection");
  EXPECT_EQ(error_of(run(*handler, item(""))).failure.message, "no connection") << "made where none is free";
}

TEST(PerWorkerOnThreads, AFunctionHasOneItemAtATime) {
  std::atomic<int> made = 0;
  std::atomic<bool> shared = false;
  const auto handler = make_native_per_worker(
      "", Runs::kOnOwnThread,
      [&]() -> NativeFunction {
        ++made;
        return [&shared, busy = std::make_shared<std::atomic<bool>>(false)](const Input&) {
          if (busy->exchange(true)) shared = true;
          std::this_thread::yield();
          *busy = false;
          return one("");
        };
      },
      4);
  for (int worker = 0; worker < 4; ++worker) EXPECT_FALSE(prepare(*handler));
  for (const auto& outcome : run_all(*handler, std::vector<Input>(200, item("")))) EXPECT_EQ(output_of(outcome), "");
  EXPECT_FALSE(shared);
  EXPECT_EQ(made, 4) << "there are no more threads, and so no more is needed";
}

TEST_P(PerWorker, WorkersThatComeAndGoLeaveNoFunctionsBehind) {
  const auto alive = std::make_shared<int>(0);
  const auto handler =
      make_native_per_worker("", GetParam(), [alive]() -> NativeFunction { return [alive](const Input&) { return one(""); }; });
  const auto only_the_factory_is_left = [&alive] {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (alive.use_count() > 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return alive.use_count() == 2;
  };
  for (int round = 0; round < 5; ++round) {
    for (int worker = 0; worker < 3; ++worker) EXPECT_FALSE(prepare(*handler));
    EXPECT_EQ(alive.use_count(), 2 + 3);
    EXPECT_EQ(output_of(run(*handler, item(""))), "");
    for (int worker = 0; worker < 3; ++worker) handler->dismiss();
    ASSERT_TRUE(only_the_factory_is_left()) << "after round " << round;
  }
}

TEST(WithoutAFactory, ThereIsNothingToPrepare) {
  const auto handler = make_native("", Runs::kOnOwnThread, [](const Input&) -> std::vector<Output> {
    ADD_FAILURE() << "called";
    return {};
  });
  EXPECT_FALSE(prepare(*handler));
}

}  // namespace
}  // namespace sluice::handlers
