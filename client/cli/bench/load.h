// A load for a server: jobs that are put, handed out and ended, by several producers and consumers at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "client/cli/bench/latencies.h"
#include "client/src/connection.h"

namespace sluice::cli {

struct LoadOptions {
  std::string server;
  std::string queue;  // empty, and nobody else's
  std::uint32_t producers = 1;
  std::uint32_t consumers = 1;
  std::uint32_t size = 100;                // bytes of a payload, at least kStampBytes
  std::uint32_t batch = 1;                 // jobs in a message
  bool streamed = true;                    // Produce and Consume instead of Put, Get and Complete
  std::optional<Duration> time = {};       // for which jobs are put
  std::optional<std::uint64_t> jobs = {};  // that are put
};

inline constexpr std::uint32_t kStampBytes = 8;

struct Measured {
  std::uint64_t jobs = 0;  // ended
  Latencies put;           // from the call, or the message, to its acknowledgement
  Latencies wait;          // from there until a consumer has the job
  Latencies life;          // until the consumer knows that it is ended

  void merge(const Measured& other);
};

struct LoadResult {
  Measured measured;
  std::chrono::duration<double> time{0};  // from the first put until the last job was ended
  bool interrupted = false;
};

// Runs it to its end: when all has been put, closes the queue and waits until the consumers have drained it. Throws the first
// Error of any producer or consumer. `stop` ends it early; what was measured until then is the result.
[[nodiscard]] LoadResult run_load(const LoadOptions& options, const std::stop_token& stop);

}  // namespace sluice::cli
