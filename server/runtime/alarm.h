// The program's one timer: a thread that sleeps until the earliest time it was set to.
//
// It has a thread of its own, so that leases and waits run out in time whatever handlers do to the threads of the stages.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "server/base/clock.h"

namespace sluice::runtime {

class Alarm {
 public:
  // `ring` does what has fallen due, and sets the alarm anew. `clock` must outlive the alarm.
  Alarm(const base::Clock& clock, std::function<void()> ring);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void start();
  // Waits for a ring that is under way; none comes later. Idempotent.
  void stop();

  // Rings at `due`, on the alarm's thread, unless it is set to ring earlier anyway. Each ring happens once. Thread-safe, and
  // nearly free when it changes nothing.
  void set(base::Time due);

 private:
  void run();

  const base::Clock& clock_;
  const std::function<void()> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<base::Time> next_ = base::kNever;  // written under the lock
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::runtime
