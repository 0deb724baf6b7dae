#include "server/handlers/process/quiet_write.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace sluice::handlers {

ssize_t quiet_write(int fd, std::string_view bytes) {
  sigset_t broken_pipe;
  sigset_t before;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t count = ::write(fd, bytes.data(), bytes.size());
  const int error_number = errno;
  if (count < 0 && error_number == EPIPE) {
    // The signal is this thread's: the kernel sends it to whoever writes.
    const timespec at_once{};
    ::sigtimedwait(&broken_pipe, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error_number;
  return count;
}

}  // namespace sluice::handlers
