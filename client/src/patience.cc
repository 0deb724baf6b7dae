#include "client/src/patience.h"

#include <algorithm>

#include "client/src/limits.h"

namespace sluice::internal {
namespace {

Duration between(Instant from, Instant to) { return std::chrono::duration_cast<Duration>(to - from); }

}  // namespace

Patience::Patience(const Limits& limits, bool reached, Instant now)
    : limits_(limits), reached_(reached), next_pause_(kFirstRetryPause) {
  if (limits.wait) wait_until_ = now + std::clamp(*limits.wait, Duration::zero(), Duration(kMaxWait));
}

std::optional<Duration> Patience::wait_left(Instant now) const {
  if (!wait_until_) return std::nullopt;
  return std::max(Duration::zero(), between(now, *wait_until_));
}

Duration Patience::attempt_time(Instant now) const {
  const Duration wait = wait_left(now).value_or(Duration(kForever));
  return std::max(wait + limits_.call_timeout, Duration(std::chrono::milliseconds(1)));
}

std::optional<Duration> Patience::pause_after_failure(Instant began, Instant now) {
  if (between(began, now) >= kWasReached) {
    reached_ = true;
    unreachable_since_.reset();
    next_pause_ = kFirstRetryPause;
  }
  if (!unreachable_since_) unreachable_since_ = now;
  const Duration limit = reached_ ? limits_.unreachable_again : limits_.unreachable;
  Duration left = limit - between(*unreachable_since_, now);
  if (wait_until_) left = std::min(left, between(now, *wait_until_) + limits_.call_timeout);
  if (left <= Duration::zero()) return std::nullopt;
  const Duration pause = std::min(next_pause_, left);
  next_pause_ = std::min(next_pause_ * 2, Duration(kLastRetryPause));
  return pause;
}

}  // namespace sluice::internal
