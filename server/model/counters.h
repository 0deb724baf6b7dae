// Exact counts of a queue since its creation. proto/sluice/v1/queue.proto says what each counts.
#pragma once

#include <cstdint>

namespace sluice::model {

struct QueueCounters {
  std::uint64_t put = 0;
  std::uint64_t done = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t lease_lost = 0;
  std::uint64_t retried = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t discarded = 0;
  std::uint64_t rejected = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t expired = 0;
  std::uint64_t redriven = 0;
  std::uint64_t duplicates = 0;

  // Items of this queue that have come to an end in it.
  [[nodiscard]] std::uint64_t ended() const { return done + dead_lettered + discarded + cancelled + expired + redriven; }

  bool operator==(const QueueCounters&) const = default;
};

}  // namespace sluice::model
