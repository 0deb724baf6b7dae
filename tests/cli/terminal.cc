#include "tests/cli/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "tests/support/sluiced_process.h"

namespace sluice::cli {

TerminalScreen::TerminalScreen(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns), lines_(rows) {}

void TerminalScreen::write(std::string_view bytes) {
  for (const char c : bytes) {
    if (!sequence_.empty()) {
      sequence_ += c;
      if (c == '[' || std::isalpha(static_cast<unsigned char>(c)) == 0) continue;
      std::size_t number = 1;
      std::from_chars(sequence_.data() + 2, sequence_.data() + sequence_.size(), number);
      control(number, c);
      sequence_.clear();
    } else if (c == '\x1b') {
      sequence_ = c;
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      feed_line();
    } else {
      put(c);
    }
  }
}

void TerminalScreen::put(char c) {
  if (column_ == columns_) {
    wrapped_ = true;
    column_ = 0;
    feed_line();
  }
  if (line().size() <= column_) line().resize(column_ + 1, ' ');
  line()[column_++] = c;
}

void TerminalScreen::feed_line() {
  if (row_ + 1 < rows_) {
    ++row_;
    return;
  }
  ++top_;
  lines_.emplace_back();
}

void TerminalScreen::control(std::size_t number, char letter) {
  if (letter == 'A') {
    row_ -= std::min(row_, number);
  } else if (letter == 'K') {
    line().resize(std::min(line().size(), column_));
  } else if (letter == 'J') {
    line().resize(std::min(line().size(), column_));
    for (std::size_t row = row_ + 1; row < rows_; ++row) lines_[top_ + row].clear();
  } else {
    unknown_ += sequence_;
  }
}

std::vector<std::string> TerminalScreen::lines() const {
  std::vector<std::string> seen = lines_;
  for (std::string& line : seen) line.erase(line.find_last_not_of(' ') + 1);
  while (!seen.empty() && seen.back().empty()) seen.pop_back();
  return seen;
}

std::size_t TerminalScreen::lines_with(std::string_view text) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

OnTerminal::OnTerminal(const std::vector<std::string>& command, std::size_t rows, std::size_t columns, const std::string& term)
    : screen_(rows, columns) {
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "forkpty");
  if (pid_ > 0) return;
  ::setenv("TERM", term.c_str(), 1);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

OnTerminal::~OnTerminal() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(terminal_);
}

bool OnTerminal::read_some() {
  pollfd ready{terminal_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(support::kPatience).count())) <= 0) return false;
  std::array<char, 4096> bytes{};
  // Once the command has ended this is an error.
  const ssize_t count = ::read(terminal_, bytes.data(), bytes.size());
  if (count <= 0) return false;
  screen_.write({bytes.data(), static_cast<std::size_t>(count)});
  return true;
}

bool OnTerminal::wait_for(const std::function<bool(const TerminalScreen&)>& looks_right) {
  while (!looks_right(screen_)) {
    if (!read_some()) return looks_right(screen_);
  }
  return true;
}

bool OnTerminal::wait_for(std::string_view text) {
  return wait_for([text](const TerminalScreen& screen) { return screen.lines_with(text) > 0; });
}

void OnTerminal::type(std::string_view keys) { (void)!::write(terminal_, keys.data(), keys.size()); }

int OnTerminal::wait() {
  while (read_some()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sluice::cli
