// A command on a terminal of its own, and what a person would see there.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// The cells of a terminal: what is written to it, with the few control sequences that `sluice` uses. Lines that leave at the
// top are kept. Columns are counted in bytes.
class TerminalScreen {
 public:
  TerminalScreen(std::size_t rows, std::size_t columns);

  void write(std::string_view bytes);
  // From the first that was ever written to the last, without spaces at the end.
  [[nodiscard]] std::vector<std::string> lines() const;
  // How many lines hold the text.
  [[nodiscard]] std::size_t lines_with(std::string_view text) const;
  // A line was longer than the terminal is wide.
  [[nodiscard]] bool wrapped() const { return wrapped_; }
  // Control sequences that are none of those it knows.
  [[nodiscard]] const std::string& unknown() const { return unknown_; }

 private:
  void put(char c);
  void feed_line();
  // ESC [ `number` `letter`.
  void control(std::size_t number, char letter);
  [[nodiscard]] std::string& line() { return lines_[top_ + row_]; }

  const std::size_t rows_;
  const std::size_t columns_;
  std::vector<std::string> lines_;  // all that left at the top, then those that stand there
  std::size_t top_ = 0;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::string sequence_;  // begun, not ended
  std::string unknown_;
  bool wrapped_ = false;
};

// Killed by its destructor if it still runs. Not thread-safe.
class OnTerminal {
 public:
  // `term` is its TERM. Throws std::system_error.
  OnTerminal(const std::vector<std::string>& command, std::size_t rows, std::size_t columns, const std::string& term = "xterm");
  ~OnTerminal();
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  // Reads on until the screen looks as it should; false if the command ends or it takes too long.
  bool wait_for(const std::function<bool(const TerminalScreen&)>& looks_right);
  // The same for a line that holds the text.
  bool wait_for(std::string_view text);
  // Keys, such as "\x03" for Ctrl-C.
  void type(std::string_view keys);
  // Reads to the end, and gives the exit code, or 128 + the number of the signal.
  int wait();
  [[nodiscard]] const TerminalScreen& screen() const { return screen_; }

 private:
  bool read_some();

  TerminalScreen screen_;
  int terminal_ = -1;
  pid_t pid_ = -1;
};

}  // namespace sluice::cli
