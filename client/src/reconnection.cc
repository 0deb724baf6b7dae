#include "client/src/reconnection.h"

#include <condition_variable>
#include <mutex>

namespace sluice::internal {

void Reconnection::opening() { opened_ = std::chrono::steady_clock::now(); }

bool Reconnection::again(const Error& error, const std::stop_token& stop) {
  // A server that is torn down cancels what it has not ended.
  const bool is_gone = error.code() == Code::kUnavailable || error.code() == Code::kCancelled;
  if (!is_gone || stop.stop_requested()) return false;
  const Instant now = std::chrono::steady_clock::now();
  if (!patience_) {
    patience_.emplace(Patience::Limits{.wait = std::nullopt,
                                       .call_timeout = options_.call_timeout,
                                       .unreachable = options_.connect_timeout,
                                       .unreachable_again = options_.reconnect_timeout},
                      was_there_, now);
  }
  const auto pause = patience_->pause_after_failure(opened_, now);
  if (!pause) return false;
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, *pause, [] { return false; });
  return true;
}

}  // namespace sluice::internal
