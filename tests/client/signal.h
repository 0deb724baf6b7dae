// What a test waits for: something that another thread does, with a deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sluice::test {

class Counter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // False when it takes longer than ten seconds.
  [[nodiscard]] bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this, count] { return count_ >= count; });
  }
  [[nodiscard]] int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

}  // namespace sluice::test
