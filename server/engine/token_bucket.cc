#include "server/engine/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace sluice::engine {
namespace {

// So much ahead is for ever.
constexpr double kMaxAhead = 1e18;

constexpr std::int64_t kGrain = 1'000;  // of time, in nanoseconds

std::int64_t nanos(base::Time time) { return time.time_since_epoch().count() * kGrain; }

}  // namespace

void TokenBucket::set(base::Time now, double per_second, std::uint32_t burst) {
  // Counted in items: the time that they take to come back is another at the new rate.
  const double time = static_cast<double>(std::max<std::int64_t>(full_ - nanos(now), 0));
  const double taken = interval_ == 0 ? 0.0 : time / static_cast<double>(interval_);
  interval_ = per_second <= 0.0 ? 0 : std::llround(1e9 / per_second);
  const double ahead = static_cast<double>(interval_) * (static_cast<double>(burst) - 1.0);
  ahead_ = static_cast<std::int64_t>(std::min(ahead, kMaxAhead));
  const double back = std::min(taken * static_cast<double>(interval_), static_cast<double>(ahead_ + interval_));
  full_ = nanos(now) + static_cast<std::int64_t>(std::llround(back));
}

void TokenBucket::drain(base::Time now) { full_ = nanos(now) + ahead_ + interval_; }

base::Time TokenBucket::ready() const {
  if (interval_ == 0) return base::Time{};
  const std::int64_t since = std::max<std::int64_t>(full_ - ahead_, 0);
  return base::Time{base::Duration{(since + kGrain - 1) / kGrain}};
}

void TokenBucket::take(base::Time now) {
  // The microsecond that the time is rounded to is not lost.
  if (interval_ > 0) full_ = std::max(full_, nanos(now) - kGrain + 1) + interval_;
}

}  // namespace sluice::engine
