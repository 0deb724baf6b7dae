// The tables on disk: an LMDB environment with framed values, written by one transaction at a time.
//
// LMDB detects no damage by itself. Every value carries its checksum, and a digest over all checksums is committed with every
// transaction, so that a page that was lost, changed or replaced by an older one is found out when the store is read.
//
// One process per directory (a lock on DIR/lock). Not thread-safe, except where said.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/journal/frame.h"

namespace sluice::journal {

struct LmdbOptions {
  std::filesystem::path directory;  // created if missing
  // How large the file may grow; the file is sparse. limits::kMinStoreBytes and more.
  std::size_t max_bytes = 0;
};

// What a store holds. Every number is of the last commit.
struct StoreUsage {
  std::size_t used_bytes = 0;  // pages that hold data
  std::size_t max_bytes = 0;
  // What is set aside so that consumers can drain a full store: puts are refused when less than this is left.
  std::size_t reserve_bytes = 0;
};

class LmdbStore {
 public:
  // FAILED_PRECONDITION if another process has the directory, DATA_LOSS if the file is damaged, UNAVAILABLE or whatever fits
  // the system's error otherwise; the message names the file.
  static absl::StatusOr<std::unique_ptr<LmdbStore>> open(const LmdbOptions& options);
  ~LmdbStore();
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  // A write transaction. Ends without effect unless commit() succeeds. After an error, only destroy it.
  class Write {
   public:
    explicit Write(LmdbStore& store) : store_(store) {}
    ~Write();
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;

    absl::Status begin();
    absl::Status put(Table table, std::string_view key, const google::protobuf::MessageLite& message);
    // No error if there is nothing under the key.
    absl::Status erase(Table table, std::string_view key);
    // Everything whose key begins with `prefix`.
    absl::Status erase_prefix(Table table, std::string_view prefix);
    // Synced when it returns OK. Any error leaves it unknown whether the transaction took effect.
    absl::Status commit();

   private:
    friend class LmdbStore;
    [[nodiscard]] MDB_txn* txn() const { return txn_; }
    void set_digest(std::uint64_t digest) { digest_ = digest; }
    absl::Status keep_tables();
    absl::Status open_cursor(Table table);
    absl::Status put_digest();
    void forget(std::string_view old_value) { digest_ ^= checksum_in(old_value); }

    LmdbStore& store_;
    MDB_txn* txn_ = nullptr;
    std::array<MDB_cursor*, kTables + 1> cursors_{};
    std::uint64_t digest_ = 0;
  };

  // Goes through a table in order of the keys. Sees one commit, however long it takes.
  class Reader {
   public:
    Reader(const LmdbStore& store, Table table) : store_(store), table_(table) {}
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // False at the end.
    absl::StatusOr<bool> next();
    // Valid until the next next().
    [[nodiscard]] std::string_view key() const { return key_; }
    // Checks and reads the present value.
    absl::Status parse(google::protobuf::MessageLite& message) const;
    // The exclusive or of the checksums of all values so far.
    [[nodiscard]] std::uint64_t checksums() const { return checksums_; }

   private:
    const LmdbStore& store_;
    Table table_;
    MDB_txn* txn_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
    std::string_view key_;
    std::string_view value_;
    std::uint64_t checksums_ = 0;
  };

  // Whether these are the checksums of everything that was committed.
  [[nodiscard]] absl::Status check_digest(std::uint64_t checksums) const;
  // The value under the key, read into `message`: NOT_FOUND, or DATA_LOSS. Thread-safe.
  absl::Status read(Table table, std::string_view key, google::protobuf::MessageLite& message) const;
  // A consistent, compacted copy into a new directory, while the store goes on: a store that can be opened. Thread-safe.
  absl::Status copy_to(const std::filesystem::path& directory) const;

  // Thread-safe.
  [[nodiscard]] StoreUsage usage() const;
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // DATA_LOSS, naming the file, the table and what is wrong.
  [[nodiscard]] absl::Status damaged(Table table, std::string_view what) const;
  // A status for an LMDB or system error number.
  [[nodiscard]] absl::Status failed(int error, std::string_view doing) const;

 private:
  explicit LmdbStore(const LmdbOptions& options);
  absl::Status lock_directory();
  absl::Status create_if_missing();
  absl::Status sync_directory() const;
  absl::Status open_environment();
  absl::Status open_tables();
  absl::Status read_digest(MDB_txn* txn, std::uint64_t last_transaction);
  absl::Status renumber();
  absl::Status check_length() const;
  void count_pages(MDB_txn* txn);
  // Has the file system set blocks aside, so that a full disk does not stop consumers from draining.
  void set_aside();

  const std::filesystem::path directory_;
  const std::filesystem::path file_;
  const std::size_t max_bytes_;
  int lock_fd_ = -1;
  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, kTables + 1> tables_{};
  std::uint64_t digest_ = 0;
  std::size_t set_aside_bytes_ = 0;
  std::atomic<std::size_t> used_bytes_{0};
  std::atomic<bool> disk_full_{false};
};

}  // namespace sluice::journal
