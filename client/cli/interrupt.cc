#include "client/cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace sluice::cli {
namespace {

constexpr char kSignal = 's';
constexpr char kEnd = 'e';

// Where the handler writes; a handler has no object.
std::atomic<int> pipe_write = -1;
std::atomic<int> signals_seen = 0;

void on_signal(int number) {
  const int saved = errno;
  if (++signals_seen > 2) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  (void)!write(pipe_write, &kSignal, 1);
  errno = saved;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  pipe_read_ = ends[0];
  pipe_write = ends[1];
  signals_seen = 0;
  watcher_ = std::thread([this] { watch(); });
  handle(SIGINT, on_signal);
  handle(SIGTERM, on_signal);
}

Interrupt::~Interrupt() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  (void)!write(pipe_write, &kEnd, 1);
  watcher_.join();
  ::close(pipe_write.exchange(-1));
  ::close(pipe_read_);
}

void Interrupt::watch() {
  for (char byte = 0;;) {
    const auto count = read(pipe_read_, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count != 1 || byte == kEnd) return;
    if (!first_.request_stop()) second_.request_stop();
  }
}

}  // namespace sluice::cli
