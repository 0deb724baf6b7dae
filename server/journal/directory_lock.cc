#include "server/journal/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "server/base/leftover.h"
#include "server/journal/lmdb_values.h"

namespace sluice::journal {
namespace {

// With all above it that are missing. A power cut takes away what is in a directory whose own name was not synced.
absl::Status make_directories(const std::filesystem::path& directory) {
  std::error_code error;
  if (directory.empty() || std::filesystem::is_directory(directory, error)) return absl::OkStatus();
  const auto above = directory.has_parent_path() ? directory.parent_path() : std::filesystem::path(".");
  if (auto status = make_directories(above); !status.ok()) return status;
  const bool created = std::filesystem::create_directory(directory, error);
  if (error) return store_error(directory, error.value(), "create the directory");
  if (!created) return absl::OkStatus();
  const auto synced = sync_directory(above);
  // One may be allowed to make a directory where one is not allowed to look.
  return absl::IsPermissionDenied(synced) ? absl::OkStatus() : synced;
}

}  // namespace

absl::StatusOr<DirectoryLock> DirectoryLock::own(const std::filesystem::path& directory) {
  if (auto status = make_directories(directory); !status.ok()) return status;
  return lock(directory, O_RDWR | O_CREAT, LOCK_EX);
}

absl::StatusOr<DirectoryLock> DirectoryLock::share(const std::filesystem::path& directory) {
  return lock(directory, O_RDONLY, LOCK_SH);
}

absl::StatusOr<DirectoryLock> DirectoryLock::lock(const std::filesystem::path& directory, int open_flags, int operation) {
  const auto path = directory / "lock";
  DirectoryLock lock(::open(path.c_str(), open_flags | O_CLOEXEC, 0600));
  if (lock.fd_ < 0) {
    // Whoever writes makes the file first.
    if (operation == LOCK_SH && errno == ENOENT) return lock;
    return store_error(path, errno, "open the lock file");
  }
  int error = 0;
  const bool held = base::held_for_long([&] {
    error = ::flock(lock.fd_, operation | LOCK_NB) == 0 ? 0 : errno;
    return error == EWOULDBLOCK;
  });
  if (error == 0) return lock;
  if (!held) return store_error(path, error, "lock the directory");
  return absl::FailedPreconditionError(
      fmt::format("{}: another process uses this data directory; stop it, or give this server its own", directory.string()));
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::journal
