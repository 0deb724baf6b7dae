// Ctrl-C (and SIGTERM) as stop tokens: the first asks to end well, the second to end now.
#pragma once

#include <stop_token>
#include <thread>

namespace sluice::cli {

// One at a time in the program. While it lives, SIGINT and SIGTERM do not end the program; afterwards they do again. A third
// one always does.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token first() const { return first_.get_token(); }
  [[nodiscard]] std::stop_token second() const { return second_.get_token(); }

 private:
  void watch();

  std::stop_source first_;
  std::stop_source second_;
  int pipe_read_ = -1;
  std::thread watcher_;
};

}  // namespace sluice::cli
