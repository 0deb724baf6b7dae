#include "server/handlers/process/fd.h"

#include <fcntl.h>

#include <array>

namespace sluice::handlers {
namespace {

Fd above_standard(Fd fd) {
  if (!fd || fd.get() > STDERR_FILENO) return fd;
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return {};
  Pipe pipe;
  pipe.read = above_standard(Fd(fds[0]));
  pipe.write = above_standard(Fd(fds[1]));
  return pipe;
}

Fd open_null_device() { return above_standard(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC))); }

bool make_non_blocking(const Fd& pipe_end) { return ::fcntl(pipe_end.get(), F_SETFL, O_NONBLOCK) == 0; }

}  // namespace sluice::handlers
