// How long one call goes on trying: no clock, no thread, no gRPC in it, the time is an argument.
#pragma once

#include <chrono>
#include <optional>

#include "sluice/types.h"

namespace sluice::internal {

using Instant = std::chrono::steady_clock::time_point;

class Patience {
 public:
  struct Limits {
    std::optional<Duration> wait;  // how long the call asked to wait on the server; absent: as long as it takes
    Duration call_timeout;         // how long it may take besides
    Duration unreachable;          // how long to go on trying a server that never was there
    Duration unreachable_again;    // the same for one that was
  };

  // `reached`: whether this connection has ever reached its server.
  Patience(const Limits& limits, bool reached, Instant now);

  // What is left of `wait`, never negative; absent: as long as it takes.
  [[nodiscard]] std::optional<Duration> wait_left(Instant now) const;
  // How long an attempt that begins now may take: never less than a millisecond.
  [[nodiscard]] Duration attempt_time(Instant now) const;
  // An attempt that began at `began` failed because the server was not there. The pause before the next attempt, or none: then
  // enough has been tried.
  [[nodiscard]] std::optional<Duration> pause_after_failure(Instant began, Instant now);

 private:
  const Limits limits_;
  bool reached_;
  std::optional<Instant> wait_until_;
  std::optional<Instant> unreachable_since_;
  Duration next_pause_;
};

}  // namespace sluice::internal
