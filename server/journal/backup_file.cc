#include "server/journal/backup_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace sluice::journal {
namespace {

absl::Status trouble(const char* doing, int error) {
  return absl::UnavailableError(
      fmt::format("cannot {} the copy for a backup: {}", doing, std::generic_category().message(error)));
}

}  // namespace

absl::StatusOr<BackupFile> BackupFile::take(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return trouble("open", errno);
  BackupFile taken(fd, 0);
  struct stat look {};
  if (::fstat(fd, &look) != 0) return trouble("look at", errno);
  taken.size_ = static_cast<std::uint64_t>(look.st_size);
  if (::unlink(file.c_str()) != 0) return trouble("take", errno);
  return taken;
}

BackupFile::BackupFile(BackupFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

BackupFile& BackupFile::operator=(BackupFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}

BackupFile::~BackupFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::size_t> BackupFile::read(std::span<char> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const auto count = ::read(fd_, out.data() + filled, out.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble("read", errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

}  // namespace sluice::journal
