// What watches over the process: signals from outside, and an end that does not come.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

namespace sluice {

// SIGTERM and SIGINT ask for an orderly end; a second one of either ends the process at once, with exit code 128 + its number.
// SIGPIPE is ignored: a reader that has gone is an error of that write.
//
// To be made before any other thread, so that all of them leave the signals to it. One a process. Thread-safe.
class Supervisor {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `on_signal` is called once, on the supervisor's own thread, with the first signal.
  explicit Supervisor(std::function<void(int)> on_signal);
  // Signals mean what they meant before.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Ends the process with exit code 1 unless it has ended, or this object is gone, by `deadline`. Called once.
  void must_end_by(Time deadline);

 private:
  void watch();
  void on_signal_arrived();
  void wake() const;
  [[nodiscard]] int timeout() const;

  std::function<void(int)> on_signal_;
  sigset_t old_mask_{};
  struct sigaction old_pipe_ {};
  int signals_ = -1;  // signalfd
  int wake_ = -1;     // eventfd: one of the next two has changed
  std::atomic<bool> stopping_ = false;
  std::atomic<Time> deadline_ = Time::max();
  bool signalled_ = false;  // the thread's own
  std::thread thread_;
};

}  // namespace sluice
