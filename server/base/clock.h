// The program's one notion of time.
//
// Times are microseconds since the Unix epoch, so that delays and retries keep their meaning across a restart. Within a
// process they never jump: the wall clock is read once at the start, and the monotonic clock carries it on (docs/adr/0003).
#pragma once

#include <chrono>

namespace sluice::base {

using Duration = std::chrono::microseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

// Later than any time that happens: "no deadline".
inline constexpr Time kNever = Time::max();

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

// The machine's clock. Never goes back and never jumps.
class SystemClock final : public Clock {
 public:
  SystemClock();
  [[nodiscard]] Time now() const override;

 private:
  Time wall_at_start_;
  std::chrono::steady_clock::time_point steady_at_start_;
};

// `now + wait`, or kNever where that would overflow. `wait` may be Duration::max() for "no limit".
[[nodiscard]] Time add_saturating(Time now, Duration wait);

}  // namespace sluice::base
