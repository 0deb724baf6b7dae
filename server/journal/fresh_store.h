// A store that is written in one go: a backup, a compacted store, a restored one.
#pragma once

#include <lmdb.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/journal/frame.h"

namespace sluice::journal {

// Takes tables in any order, and within a table keys that grow. What is written is worth nothing before finish() has returned
// OK. Not thread-safe.
class FreshStore {
 public:
  // In a directory that does not exist yet, or of which nothing is worth keeping. `max_bytes` as in LmdbOptions.
  static absl::StatusOr<std::unique_ptr<FreshStore>> create(const std::filesystem::path& directory, std::size_t max_bytes);
  // Leaves the directory where it is.
  ~FreshStore();
  FreshStore(const FreshStore&) = delete;
  FreshStore& operator=(const FreshStore&) = delete;

  // A value with its frame, taken as it is.
  absl::Status append(Table table, std::string_view key, std::string_view value);
  // Everything is on disk; the file is whole and may be moved. Last.
  absl::Status finish();

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  FreshStore(const std::filesystem::path& directory, std::size_t max_bytes);
  absl::Status open();
  absl::Status begin();
  absl::Status commit();
  absl::Status failed(int error) const;

  const std::filesystem::path directory_;
  const std::filesystem::path file_;
  const std::size_t max_bytes_;
  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  std::array<MDB_dbi, kTables + 1> tables_{};
  std::uint64_t checksums_ = 0;
  std::size_t uncommitted_bytes_ = 0;
};

}  // namespace sluice::journal
