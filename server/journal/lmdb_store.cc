#include "server/journal/lmdb_store.h"

#include <cerrno>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/journal/fault.h"
#include "server/journal/lmdb_values.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {
LmdbStore::LmdbStore(std::filesystem::path file, std::size_t max_bytes) : file_(std::move(file)), max_bytes_(max_bytes) {}

LmdbStore::~LmdbStore() {
  if (env_ != nullptr) mdb_env_close(env_);
}

absl::StatusOr<std::unique_ptr<LmdbStore>> LmdbStore::open(const LmdbOptions& options) {
  auto lock = DirectoryLock::own(options.directory);
  if (!lock.ok()) return lock.status();
  std::unique_ptr<LmdbStore> store(new LmdbStore(options.directory / "data.mdb", options.max_bytes));
  store->lock_ = *std::move(lock);
  if (auto status = store->remove_leftovers(); !status.ok()) return status;
  if (auto status = store->create_if_missing(); !status.ok()) return status;
  if (auto status = store->check_file(); !status.ok()) return status;
  // No read-ahead: what is read back are single payloads. No locks of LMDB's own beyond its reader table: readers are threads
  // of this process, and come and go between threads.
  if (auto status = store->open_environment(MDB_NORDAHEAD); !status.ok()) return status;
  if (auto status = store->open_tables(); !status.ok()) return status;
  return store;
}

absl::StatusOr<std::unique_ptr<LmdbStore>> LmdbStore::open_read_only(const std::filesystem::path& file) {
  std::unique_ptr<LmdbStore> store(new LmdbStore(file, 0));
  if (auto status = store->check_file(); !status.ok()) return status;
  if (auto status = store->open_environment(MDB_RDONLY | MDB_NOLOCK); !status.ok()) return status;
  if (auto status = store->open_tables_read_only(); !status.ok()) return status;
  return store;
}

absl::Status LmdbStore::remove_leftovers() const {
  std::error_code error;
  for (const std::string_view name : {kNewDirectory, kCopyDirectory}) {
    std::filesystem::remove_all(file_.parent_path() / name, error);
    if (error) return failed(error.value(), "remove what an earlier run left");
  }
  return absl::OkStatus();
}

// Made aside and then renamed, so that a crash leaves either no store or an empty one, and never half a file. One that is there
// may have been left by a process that was killed between the two last steps, so its name is synced in any case.
absl::Status LmdbStore::create_if_missing() {
  std::error_code error;
  if (std::filesystem::exists(file_, error)) return sync_directory(file_.parent_path());
  const auto aside = file_.parent_path() / kNewDirectory;
  if (!std::filesystem::create_directory(aside, error)) return failed(error.value(), "create");
  MDB_env* env = nullptr;
  if (const int rc = mdb_env_create(&env); rc != 0) return failed(rc, "create an environment");
  int rc = mdb_env_open(env, aside.c_str(), MDB_NOLOCK, 0600);
  if (rc == 0) rc = mdb_env_sync(env, 1);
  mdb_env_close(env);
  if (rc != 0) return failed(rc, "create");
  std::filesystem::rename(aside / "data.mdb", file_, error);
  if (error) return failed(error.value(), "create");
  std::filesystem::remove_all(aside, error);
  return sync_directory(file_.parent_path());
}

// The mapped file must be as long as its newest root says: touching a page behind its end would end the process by a signal.
absl::Status LmdbStore::check_file() const {
  std::error_code error;
  const auto length = std::filesystem::file_size(file_, error);
  if (error) return failed(error.value(), "look at");
  MDB_env* env = nullptr;
  if (const int rc = mdb_env_create(&env); rc != 0) return failed(rc, "create an environment");
  const std::unique_ptr<MDB_env, decltype(&mdb_env_close)> closer(env, mdb_env_close);
  if (const int rc = mdb_env_open(env, file_.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600); rc != 0)
    return failed(rc, "open");
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env, &info);
  mdb_env_stat(env, &stat);
  const std::size_t needed = (info.me_last_pgno + 1) * stat.ms_psize;
  if (length >= needed) return check_roots(stat.ms_psize);
  return store_damaged(file_, fmt::format("it has {} bytes and should have at least {}", length, needed));
}

// LMDB writes its two root pages in turn, and each begins with its number, which LMDB does not compare. One that lies in the
// other's place brings back the state before the last commit, with which nothing else is wrong.
absl::Status LmdbStore::check_roots(std::size_t page_size) const {
  std::ifstream file(file_, std::ios::binary);
  for (std::uint64_t root = 0; root < 2; ++root) {
    std::uint64_t number = 0;
    file.seekg(static_cast<std::streamoff>(root * page_size));
    if (!file.read(reinterpret_cast<char*>(&number), sizeof(number))) return failed(EIO, "read");
    if (number != root) return store_damaged(file_, fmt::format("root page {} lies in the place of page {}", number, root));
  }
  return absl::OkStatus();
}

