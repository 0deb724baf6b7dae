// A shell's command line as a child of a test: the sluice command, an example.
//
//   ShellCommand join("sluice join photos");
//   EXPECT_TRUE(join.wait_for("stalled"));
//   ...
//   EXPECT_EQ(join.wait(), 0) << join.output();
//
// Standard output and standard error are one; standard input is empty. Its destructor kills what still runs, with everything
// it has started. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "tests/support/sluiced_process.h"

namespace sluice::support {

class ShellCommand {
 public:
  // Starts it. Throws std::system_error if that fails.
  explicit ShellCommand(const std::string& line);
  ~ShellCommand();
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  // Waits until `text` stands in the output; false if it ends or `patience` is over before.
  bool wait_for(std::string_view text, std::chrono::milliseconds patience = kPatience);
  // Waits until it has ended and returns its exit code, or 128 + the number of the signal that killed it; also when it was
  // killed because `patience` was over.
  int wait(std::chrono::milliseconds patience = kPatience);
  // All of it so far, as far as one has waited.
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  // False at the end and when the time is over.
  bool read_some(std::chrono::steady_clock::time_point deadline);
  void end();

  pid_t pid_ = -1;
  int pipe_ = -1;
  int exit_code_ = -1;
  std::string output_;
};

}  // namespace sluice::support
