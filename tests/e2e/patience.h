// How long scenarios wait, and how slow the build under test may be.
#pragma once

#include <chrono>
#include <future>
#include <thread>

namespace sluice::e2e {

using namespace std::chrono_literals;

// 1, or more where every instruction costs more (sanitizers): whatever is measured in work or time is scaled by it.
inline constexpr int kSlowness = SLUICE_TEST_SLOWNESS;
// Sanitizers keep freed memory and shadow what lives: nothing can be said about the size of the process.
inline constexpr bool kMemoryCounts = kSlowness == 1;

// The end of every wait that should have been short.
inline constexpr std::chrono::seconds kPatience = 20s * (kSlowness == 1 ? 1 : 2);

// Asks until the answer is yes; false if it still is not when the patience is over. For what the server cannot be told to
// report: every asking is a call.
template <class Condition>
bool eventually(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

// Something that runs beside the test.
template <class Function>
auto meanwhile(Function function) {
  return std::async(std::launch::async, std::move(function));
}

template <class Result>
bool ends(const std::future<Result>& running) {
  return running.wait_for(kPatience) == std::future_status::ready;
}

}  // namespace sluice::e2e
