#include "client/cli/payload_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "client/cli/fd.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

// So much of a file is read that the server, not we, says that it is too large.
constexpr std::size_t kMaxFileBytes = 8UL << 20;

}  // namespace

std::string read_payload(const std::string& path) {
  const Fd file(path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string payload;
  while (file.valid()) {
    const std::size_t before = payload.size();
    payload.resize(before + (64UL << 10));
    const ssize_t count = read(file.get(), payload.data() + before, payload.size() - before);
    payload.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    if (count == 0) return payload;
    if (payload.size() > kMaxFileBytes) {
      internal::raise(Code::kInvalidArgument, "PAYLOAD_TOO_LARGE", fmt::format("file {}: an item holds at most 4 MiB", path));
    }
  }
  internal::raise(Code::kNotFound, "FILE", fmt::format("cannot read {}: {}", path, std::strerror(errno)));
}

}  // namespace sluice::cli
