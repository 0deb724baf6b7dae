// The tables on disk: an LMDB environment with framed values, written by one transaction at a time.
//
// LMDB detects no damage by itself. Every value carries its checksum, and a digest over all checksums is committed with every
// transaction, so that a page that was lost, changed or replaced by an older one is found out when the store is read.
//
// One process per directory (directory_lock.h). Not thread-safe, except where said.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/journal/directory_lock.h"
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
  // How much more may be written: while the file can grow, everything but what is used; then what is free inside it, as long as
  // the largest payload fits in there in one piece. Of a store that is open for writing.
  std::size_t room_bytes = 0;
  std::size_t max_bytes = 0;
  // What is set aside so that consumers can drain a full store: puts are refused when there is less room than this.
  std::size_t reserve_bytes = 0;
};

class LmdbStore {
 public:
  // FAILED_PRECONDITION if another process has the directory, STORE_TOO_NEW, STORE_DAMAGED if the file is damaged, UNAVAILABLE
  // or whatever fits the system's error otherwise; the message names the file.
  static absl::StatusOr<std::unique_ptr<LmdbStore>> open(const LmdbOptions& options);
  // A data file, of a directory or a backup, only to be looked at: nothing is changed, no lock is taken. The same errors, and
  // NOT_FOUND if there is no such file. A store that was never written to is FAILED_PRECONDITION.
  static absl::StatusOr<std::unique_ptr<LmdbStore>> open_read_only(const std::filesystem::path& file);
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
    // The same for a key that is not there, and mostly behind all others: without a search.
    absl::Status append(Table table, std::string_view key, const google::protobuf::MessageLite& message);
    // False if there is nothing under the key. STORE_DAMAGED.
    absl::StatusOr<bool> read(Table table, std::string_view key, google::protobuf::MessageLite& message);
    // No error if there is nothing under the key.
    absl::Status erase(Table table, std::string_view key);
    // Everything whose key begins with `prefix`.
    absl::Status erase_prefix(Table table, std::string_view prefix);
    // Synced when it returns OK. Any error leaves it unknown whether the transaction took effect.
    absl::Status commit();

   private:
    friend class LmdbStore;
    [[nodiscard]] MDB_txn* txn() const { return txn_; }
    absl::Status keep_tables();
    // What the store has said of itself is right still, with new tables that are empty.
    absl::Status commit_unchanged();
    absl::Status open_cursor(Table table);
    absl::Status put_digest();
    void forget(std::string_view old_value) { digest_ ^= checksum_in(old_value); }

