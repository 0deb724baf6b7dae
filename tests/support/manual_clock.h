// A clock that a test sets by hand.
#pragma once

#include <atomic>

#include "server/base/clock.h"

namespace sluice::support {

// Thread-safe. Begins at an arbitrary time long after the epoch.
class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return now_.load(); }
  void advance(base::Duration by) { now_.store(now_.load() + by); }

 private:
  std::atomic<base::Time> now_ = base::Time(std::chrono::hours(500'000));
};

}  // namespace sluice::support
