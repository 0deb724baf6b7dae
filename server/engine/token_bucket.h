// How often something may happen: so many times a second on average, and a few at once after a pause.
//
// It keeps one number, the time at which the bucket would be full again, and is told the time by whoever asks: nothing has to
// be done while time passes. (The generic cell rate algorithm, ITU-T I.371.)
#pragma once

#include <cstdint>

#include "server/base/clock.h"

namespace sluice::engine {

// Not thread-safe.
class TokenBucket {
 public:
  // `per_second` 0: without bound. What has been taken stays taken, as far as the new bucket is deep.
  void set(base::Time now, double per_second, std::uint32_t burst);
  // As if everything had just been taken.
  void drain(base::Time now);

  // From when on one may be taken; `now` or earlier: at once.
  [[nodiscard]] base::Time ready() const;
  // One that may.
  void take(base::Time now);

 private:
  // Nanoseconds, so that a high rate stays what it says.
  std::int64_t interval_ = 0;  // between two, on average; 0: without bound
  std::int64_t ahead_ = 0;     // how far `full_` may be ahead of the time when one is taken
  std::int64_t full_ = 0;      // when the bucket is full again, since the epoch
};

}  // namespace sluice::engine
