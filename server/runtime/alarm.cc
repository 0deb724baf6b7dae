#include "server/runtime/alarm.h"

#include <algorithm>

namespace sluice::runtime {
namespace {

// A sleep this long at most, so that no time that a clock can give overflows the system's.
constexpr base::Duration kLongestSleep = std::chrono::hours(1);

}  // namespace

Alarm::Alarm(const base::Clock& clock, std::function<void()> ring) : clock_(clock), ring_(std::move(ring)) {}

Alarm::~Alarm() { stop(); }

void Alarm::start() {
  thread_ = std::thread([this] { run(); });
}

void Alarm::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Alarm::set(base::Time due) {
  if (due >= next_.load()) return;
  {
    const std::lock_guard lock(mutex_);
    if (due >= next_.load()) return;
    next_.store(due);
  }
  changed_.notify_all();
}

void Alarm::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const base::Time due = next_.load();
    if (due == base::kNever) {
      changed_.wait(lock);
      continue;
    }
    const base::Time now = clock_.now();
    if (now < due) {
      changed_.wait_for(lock, std::min(due - now, kLongestSleep));
      continue;
    }
    // Before the ring: whoever sets the alarm from here on is not taken for somebody that this ring serves.
    next_.store(base::kNever);
    lock.unlock();
    ring_();
    lock.lock();
  }
}

}  // namespace sluice::runtime
