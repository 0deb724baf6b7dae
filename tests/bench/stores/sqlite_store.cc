#include <sqlite3.h>

#include <stdexcept>

#include "tests/bench/stores/store.h"

namespace sluice::bench {
namespace {

class Sqlite final : public Store {
 public:
  explicit Sqlite(const std::filesystem::path& directory) {
    check(sqlite3_open((directory / "sqlite").c_str(), &db_));
    run("pragma journal_mode=wal");
    run("pragma synchronous=full");
    run("create table states (id integer primary key, state blob)");
    run("create table bodies (id integer primary key, body blob)");
    put_state_ = prepared("insert into states values (?, ?)");
    put_body_ = prepared("insert into bodies values (?, ?)");
    lease_ = prepared("update states set state = ?2 where id = ?1");
    end_state_ = prepared("delete from states where id = ?");
    end_body_ = prepared("delete from bodies where id = ?");
  }
  ~Sqlite() override {
    for (auto* statement : {put_state_, put_body_, lease_, end_state_, end_body_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void commit(const Group& group) override {
    run("begin immediate");
    for (const auto id : group.put) {
      step(put_state_, id, &state_);
      step(put_body_, id, &body_);
    }
    for (const auto id : group.leased) step(lease_, id, &state_);
    for (const auto id : group.done) {
      step(end_state_, id, nullptr);
      step(end_body_, id, nullptr);
    }
    run("commit");
  }

  std::uint64_t scan() override {
    std::uint64_t count = 0;
    for (const char* query : {"select id, state from states", "select id, body from bodies"}) {
      sqlite3_stmt* statement = prepared(query);
      count = 0;
      while (sqlite3_step(statement) == SQLITE_ROW) {
        count += static_cast<const char*>(sqlite3_column_blob(statement, 1))[0] == 'x';
      }
      sqlite3_finalize(statement);
    }
    return count;
  }

 private:
  void check(int result) const {
    if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) throw std::runtime_error(sqlite3_errmsg(db_));
  }
  void run(const char* text) { check(sqlite3_exec(db_, text, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepared(const char* text) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(db_, text, -1, &statement, nullptr));
    return statement;
  }
  void step(sqlite3_stmt* statement, std::uint64_t id, const std::string* bytes) {
    check(sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(id)));
    if (bytes != nullptr) check(sqlite3_bind_blob(statement, 2, bytes->data(), static_cast<int>(bytes->size()), nullptr));
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_state_ = nullptr;
  sqlite3_stmt* put_body_ = nullptr;
  sqlite3_stmt* lease_ = nullptr;
  sqlite3_stmt* end_state_ = nullptr;
  sqlite3_stmt* end_body_ = nullptr;
  const std::string state_ = std::string(kStateBytes, 'x');
  const std::string body_ = std::string(kBodyBytes, 'x');
};

}  // namespace

std::unique_ptr<Store> new_sqlite(const std::filesystem::path& directory) { return std::make_unique<Sqlite>(directory); }

}  // namespace sluice::bench
