#include "server/journal/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "server/journal/lmdb_values.h"

namespace sluice::journal {
namespace {

// A child that the owner was just starting when it was killed has the owner's descriptors until it runs its program or dies of
// its parent's death: moments, on a busy machine some hundred milliseconds. Whoever starts the server anew at once waits for
// it.
constexpr auto kOwnerDiesWithin = std::chrono::seconds(1);
constexpr auto kLookAgain = std::chrono::milliseconds(5);

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

// 0, or the error number. The system could wait by itself, but not with a deadline.
int lock_within(int fd, int operation, std::chrono::milliseconds patience) {
  const auto latest = std::chrono::steady_clock::now() + patience;
  while (::flock(fd, operation | LOCK_NB) != 0) {
    const bool give_up = errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= latest;
    if (give_up) return errno;
    std::this_thread::sleep_for(kLookAgain);
  }
  return 0;
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
  const int error = lock_within(lock.fd_, operation, kOwnerDiesWithin);
  if (error == 0) return lock;
  if (error != EWOULDBLOCK) return store_error(path, error, "lock the directory");
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
