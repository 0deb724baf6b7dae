// File descriptors with an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace sluice::handlers {

// Owns a file descriptor, or none (-1).
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(release());
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;

  [[nodiscard]] explicit operator bool() const { return read && write; }
};

// Close-on-exec, and never 0, 1 or 2, even in a process that has closed those. None if errno says why.
[[nodiscard]] Pipe make_pipe();
[[nodiscard]] Fd open_null_device();
// False if errno says why.
bool make_non_blocking(const Fd& pipe_end);

}  // namespace sluice::handlers
