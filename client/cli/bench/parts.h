// What the producers and consumers of a load share. For bench/*.cc only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/cli/bench/load.h"

namespace sluice::cli {

using BenchClock = std::chrono::steady_clock;

// A payload carries when it was put.
void stamp(std::string& payload, BenchClock::time_point when);
// Since the stamp.
[[nodiscard]] Latencies::Time age(std::string_view payload, BenchClock::time_point now);

// How many jobs are still to be put, over all producers.
class Budget {
 public:
  Budget(std::optional<std::uint64_t> jobs, std::optional<Duration> time, BenchClock::time_point start);

  // At most so many; 0 when it is over.
  [[nodiscard]] std::uint32_t take(std::uint32_t most);

 private:
  std::atomic<std::uint64_t> left_;
  const std::optional<BenchClock::time_point> end_;
};

// Each runs on a thread of its own over a connection of its own, until the budget is used up, or the queue is closed and
// drained, or `stop` is triggered. Throws Error; Cancelled after a stop.
void produce_unary(const LoadOptions& options, Budget& budget, const std::stop_token& stop, Measured& measured);
void consume_unary(const LoadOptions& options, const std::stop_token& stop, Measured& measured);
void produce_streamed(const LoadOptions& options, Budget& budget, const std::stop_token& stop, Measured& measured);
void consume_streamed(const LoadOptions& options, const std::stop_token& stop, Measured& measured);

}  // namespace sluice::cli
