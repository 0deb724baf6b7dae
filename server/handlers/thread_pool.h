// Threads for functions that block.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace sluice::handlers {

// Starts a thread when there is work and none is free, up to a maximum; work beyond that waits, first come, first served.
// Threads that have been started stay. Thread-safe.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t max_threads);
  // Drops work that has not begun, and waits at most a second for what runs: a function that blocks for longer keeps its thread
  // and what it captured, and ends on its own.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // `work` must not throw. Throws std::system_error if there is no thread at all and none can be started.
  void run(std::function<void()> work);

 private:
  struct State;
  static void serve(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace sluice::handlers
