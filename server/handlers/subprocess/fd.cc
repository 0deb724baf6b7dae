#include "server/handlers/subprocess/fd.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace sluice::handlers {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Fd above_standard(Fd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) fail("fcntl");
  return moved;
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("pipe");
  Fd read(fds[0]);
  Fd write(fds[1]);
  return {.read = above_standard(std::move(read)), .write = above_standard(std::move(write))};
}

Fd open_null_device() {
  Fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!fd) fail("/dev/null");
  return above_standard(std::move(fd));
}

void make_non_blocking(const Fd& pipe_end) {
  if (::fcntl(pipe_end.get(), F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
}

}  // namespace sluice::handlers
