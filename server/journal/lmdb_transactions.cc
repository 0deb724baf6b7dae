// Reading and writing the tables.
#include <utility>

#include "server/journal/lmdb_store.h"
#include "server/journal/lmdb_values.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {

LmdbStore::Snapshot::~Snapshot() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

absl::Status LmdbStore::Snapshot::begin() {
  const int rc = mdb_txn_begin(store_.env_, nullptr, MDB_RDONLY, &txn_);
  return rc == 0 ? absl::OkStatus() : store_.failed(rc, "begin a transaction");
}

absl::Status LmdbStore::Snapshot::check_digest(std::uint64_t checksums) const {
  const auto digest = store_.read_digest(txn_, mdb_txn_id(txn_));
  if (!digest.ok()) return digest.status();
  if (*digest == checksums) return absl::OkStatus();
  return store_.damaged(Table::kMeta, "records are missing or are not the newest ones");
}

absl::Status LmdbStore::Snapshot::read(Table table, std::string_view key, google::protobuf::MessageLite& message) const {
  MDB_val wanted = val(key);
  MDB_val value;
  const int rc = mdb_get(txn_, store_.tables_.at(index(table)), &wanted, &value);
  if (rc == MDB_NOTFOUND) return absl::NotFoundError("no such record");
  if (rc != 0) return store_.failed(rc, "read");
  const auto wrong = read_frame(table, key, view(value), message);
  return wrong ? store_.damaged(table, *wrong) : absl::OkStatus();
}

absl::StatusOr<std::uint64_t> LmdbStore::Snapshot::count(Table table) const {
  if (store_.tables_.at(index(table)) == kNoTable) return 0;
  MDB_stat stat;
  const int rc = mdb_stat(txn_, store_.tables_.at(index(table)), &stat);
  if (rc != 0) return store_.failed(rc, "read");
  return stat.ms_entries;
}

LmdbStore::Reader::~Reader() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

absl::StatusOr<bool> LmdbStore::Reader::next() {
  const LmdbStore& store = snapshot_.store_;
  if (store.tables_.at(index(table_)) == kNoTable) return false;
  int rc = 0;
  if (cursor_ == nullptr) rc = mdb_cursor_open(snapshot_.txn_, store.tables_.at(index(table_)), &cursor_);
  MDB_val key;
  MDB_val value;
  if (rc == 0) rc = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT);
  if (rc == MDB_NOTFOUND) return false;
  if (rc != 0) return store.failed(rc, "read");
  if (table_ == Table::kMeta && view(key) == kDigestKey) return next();
  key_ = view(key);
  value_ = view(value);
  checksums_ ^= checksum_in(value_);
  return true;
}

absl::Status LmdbStore::Reader::check() const {
  const auto wrong = check_frame(table_, key_, value_);
  return wrong ? snapshot_.store_.damaged(table_, *wrong) : absl::OkStatus();
}

absl::Status LmdbStore::Reader::parse(google::protobuf::MessageLite& message) const {
  const auto wrong = read_frame(table_, key_, value_, message);
  return wrong ? snapshot_.store_.damaged(table_, *wrong) : absl::OkStatus();
}

LmdbStore::Write::~Write() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

absl::Status LmdbStore::Write::begin() {
  const int rc = mdb_txn_begin(store_.env_, nullptr, 0, &txn_);
  if (rc != 0) return store_.failed(rc, "begin a transaction");
  digest_ = store_.digest_;
  return absl::OkStatus();
}

absl::Status LmdbStore::Write::open_cursor(Table table) {
  MDB_cursor*& cursor = cursors_.at(index(table));
  if (cursor != nullptr) return absl::OkStatus();
  const int rc = mdb_cursor_open(txn_, store_.tables_.at(index(table)), &cursor);
  return rc == 0 ? absl::OkStatus() : store_.failed(rc, "write");
}

absl::Status LmdbStore::Write::put(Table table, std::string_view key, const google::protobuf::MessageLite& message) {
  if (auto status = open_cursor(table); !status.ok()) return status;
  MDB_cursor* cursor = cursors_.at(index(table));
  MDB_val wanted = val(key);
  MDB_val value;
  unsigned flags = MDB_RESERVE;
  const int found = mdb_cursor_get(cursor, &wanted, &value, MDB_SET);
  if (found == 0) {
    forget(view(value));
    flags |= MDB_CURRENT;
  } else if (found != MDB_NOTFOUND) {
    return store_.failed(found, "write");
  }
  wanted = val(key);
  value = {framed_size(message), nullptr};
  if (const int rc = mdb_cursor_put(cursor, &wanted, &value, flags); rc != 0) return store_.failed(rc, "write");
  digest_ ^= write_frame(table, key, message, {static_cast<char*>(value.mv_data), value.mv_size});
  // Pages are half full at the least.
  store_.written_bytes_ += 2 * value.mv_size;
  return absl::OkStatus();
}

