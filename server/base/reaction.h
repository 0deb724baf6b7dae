// A guard against reactions that hold their thread: what runs on a thread that many share must be done in microseconds.
//
// Every entry of a reaction stands under a ReactionTimer. It costs one load while nobody watches. While a SlowReactions lives
// (--debug-slow-reactions), each reaction that took longer than its threshold is reported when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "server/base/clock.h"

namespace sluice::base {

// Watches all reactions of the process from construction to destruction. At most one at a time. Make it before the threads
// that react and destroy it after them.
class SlowReactions {
 public:
  // Gets the reaction's name and how long it held its thread, on that thread. Must be thread-safe and must not throw.
  using Report = std::function<void(std::string_view reaction, Duration held)>;

  SlowReactions(Duration threshold, Report report);
  ~SlowReactions();
  SlowReactions(const SlowReactions&) = delete;
  SlowReactions& operator=(const SlowReactions&) = delete;

 private:
  friend class ReactionTimer;
  const Duration threshold_;
  const Report report_;
};

// Times the scope it stands in. `reaction` must outlive it; best a literal: "QueueService/Put".
class ReactionTimer {
 public:
  explicit ReactionTimer(std::string_view reaction);
  ~ReactionTimer();
  ReactionTimer(const ReactionTimer&) = delete;
  ReactionTimer& operator=(const ReactionTimer&) = delete;

 private:
  const SlowReactions* const watcher_;
  const std::string_view reaction_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace sluice::base
