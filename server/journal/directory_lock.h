// One process at a time owns a data directory: a lock on DIR/lock, which ends with the process, however it ends.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

namespace sluice::journal {

class DirectoryLock {
 public:
  // For whoever writes; creates the directory if it is missing. FAILED_PRECONDITION if another process has the directory for
  // longer than what a killed server leaves behind (base/leftover.h), or what fits the system's error.
  static absl::StatusOr<DirectoryLock> own(const std::filesystem::path& directory);
  // For whoever only reads, of which there may be several; changes nothing. FAILED_PRECONDITION if another process writes.
  static absl::StatusOr<DirectoryLock> share(const std::filesystem::path& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  static absl::StatusOr<DirectoryLock> lock(const std::filesystem::path& directory, int open_flags, int operation);

  int fd_;  // -1: nothing to lock
};

}  // namespace sluice::journal