absl::Status LmdbStore::Write::append(Table table, std::string_view key, const google::protobuf::MessageLite& message) {
  if (auto status = open_cursor(table); !status.ok()) return status;
  MDB_val wanted = val(key);
  MDB_val value{framed_size(message), nullptr};
  const int rc = mdb_cursor_put(cursors_.at(index(table)), &wanted, &value, MDB_RESERVE | MDB_APPEND);
  if (rc == MDB_KEYEXIST) return put(table, key, message);
  if (rc != 0) return store_.failed(rc, "write");
  digest_ ^= write_frame(table, key, message, {static_cast<char*>(value.mv_data), value.mv_size});
  // Pages are half full at the least.
  store_.written_bytes_ += 2 * value.mv_size;
  return absl::OkStatus();
}

absl::StatusOr<bool> LmdbStore::Write::read(Table table, std::string_view key, google::protobuf::MessageLite& message) {
  if (auto status = open_cursor(table); !status.ok()) return status;
  MDB_val wanted = val(key);
  MDB_val value;
  const int rc = mdb_cursor_get(cursors_.at(index(table)), &wanted, &value, MDB_SET);
  if (rc == MDB_NOTFOUND) return false;
  if (rc != 0) return store_.failed(rc, "read");
  if (const auto wrong = read_frame(table, key, view(value), message)) return store_.damaged(table, *wrong);
  return true;
}

absl::Status LmdbStore::Write::erase(Table table, std::string_view key) {
  if (auto status = open_cursor(table); !status.ok()) return status;
  MDB_cursor* cursor = cursors_.at(index(table));
  MDB_val wanted = val(key);
  MDB_val value;
  int rc = mdb_cursor_get(cursor, &wanted, &value, MDB_SET);
  if (rc == MDB_NOTFOUND) return absl::OkStatus();
  if (rc == 0) {
    forget(view(value));
    rc = mdb_cursor_del(cursor, 0);
  }
  return rc == 0 ? absl::OkStatus() : store_.failed(rc, "write");
}

absl::Status LmdbStore::Write::erase_prefix(Table table, std::string_view prefix) {
  if (auto status = open_cursor(table); !status.ok()) return status;
  MDB_cursor* cursor = cursors_.at(index(table));
  MDB_val key = val(prefix);
  MDB_val value;
  int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (rc == 0 && view(key).starts_with(prefix)) {
    forget(view(value));
    rc = mdb_cursor_del(cursor, 0);
    key = val(prefix);
    if (rc == 0) rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  }
  return rc == 0 || rc == MDB_NOTFOUND ? absl::OkStatus() : store_.failed(rc, "write");
}

absl::Status LmdbStore::Write::put_digest() {
  store::v1::Digest digest;
  digest.set_checksums(digest_);
  digest.set_transaction(mdb_txn_id(txn_));
  MDB_val key = val(kDigestKey);
  MDB_val value{framed_size(digest), nullptr};
  const int rc = mdb_put(txn_, store_.tables_.at(index(Table::kMeta)), &key, &value, MDB_RESERVE);
  if (rc != 0) return store_.failed(rc, "write");
  write_frame(Table::kMeta, kDigestKey, digest, {static_cast<char*>(value.mv_data), value.mv_size});
  return absl::OkStatus();
}

// Committed without a change, so that the handles of the tables stay open.
absl::Status LmdbStore::Write::keep_tables() {
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  return rc == 0 ? absl::OkStatus() : store_.failed(rc, "open");
}

absl::Status LmdbStore::Write::commit_unchanged() {
  digest_ = store_.digest_;
  return commit();
}

absl::Status LmdbStore::Write::commit() {
  if (auto status = put_digest(); !status.ok()) return status;
  store_.count_pages(txn_);
  // Cursors of a write transaction are freed with it.
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (rc != 0) return store_.failed(rc, "commit");
  store_.digest_ = digest_;
  store_.count_room(false);
  return absl::OkStatus();
}

}  // namespace sluice::journal
