#include "tests/bench/load/disk.h"

#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/measure.h"

namespace sluice::bench {
namespace {

constexpr int kTimes = 400;

template <class Action>
double median_us(Action action) {
  std::vector<double> times;
  for (int i = 0; i < kTimes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    action(i);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  return median_of(std::move(times));
}

void check(int result, const char* what) {
  if (result != 0) throw std::runtime_error(std::string(what) + ": " + mdb_strerror(result));
}

}  // namespace

double sync_us(const std::filesystem::path& directory) {
  const auto path = directory / "sync";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write to " + path.string());
  const std::string block(4096, 'x');
  const double median = median_us([&](int) {
    if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0) throw std::runtime_error("cannot sync");
  });
  close(file);
  return median;
}

double lmdb_commit_us(const std::filesystem::path& directory) {
  MDB_env* env = nullptr;
  check(mdb_env_create(&env), "mdb_env_create");
  check(mdb_env_set_mapsize(env, 1UL << 30), "mdb_env_set_mapsize");
  check(mdb_env_open(env, (directory / "bare.mdb").c_str(), MDB_NOSUBDIR, 0600), "mdb_env_open");
  const double median = median_us([&](int i) {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(env, nullptr, 0, &transaction), "mdb_txn_begin");
    MDB_dbi table = 0;
    check(mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY, &table), "mdb_dbi_open");
    std::uint64_t number = static_cast<std::uint64_t>(i);
    std::string item(150, 'x');
    MDB_val key{sizeof number, &number};
    MDB_val value{item.size(), item.data()};
    check(mdb_put(transaction, table, &key, &value, MDB_APPEND), "mdb_put");
    check(mdb_txn_commit(transaction), "mdb_txn_commit");
  });
  mdb_env_close(env);
  return median;
}

}  // namespace sluice::bench
