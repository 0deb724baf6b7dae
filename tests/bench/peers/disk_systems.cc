// What the disk gives without any server: in this process, on the file system on which the servers keep theirs.
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/system.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kJobsAtOnce = 1'000;
constexpr std::size_t kItemBytes = 150;  // a job with what must be known about it
constexpr std::size_t kEndBytes = 24;

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// In turn: jobs are put, kept, ended, and the ends kept.
class DiskSystem : public System {
 public:
  explicit DiskSystem(About about) : about_(std::move(about)) {
    about_.kind = Kind::kLimit;
    about_.keeps = Keeps::kSynced;
  }
  [[nodiscard]] const About& about() const final { return about_; }
  [[nodiscard]] pid_t pid() const final { return ::getpid(); }
  void stream(std::uint64_t jobs) final {
    for (std::uint64_t left = jobs; left > 0;) {
      const std::uint64_t count = std::min(left, kJobsAtOnce);
      keep(count);
      left -= count;
    }
  }
  std::uint64_t one_at_a_time(std::chrono::milliseconds time) final {
    // At best the clients' jobs gather, and share their syncs.
    const auto end = std::chrono::steady_clock::now() + time;
    std::uint64_t jobs = 0;
    for (; std::chrono::steady_clock::now() < end; jobs += kConnections) keep(kConnections);
    return jobs;
  }

 private:
  virtual void keep(std::uint64_t jobs) = 0;
  About about_;
};

class Log final : public DiskSystem {
 public:
  Log()
      : DiskSystem({.name = "bare log",
                    .setup = fmt::format("{} records and fdatasync, {} ends and fdatasync; one at a time: {} of each",
                                         kJobsAtOnce, kJobsAtOnce, kConnections)}),
        file_(::open((directory_ / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) {}
  ~Log() override { ::close(file_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

 private:
  void keep(std::uint64_t jobs) override {
    for (const std::size_t bytes : {kItemBytes, kEndBytes}) {
      const std::string records(jobs * bytes, 'x');
      if (::write(file_, records.data(), records.size()) != static_cast<ssize_t>(records.size()) || ::fdatasync(file_) != 0) {
        throw std::runtime_error("cannot write the log");
      }
    }
  }
  const Directory directory_;
  const int file_;
};

void check(int result) {
  if (result != 0) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(result));
}

class Lmdb final : public DiskSystem {
 public:
  Lmdb()
      : DiskSystem({.name = "bare LMDB",
                    .setup = fmt::format("{} puts and a commit, {} deletes and a commit; one at a time: {} of each",
                                         kJobsAtOnce, kJobsAtOnce, kConnections)}) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, 1UL << 30));
    check(mdb_env_open(env_, (directory_ / "data.mdb").c_str(), MDB_NOSUBDIR, 0600));
  }
  ~Lmdb() override { mdb_env_close(env_); }
  Lmdb(const Lmdb&) = delete;
  Lmdb& operator=(const Lmdb&) = delete;

 private:
  void keep(std::uint64_t jobs) override {
    const std::uint64_t first = last_ + 1;
    last_ += jobs;
    in_transaction([&](MDB_txn* transaction, MDB_dbi table) {
      std::string item(kItemBytes, 'x');
      for (std::uint64_t number = first; number <= last_; ++number) {
        MDB_val key{sizeof number, &number};
        MDB_val value{item.size(), item.data()};
        check(mdb_put(transaction, table, &key, &value, MDB_APPEND));
      }
    });
    in_transaction([&](MDB_txn* transaction, MDB_dbi table) {
      for (std::uint64_t number = first; number <= last_; ++number) {
        MDB_val key{sizeof number, &number};
        check(mdb_del(transaction, table, &key, nullptr));
      }
    });
  }
  template <class Action>
  void in_transaction(Action action) {
    MDB_txn* transaction = nullptr;
    MDB_dbi table = 0;
    check(mdb_txn_begin(env_, nullptr, 0, &transaction));
    check(mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY, &table));
    action(transaction, table);
    check(mdb_txn_commit(transaction));
  }
  const Directory directory_;
  MDB_env* env_ = nullptr;
  std::uint64_t last_ = 0;
};

}  // namespace

std::unique_ptr<System> make_bare_log() { return std::make_unique<Log>(); }
std::unique_ptr<System> make_bare_lmdb() { return std::make_unique<Lmdb>(); }

}  // namespace sluice::bench
