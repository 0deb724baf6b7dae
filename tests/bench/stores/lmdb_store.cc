#include <lmdb.h>

#include <stdexcept>

#include "tests/bench/stores/store.h"

namespace sluice::bench {
namespace {

void check(int result) {
  if (result != 0) throw std::runtime_error(mdb_strerror(result));
}

class Lmdb final : public Store {
 public:
  explicit Lmdb(const std::filesystem::path& directory) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, 16UL << 30));
    check(mdb_env_set_maxdbs(env_, 2));
    check(mdb_env_open(env_, (directory / "lmdb").c_str(), MDB_NOSUBDIR, 0600));
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &transaction));
    check(mdb_dbi_open(transaction, "states", MDB_CREATE, &states_));
    check(mdb_dbi_open(transaction, "bodies", MDB_CREATE, &bodies_));
    check(mdb_txn_commit(transaction));
  }
  ~Lmdb() override { mdb_env_close(env_); }
  Lmdb(const Lmdb&) = delete;
  Lmdb& operator=(const Lmdb&) = delete;

  void commit(const Group& group) override {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &transaction));
    for (const auto id : group.put) {
      put(transaction, states_, id, state_, MDB_APPEND);
      put(transaction, bodies_, id, body_, MDB_APPEND);
    }
    for (const auto id : group.leased) put(transaction, states_, id, state_, 0);
    for (const auto id : group.done) {
      auto big = __builtin_bswap64(id);
      MDB_val key{sizeof big, &big};
      check(mdb_del(transaction, states_, &key, nullptr));
      check(mdb_del(transaction, bodies_, &key, nullptr));
    }
    check(mdb_txn_commit(transaction));
  }

  std::uint64_t scan() override {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &transaction));
    std::uint64_t count = 0;
    for (const MDB_dbi table : {states_, bodies_}) {
      MDB_cursor* cursor = nullptr;
      check(mdb_cursor_open(transaction, table, &cursor));
      MDB_val key;
      MDB_val value;
      count = 0;
      while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) count += static_cast<const char*>(value.mv_data)[0] == 'x';
      mdb_cursor_close(cursor);
    }
    mdb_txn_abort(transaction);
    return count;
  }

 private:
  static void put(MDB_txn* transaction, MDB_dbi table, std::uint64_t id, std::string& bytes, unsigned flags) {
    auto big = __builtin_bswap64(id);
    MDB_val key{sizeof big, &big};
    MDB_val value{bytes.size(), bytes.data()};
    check(mdb_put(transaction, table, &key, &value, flags));
  }

  MDB_env* env_ = nullptr;
  MDB_dbi states_ = 0;
  MDB_dbi bodies_ = 0;
  std::string state_ = std::string(kStateBytes, 'x');
  std::string body_ = std::string(kBodyBytes, 'x');
};

}  // namespace

std::unique_ptr<Store> new_lmdb(const std::filesystem::path& directory) { return std::make_unique<Lmdb>(directory); }

}  // namespace sluice::bench
