// Runs one child process with given input, and collects what it says.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "proto/progress/lines.h"

namespace sluice::cli {

struct ChildOrder {
  std::vector<std::string> argv;               // looked up in PATH if without a slash
  std::vector<std::string> extra_environment;  // NAME=VALUE, on top of this process's own; a later one wins
  std::string input;
  std::size_t max_output_bytes = 4UL << 20;
  // Ends the child and its whole process group: SIGTERM, and SIGKILL after two seconds.
  std::stop_token stop;
  // Told, on the calling thread, of what the child writes to descriptor 3 (SLUICE_PROGRESS_FD). Null: it has no such
  // descriptor.
  std::function<void(const progress::Line&)> on_progress;
};

struct ChildResult {
  std::optional<int> exit_code;
  std::optional<int> signal;
  // Why the child could not be started; empty if it was.
  std::string spawn_error;
  std::string output;
  std::string stderr_tail;  // the last 8 KiB; all of it has also gone to this process's own standard error
  bool output_too_large = false;
  bool stopped = false;

  [[nodiscard]] bool succeeded() const { return exit_code == 0 && !output_too_large && !stopped; }
};

// Blocks until the child has exited and nobody holds its outputs open any more. A process left behind by the child that holds
// them open is killed two seconds after the child's exit. Any number may run at once; SIGPIPE must be ignored in this process.
[[nodiscard]] ChildResult run_child(const ChildOrder& order);

}  // namespace sluice::cli
