#include "server/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "server/log/log.h"

namespace sluice {
namespace {

constexpr int kSignalBase = 128;  // as shells report a process that a signal ended

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

sigset_t watched() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Supervisor::Supervisor(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
  const sigset_t set = watched();
  ::pthread_sigmask(SIG_BLOCK, &set, &old_mask_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &old_pipe_);
  signals_ = checked(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  wake_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  thread_ = std::thread([this] { watch(); });
}

Supervisor::~Supervisor() {
  stopping_ = true;
  wake();
  thread_.join();
  ::close(wake_);
  ::close(signals_);
  ::sigaction(SIGPIPE, &old_pipe_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Supervisor::must_end_by(Time deadline) {
  deadline_ = deadline;
  wake();
}

void Supervisor::wake() const {
  // Fails only while the counter is full, and then the thread is awake.
  [[maybe_unused]] const int written = ::eventfd_write(wake_, 1);
}

void Supervisor::watch() {
  std::array<pollfd, 2> fds = {
      {{.fd = signals_, .events = POLLIN, .revents = 0}, {.fd = wake_, .events = POLLIN, .revents = 0}}};
  while (!stopping_) {
    if (::poll(fds.data(), fds.size(), timeout()) < 0) continue;
    on_signal_arrived();
    eventfd_t ignored = 0;
    [[maybe_unused]] const int read = ::eventfd_read(wake_, &ignored);
    if (!stopping_ && std::chrono::steady_clock::now() >= deadline_.load()) {
      log::error("the server did not end in time, ending it at once");
      std::_Exit(EXIT_FAILURE);
    }
  }
}

// Of poll(2): -1 = none.
int Supervisor::timeout() const {
  const Time deadline = deadline_;
  if (deadline == Time::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

void Supervisor::on_signal_arrived() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    const int number = static_cast<int>(info.ssi_signo);
    if (signalled_) {
      log::warn("second signal, ending at once", {{"signal", number}});
      std::_Exit(kSignalBase + number);
    }
    signalled_ = true;
    on_signal_(number);
  }
}

}  // namespace sluice
