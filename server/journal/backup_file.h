// The bytes of a backup, on their way to whoever keeps them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "absl/status/statusor.h"

namespace sluice::journal {

// A file that only this object can reach: it has no name any more, and its space is free again when the object goes, also by a
// crash. Not thread-safe.
class BackupFile {
 public:
  // Takes the file from under its name. UNAVAILABLE if it cannot be opened.
  static absl::StatusOr<BackupFile> take(const std::filesystem::path& file);
  BackupFile(BackupFile&& other) noexcept;
  BackupFile& operator=(BackupFile&& other) noexcept;
  BackupFile(const BackupFile&) = delete;
  BackupFile& operator=(const BackupFile&) = delete;
  ~BackupFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // The next bytes, as many as fit into `out` unless the file ends; 0 at its end. May wait for the disk.
  absl::StatusOr<std::size_t> read(std::span<char> out);

 private:
  BackupFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace sluice::journal
