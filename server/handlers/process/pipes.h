// Reading and owning the parent's ends of a child's pipes.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "server/base/clock.h"
#include "server/handlers/process/fd.h"

namespace sluice::handlers {

inline constexpr std::size_t kReadBytes = 64UL << 10;
inline constexpr int kReadsInARow = 16;  // then others on the thread have their turn
// How long SIGKILL may take before a child is given up as it is: it waits for a device, or is not ours to kill.
inline constexpr base::Duration kKillTimeout = std::chrono::seconds(5);
inline constexpr int kReapMilliseconds = 1'000;

// Gives `fd` to a descriptor of Asio. False if errno says why; then `fd` keeps it.
template <class Descriptor>
bool adopt(Fd& fd, Descriptor& descriptor) {
  boost::system::error_code error;
  descriptor.assign(fd.get(), error);
  errno = error.value();
  if (!error) (void)fd.release();
  return !error;
}

// Reads what is there, in turns; `take` gets it in pieces and may close `from`, which is closed at the stream's end.
template <class Descriptor, class Take>
void read_some(Descriptor& from, Take take) {
  std::array<char, kReadBytes> buffer;
  for (int i = 0; i < kReadsInARow && from.is_open(); ++i) {
    const ssize_t count = ::read(from.native_handle(), buffer.data(), buffer.size());
    if (count > 0) {
      take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      from.close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

}  // namespace sluice::handlers