    LmdbStore& store_;
    MDB_txn* txn_ = nullptr;
    std::array<MDB_cursor*, kTables + 1> cursors_{};
    std::uint64_t digest_ = 0;
  };

  // The store as of one commit, for as long as this lives: what it sees is not written over meanwhile, so the file grows.
  // Several may be there at once; each is for one thread at a time.
  class Snapshot {
   public:
    explicit Snapshot(const LmdbStore& store) : store_(store) {}
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    // Once, and first.
    absl::Status begin();
    // STORE_DAMAGED unless these, the exclusive or over every value of all tables, are the checksums of everything committed.
    [[nodiscard]] absl::Status check_digest(std::uint64_t checksums) const;
    // The value under the key, read into `message`: NOT_FOUND, STORE_TOO_NEW or STORE_DAMAGED.
    absl::Status read(Table table, std::string_view key, google::protobuf::MessageLite& message) const;
    // How many values a table holds.
    [[nodiscard]] absl::StatusOr<std::uint64_t> count(Table table) const;
    [[nodiscard]] const LmdbStore& store() const { return store_; }

   private:
    friend class LmdbStore;
    const LmdbStore& store_;
    MDB_txn* txn_ = nullptr;
  };

  // Goes through a table of a snapshot in order of the keys. The snapshot outlives it.
  class Reader {
   public:
    Reader(const Snapshot& snapshot, Table table) : snapshot_(snapshot), table_(table) {}
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // False at the end.
    absl::StatusOr<bool> next();
    // With its frame. Both are valid until the snapshot ends.
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view value() const { return value_; }
    // Checks the present value. STORE_TOO_NEW, STORE_DAMAGED.
    [[nodiscard]] absl::Status check() const;
    // The same, and reads it.
    absl::Status parse(google::protobuf::MessageLite& message) const;
    // The exclusive or of the checksums of all values so far.
    [[nodiscard]] std::uint64_t checksums() const { return checksums_; }

   private:
    const Snapshot& snapshot_;
    Table table_;
    MDB_cursor* cursor_ = nullptr;
    std::string_view key_;
    std::string_view value_;
    std::uint64_t checksums_ = 0;
  };

  // Thread-safe.
  [[nodiscard]] StoreUsage usage() const;
  // Asks the disk again and counts anew, and makes what the last commit freed usable if there is no other room. Not beside a
  // Write.
  absl::Status look_for_room();
  // Of the last commit. Thread-safe.
  [[nodiscard]] absl::StatusOr<std::uint8_t> schema_version() const;
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // STORE_DAMAGED, naming the file, the table and what is wrong; STORE_TOO_NEW if that is what is wrong.
  [[nodiscard]] absl::Status damaged(Table table, std::string_view what) const;
  // A status for an LMDB or system error number.
  [[nodiscard]] absl::Status failed(int error, std::string_view doing) const;

 private:
  // What a count of the free pages depends on.
  struct CountedAt {
    std::size_t transaction = 0;
    std::size_t backed_bytes = 0;
    bool operator==(const CountedAt&) const = default;
  };

  LmdbStore(std::filesystem::path file, std::size_t max_bytes);
  absl::Status remove_leftovers() const;
  absl::Status create_if_missing();
  absl::Status check_file() const;
  absl::Status check_roots(std::size_t page_size) const;
  absl::Status open_environment(unsigned flags);
  absl::Status open_tables();
  absl::Status open_tables_read_only();
  // False if the store holds no table yet: it was never written to.
  absl::StatusOr<bool> find_tables(MDB_txn* txn, unsigned flags);
  // The tables that an older store lacks. With MDB_CREATE they are made; without it they are taken as empty. Whether one was
  // missing.
  absl::StatusOr<bool> find_later_tables(MDB_txn* txn, unsigned flags);
  absl::StatusOr<std::uint64_t> read_digest(MDB_txn* txn, std::uint64_t last_transaction) const;
  void count_pages(MDB_txn* txn);
  // After a commit, or `anew`: everything afresh.
  void count_room(bool anew);
  [[nodiscard]] std::size_t room_inside();
  [[nodiscard]] std::size_t length() const;
  // Has the file system set blocks aside, so that a full disk does not stop consumers from draining.
  void set_aside(std::size_t length);
  // On a full disk: what an earlier run has set aside is there still.
  void back_what_is_there(std::size_t length, std::size_t wanted);
  // Blocks for the first `bytes` of the file, or the system's error number.
  int back(std::size_t bytes);

  const std::filesystem::path file_;
  const std::size_t max_bytes_;
  std::optional<DirectoryLock> lock_;
  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, kTables + 1> tables_{};
  std::uint64_t digest_ = 0;
  std::size_t backed_bytes_ = 0;  // so much of the file has blocks on the disk, or will get them
  bool disk_full_ = false;        // there were no more blocks to set aside when the disk was last asked
  // While the file cannot grow: what was counted, what has been written since, at most, and the last commit's free pages then.
  std::optional<std::size_t> counted_room_;
  CountedAt counted_at_;
  std::size_t written_bytes_ = 0;
  std::size_t freed_last_ = 0;
  std::atomic<std::size_t> used_bytes_{0};
  std::atomic<std::size_t> room_bytes_{0};
};

}  // namespace sluice::journal