absl::Status LmdbStore::open_environment(unsigned flags) {
  if (const int rc = mdb_env_create(&env_); rc != 0) return failed(rc, "create an environment");
  mdb_env_set_userctx(env_, const_cast<char*>(file_.c_str()));
  mdb_env_set_assert(
      env_, [](MDB_env* env, const char* what) { end_for_damage(static_cast<const char*>(mdb_env_get_userctx(env)), what); });
  mdb_env_set_maxdbs(env_, kTables);
  if (max_bytes_ > 0) mdb_env_set_mapsize(env_, max_bytes_);
  const bool alone = (flags & MDB_NOLOCK) != 0;
  const auto directory = file_.parent_path();
  const int rc =
      mdb_env_open(env_, alone ? file_.c_str() : directory.c_str(), flags | MDB_NOTLS | (alone ? MDB_NOSUBDIR : 0U), 0600);
  return rc == 0 ? absl::OkStatus() : failed(rc, "open");
}

absl::StatusOr<bool> LmdbStore::find_tables(MDB_txn* txn, unsigned flags) {
  for (const Table table : kAllTables) {
    if (index(table) > kFirstTables) continue;
    const int rc = mdb_dbi_open(txn, kTableNames.at(index(table)), flags, &tables_.at(index(table)));
    if (rc == MDB_NOTFOUND && table == kAllTables.front()) return false;
    if (rc == MDB_NOTFOUND) return damaged(table, "the table is missing");
    if (rc != 0) return failed(rc, "open a table");
  }
  return true;
}

absl::StatusOr<bool> LmdbStore::find_later_tables(MDB_txn* txn, unsigned flags) {
  bool missing = false;
  for (const Table table : kAllTables) {
    if (index(table) <= kFirstTables) continue;
    MDB_dbi& found = tables_.at(index(table));
    int rc = mdb_dbi_open(txn, kTableNames.at(index(table)), 0, &found);
    if (rc == MDB_NOTFOUND) {
      missing = true;
      found = kNoTable;
      rc = (flags & MDB_CREATE) != 0 ? mdb_dbi_open(txn, kTableNames.at(index(table)), MDB_CREATE, &found) : 0;
    }
    if (rc != 0) return failed(rc, "open a table");
  }
  return missing;
}

absl::Status LmdbStore::open_tables() {
  MDB_envinfo info;
  mdb_env_info(env_, &info);
  Write write(*this);
  if (auto status = write.begin(); !status.ok()) return status;
  // A store that was never written to has no tables yet.
  const bool fresh = info.me_last_txnid == 0;
  const auto found = find_tables(write.txn(), fresh ? MDB_CREATE : 0);
  if (!found.ok()) return found.status();
  if (!*found) return damaged(kAllTables.front(), "the table is missing");
  const auto older = find_later_tables(write.txn(), MDB_CREATE);
  if (!older.ok()) return older.status();
  if (fresh) return write.commit();
  const auto digest = read_digest(write.txn(), info.me_last_txnid);
  if (!digest.ok()) return digest.status();
  digest_ = *digest;
  count_pages(write.txn());
  if (auto status = *older ? write.commit_unchanged() : write.keep_tables(); !status.ok()) return status;
  count_room(true);
  return absl::OkStatus();
}

absl::Status LmdbStore::open_tables_read_only() {
  MDB_txn* txn = nullptr;
  if (const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn); rc != 0) return failed(rc, "begin a transaction");
  const auto found = find_tables(txn, 0);
  absl::Status status = found.status();
  if (status.ok() && !*found) {
    status = absl::FailedPreconditionError(
        fmt::format("{}: it is no store of sluiced, or one that was never written to", file_.string()));
  }
  if (status.ok()) status = find_later_tables(txn, 0).status();
  if (status.ok()) status = read_digest(txn, mdb_txn_id(txn)).status();
  if (status.ok()) count_pages(txn);
  // So that the handles of the tables stay open.
  mdb_txn_commit(txn);
  return status;
}

absl::StatusOr<std::uint64_t> LmdbStore::read_digest(MDB_txn* txn, std::uint64_t last_transaction) const {
  MDB_val key = val(kDigestKey);
  MDB_val value;
  const int rc = mdb_get(txn, tables_.at(index(Table::kMeta)), &key, &value);
  if (rc == MDB_NOTFOUND) return damaged(Table::kMeta, "the digest is missing");
  if (rc != 0) return failed(rc, "read");
  store::v1::Digest digest;
  if (const auto wrong = read_frame(Table::kMeta, kDigestKey, view(value), digest)) return damaged(Table::kMeta, *wrong);
  if (digest.transaction() != last_transaction) return damaged(Table::kMeta, "it is an old state of the store");
  return digest.checksums();
}

absl::StatusOr<std::uint8_t> LmdbStore::schema_version() const {
  const Read read(env_);
  if (read.error() != 0) return failed(read.error(), "begin a transaction");
  MDB_val key = val(kDigestKey);
  MDB_val value;
  const int rc = mdb_get(read.txn(), tables_.at(index(Table::kMeta)), &key, &value);
  if (rc != 0) return failed(rc, "read");
  return version_in(view(value));
}

absl::Status LmdbStore::damaged(Table table, std::string_view what) const {
  if (what == kWrittenByNewer) {
    return base::error(
        base::Reason::kStoreTooNew,
        fmt::format("{}: a newer version of sluiced wrote this store, this one reads schema versions up to {}; start the "
                    "newer version, or restore a backup that this one wrote",
                    file_.string(), kSchemaVersion));
  }
  return store_damaged(file_, fmt::format("table {}: {}", kTableNames.at(index(table)), what));
}

absl::Status LmdbStore::failed(int error, std::string_view doing) const { return store_error(file_, error, doing); }

}  // namespace sluice::journal
