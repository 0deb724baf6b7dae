// What the files of the LMDB store share: values, names and errors.
#pragma once

#include <lmdb.h>

#include <array>
#include <filesystem>
#include <string_view>

#include "absl/status/status.h"
#include "server/journal/frame.h"

namespace sluice::journal {

inline constexpr std::string_view kDigestKey = "digest";

// In a data directory, stores that are being made. What a crash leaves of them the next one to own the directory removes.
inline constexpr std::string_view kNewDirectory = "new";
inline constexpr std::string_view kCopyDirectory = "copy";

// By Table; nothing at 0.
inline constexpr std::array<const char*, kTables + 1> kTableNames = {
    "", "meta", "queues", "counters", "items", "bodies", "requests", "pipelines", "jobs", "batches", "limits", "schedules"};
// In the order in which they are read and copied.
inline constexpr std::array kAllTables = {Table::kMeta,      Table::kQueues,   Table::kCounters, Table::kItems,
                                          Table::kBodies,    Table::kRequests, Table::kLimits,   Table::kPipelines,
                                          Table::kSchedules, Table::kBatches,  Table::kJobs};
static_assert(kAllTables.size() == kTables);

// The handle of a table that an older store lacks.
inline constexpr MDB_dbi kNoTable = 0;

constexpr std::size_t index(Table table) { return static_cast<std::size_t>(table); }

inline MDB_val val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
inline std::string_view view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

// A read transaction that ends by itself.
class Read {
 public:
  explicit Read(MDB_env* env) : error_(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn_)) {}
  ~Read() {
    if (error_ == 0) mdb_txn_abort(txn_);
  }
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] MDB_txn* txn() const { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
  int error_;
};

// A status for an LMDB or system error number; its message names the file.
[[nodiscard]] absl::Status store_error(const std::filesystem::path& file, int error, std::string_view doing);
// STORE_DAMAGED, naming the file and what is wrong.
[[nodiscard]] absl::Status store_damaged(const std::filesystem::path& file, std::string_view what);

// Makes names in `directory` as lasting as the files that they name.
[[nodiscard]] absl::Status sync_directory(const std::filesystem::path& directory);

}  // namespace sluice::journal
