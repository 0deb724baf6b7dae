#include "client/cli/watch/terminal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace sluice::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // the other screen, and no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

// Where the handler writes; a handler has no object.
std::atomic<int> resized = -1;

void on_resize(int) {
  const int saved = errno;
  (void)eventfd_write(resized, 1);
  errno = saved;
}

void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

struct Sequence {
  std::string_view bytes;
  Terminal::Key key;
};

constexpr std::array kSequences = {
    Sequence{"\x1b[A", Terminal::Key::kUp},      Sequence{"\x1b[B", Terminal::Key::kDown},
    Sequence{"\x1bOA", Terminal::Key::kUp},      Sequence{"\x1bOB", Terminal::Key::kDown},
    Sequence{"\x1b[5~", Terminal::Key::kPageUp}, Sequence{"\x1b[6~", Terminal::Key::kPageDown},
    Sequence{"\x1b[H", Terminal::Key::kHome},    Sequence{"\x1b[F", Terminal::Key::kEnd},
    Sequence{"\x1b[1~", Terminal::Key::kHome},   Sequence{"\x1b[4~", Terminal::Key::kEnd},
};

// Of what is typed, the bytes of the first key: one, or a whole escape sequence, which is no text.
std::size_t first_key_bytes(std::string_view typed) {
  if (!typed.starts_with("\x1b[")) return typed.starts_with("\x1bO") ? std::min<std::size_t>(typed.size(), 3) : 1;
  const auto final = std::find_if(typed.begin() + 2, typed.end(), [](char c) { return c >= '@' && c <= '~'; });
  return static_cast<std::size_t>(final - typed.begin()) + (final == typed.end() ? 0 : 1);
}

}  // namespace

bool Terminal::usable() {
  const char* kind = std::getenv("TERM");
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

Terminal::Terminal() : wakes_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wakes_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  if (tcgetattr(STDIN_FILENO, &before_) != 0) throw std::system_error(errno, std::generic_category(), "tcgetattr");
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  keys.c_cc[VSUSP] = _POSIX_VDISABLE;
  keys.c_cc[VQUIT] = _POSIX_VDISABLE;
  tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  resized = wakes_.get();
  struct sigaction action {};
  action.sa_handler = on_resize;
  action.sa_flags = SA_RESTART;
  sigaction(SIGWINCH, &action, nullptr);
  write_out(kEnter);
}

Terminal::~Terminal() {
  std::signal(SIGWINCH, SIG_DFL);
  resized = -1;
  write_out(kLeave);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

Terminal::Size Terminal::size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

void Terminal::draw(const std::vector<std::string>& lines) {
  std::string text;
  // Cleared before it is written: a line may reach the last column, which clearing behind it would take away.
  for (std::size_t i = 0; i < lines.size(); ++i) text += fmt::format("\x1b[{};1H\x1b[2K{}", i + 1, lines[i]);
  if (lines.size() < size().rows) text += fmt::format("\x1b[{};1H\x1b[J", lines.size() + 1);
  write_out(text);
}

Terminal::Event Terminal::wait() {
  if (!typed_.empty()) return read_key();
  std::array<pollfd, 2> ready{
      {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = wakes_.get(), .events = POLLIN, .revents = 0}}};
  if (poll(ready.data(), ready.size(), -1) < 0) return {};
  if (ready[1].revents != 0) {
    eventfd_t count = 0;
    (void)eventfd_read(wakes_.get(), &count);
  }
  if (ready[0].revents == 0) return {};
  std::array<char, 64> bytes{};
  const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return {};
  if (count <= 0) return {.gone = true};
  typed_.assign(bytes.data(), static_cast<std::size_t>(count));
  return read_key();
}

Terminal::Event Terminal::read_key() {
  for (const Sequence& sequence : kSequences) {
    if (!typed_.starts_with(sequence.bytes)) continue;
    typed_.erase(0, sequence.bytes.size());
    return {.key = sequence.key};
  }
  const char character = typed_.front();
  typed_.erase(0, first_key_bytes(typed_));
  if (character == '\x1b') return {};
  return {.key = Key::kCharacter, .character = character};
}

void Terminal::wake() const { (void)eventfd_write(wakes_.get(), 1); }

}  // namespace sluice::cli
