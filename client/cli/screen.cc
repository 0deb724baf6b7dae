#include "client/cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace sluice::cli {

bool Screen::is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t Screen::columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::size_t Screen::most_lines() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 23;
  return std::max<std::size_t>(size.ws_row, 3) - 1;
}

void Screen::draw(const std::vector<std::string>& lines) {
  std::string text;
  if (drawn_ > 0) text += fmt::format("\x1b[{}A", drawn_);
  // Each line is cleared to its end; what was drawn below goes.
  for (const std::string& line : lines) text += fmt::format("\r{}\x1b[K\n", line);
  text += "\x1b[J";
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  drawn_ = lines.size();
}

void Screen::wipe() {
  if (drawn_ == 0) return;
  fmt::print(stderr, "\x1b[{}A\r\x1b[J", drawn_);
  std::fflush(stderr);
  drawn_ = 0;
}

}  // namespace sluice::cli
