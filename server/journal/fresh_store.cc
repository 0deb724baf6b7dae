#include "server/journal/fresh_store.h"

#include <utility>

#include "server/journal/lmdb_values.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {
namespace {

// How much a transaction gathers: its pages are held in memory.
constexpr std::size_t kTransactionBytes = 16UL << 20;

}  // namespace

FreshStore::FreshStore(const std::filesystem::path& directory, std::size_t max_bytes)
    : directory_(directory), file_(directory / "data.mdb"), max_bytes_(max_bytes) {}

FreshStore::~FreshStore() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (env_ != nullptr) mdb_env_close(env_);
}

absl::StatusOr<std::unique_ptr<FreshStore>> FreshStore::create(const std::filesystem::path& directory, std::size_t max_bytes) {
  std::unique_ptr<FreshStore> store(new FreshStore(directory, max_bytes));
  if (auto status = store->open(); !status.ok()) return status;
  return store;
}

absl::Status FreshStore::open() {
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (!error) std::filesystem::create_directory(directory_, error);
  if (error) return failed(error.value());
  int rc = mdb_env_create(&env_);
  if (rc != 0) return failed(rc);
  mdb_env_set_maxdbs(env_, kTables);
  mdb_env_set_mapsize(env_, max_bytes_);
  // Nobody else knows the file, and finish() syncs once for all.
  rc = mdb_env_open(env_, directory_.c_str(), MDB_NOLOCK | MDB_NOSYNC | MDB_NOTLS, 0600);
  if (rc != 0) return failed(rc);
  if (auto status = begin(); !status.ok()) return status;
  for (const Table table : kAllTables) {
    rc = mdb_dbi_open(txn_, kTableNames.at(index(table)), MDB_CREATE, &tables_.at(index(table)));
    if (rc != 0) return failed(rc);
  }
  return absl::OkStatus();
}

absl::Status FreshStore::append(Table table, std::string_view key, std::string_view value) {
  if (uncommitted_bytes_ > kTransactionBytes) {
    absl::Status status = commit();
    if (status.ok()) status = begin();
    if (!status.ok()) return status;
  }
  MDB_val where = val(key);
  MDB_val what = val(value);
  if (const int rc = mdb_put(txn_, tables_.at(index(table)), &where, &what, MDB_APPEND); rc != 0) return failed(rc);
  checksums_ ^= checksum_in(value);
  uncommitted_bytes_ += key.size() + value.size();
  return absl::OkStatus();
}

absl::Status FreshStore::finish() {
  store::v1::Digest digest;
  digest.set_checksums(checksums_);
  digest.set_transaction(mdb_txn_id(txn_));
  MDB_val key = val(kDigestKey);
  MDB_val value{framed_size(digest), nullptr};
  if (const int rc = mdb_put(txn_, tables_.at(index(Table::kMeta)), &key, &value, MDB_RESERVE); rc != 0) return failed(rc);
  write_frame(Table::kMeta, kDigestKey, digest, {static_cast<char*>(value.mv_data), value.mv_size});
  if (auto status = commit(); !status.ok()) return status;
  if (const int rc = mdb_env_sync(env_, 1); rc != 0) return failed(rc);
  mdb_env_close(std::exchange(env_, nullptr));
  return sync_directory(directory_);
}

absl::Status FreshStore::begin() {
  const int rc = mdb_txn_begin(env_, nullptr, 0, &txn_);
  return rc == 0 ? absl::OkStatus() : failed(rc);
}

absl::Status FreshStore::commit() {
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  uncommitted_bytes_ = 0;
  return rc == 0 ? absl::OkStatus() : failed(rc);
}

absl::Status FreshStore::failed(int error) const { return store_error(file_, error, "write"); }

}  // namespace sluice::journal
