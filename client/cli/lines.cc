#include "client/cli/lines.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "client/cli/fd.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxLineBytes = 4UL << 20;
constexpr std::size_t kReadBytes = 64UL << 10;

// Waits until there is something to read. False when stopped.
bool wait_for(int input, const std::stop_token& stop) {
  const Fd stopped(eventfd(0, EFD_CLOEXEC));
  const std::stop_callback wake(stop, [&stopped] { eventfd_write(stopped.get(), 1); });
  for (;;) {
    std::array<pollfd, 2> ready{
        {{.fd = input, .events = POLLIN, .revents = 0}, {.fd = stopped.get(), .events = POLLIN, .revents = 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[1].revents != 0) return false;
    if (ready[0].revents != 0) return true;
  }
}

}  // namespace

bool Lines::next(std::string& line) {
  for (std::size_t searched = from_;;) {
    const std::size_t end = text_.find('\n', searched);
    if (end != std::string::npos) {
      line.assign(text_, from_, end - from_);
      from_ = end + 1;
      ++lines_;
      return true;
    }
    text_.erase(0, from_);
    from_ = 0;
    searched = text_.size();
    if (searched > kMaxLineBytes) {
      internal::raise(Code::kInvalidArgument, "PAYLOAD_TOO_LARGE", fmt::format("line {} is longer than 4 MiB", lines_ + 1));
    }
    if (fill()) continue;
    // A last line without its end.
    line = std::exchange(text_, {});
    return !line.empty() && !stop_.stop_requested();
  }
}

bool Lines::fill() {
  const std::size_t before = text_.size();
  while (wait_for(input_, stop_)) {
    text_.resize(before + kReadBytes);
    const ssize_t count = read(input_, text_.data() + before, kReadBytes);
    text_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno == EINTR || errno == EAGAIN) continue;
    internal::raise(Code::kUnknown, "FILE", fmt::format("cannot read standard input: {}", std::strerror(errno)));
  }
  return false;
}

}  // namespace sluice::cli
