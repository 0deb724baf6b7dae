// How many there are, and a way to wait until there are none. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace sluice::runtime {

class Headcount {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }

  // False if there are still some when `limit` is over.
  [[nodiscard]] bool wait_for_none(std::chrono::microseconds limit) {
    std::unique_lock lock(mutex_);
    return none_.wait_for(lock, limit, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

}  // namespace sluice::runtime
