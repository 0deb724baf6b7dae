#include "server/journal/lmdb_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "server/base/limits.h"
#include "server/journal/fault.h"
#include "server/journal/lmdb_values.h"
#include "sluice/store/v1/record.pb.h"

namespace sluice::journal {
namespace {

constexpr std::array<const char*, kTables + 1> kTableNames = {"",      "meta",   "queues",   "counters",
                                                              "items", "bodies", "requests", "pipelines"};

std::size_t reserve_of(std::size_t max_bytes) {
  return std::clamp(max_bytes / 8, limits::kMinStoreReserveBytes, limits::kMaxStoreReserveBytes);
}

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

}  // namespace

LmdbStore::LmdbStore(const LmdbOptions& options)
    : directory_(options.directory), file_(options.directory / "data.mdb"), max_bytes_(options.max_bytes) {}

LmdbStore::~LmdbStore() {
  if (env_ != nullptr) mdb_env_close(env_);
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

absl::StatusOr<std::unique_ptr<LmdbStore>> LmdbStore::open(const LmdbOptions& options) {
  std::unique_ptr<LmdbStore> store(new LmdbStore(options));
  if (auto status = store->lock_directory(); !status.ok()) return status;
  if (auto status = store->create_if_missing(); !status.ok()) return status;
  if (auto status = store->check_length(); !status.ok()) return status;
  if (auto status = store->open_environment(); !status.ok()) return status;
  if (auto status = store->open_tables(); !status.ok()) return status;
  return store;
}

absl::Status LmdbStore::lock_directory() {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return failed(error.value(), "create the directory");
  const auto path = directory_ / "lock";
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) return failed(errno, "open the lock file");
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return failed(errno, "lock the directory");
  return absl::FailedPreconditionError(
      fmt::format("{}: another process uses this data directory; stop it, or give this server its own", directory_.string()));
}

// Made aside and then renamed, so that a crash leaves either no store or an empty one, and never half a file.
absl::Status LmdbStore::create_if_missing() {
  std::error_code error;
  if (std::filesystem::exists(file_, error)) return absl::OkStatus();
  const auto aside = directory_ / "new";
  std::filesystem::remove_all(aside, error);
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
  return sync_directory();
}

absl::Status LmdbStore::sync_directory() const {
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(errno, "open the directory");
  const int rc = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return rc == 0 ? absl::OkStatus() : failed(rc, "sync the directory");
}

// The mapped file must be as long as its newest root says: touching a page behind its end would end the process by a signal.
absl::Status LmdbStore::check_length() const {
  std::error_code error;
  const auto length = std::filesystem::file_size(file_, error);
  if (error) return failed(error.value(), "look at");
  MDB_env* env = nullptr;
  if (const int rc = mdb_env_create(&env); rc != 0) return failed(rc, "create an environment");
  const std::unique_ptr<MDB_env, decltype(&mdb_env_close)> closer(env, mdb_env_close);
  if (const int rc = mdb_env_open(env, directory_.c_str(), MDB_RDONLY | MDB_NOLOCK, 0600); rc != 0) return failed(rc, "open");
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env, &info);
  mdb_env_stat(env, &stat);
  const std::size_t needed = (info.me_last_pgno + 1) * stat.ms_psize;
  if (length >= needed) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("{}: the file is damaged: it has {} bytes and should have at least {}; restore a backup", file_.string(),
                  length, needed));
}

absl::Status LmdbStore::open_environment() {
  if (const int rc = mdb_env_create(&env_); rc != 0) return failed(rc, "create an environment");
  mdb_env_set_userctx(env_, const_cast<char*>(file_.c_str()));
  mdb_env_set_assert(
      env_, [](MDB_env* env, const char* what) { end_for_damage(static_cast<const char*>(mdb_env_get_userctx(env)), what); });
  mdb_env_set_maxdbs(env_, kTables);
  mdb_env_set_mapsize(env_, max_bytes_);
  // No read-ahead: what is read back are single payloads. No locks of LMDB's own beyond its reader table: readers are threads
  // of this process, and come and go between threads.
  const int rc = mdb_env_open(env_, directory_.c_str(), MDB_NORDAHEAD | MDB_NOTLS, 0600);
  return rc == 0 ? absl::OkStatus() : failed(rc, "open");
}

absl::Status LmdbStore::open_tables() {
  MDB_envinfo info;
  mdb_env_info(env_, &info);
  Write write(*this);
  if (auto status = write.begin(); !status.ok()) return status;
  // A store that was never written to has no tables yet.
  const bool fresh = info.me_last_txnid == 0;
  for (std::size_t i = 1; i <= kTables; ++i) {
    const int rc = mdb_dbi_open(write.txn(), kTableNames.at(i), fresh ? MDB_CREATE : 0, &tables_.at(i));
    if (rc == MDB_NOTFOUND) return damaged(static_cast<Table>(i), "the table is missing");
    if (rc != 0) return failed(rc, "open a table");
  }
  if (fresh) return write.commit();
  if (auto status = read_digest(write.txn(), info.me_last_txnid); !status.ok()) return status;
  count_pages(write.txn());
  if (auto status = write.keep_tables(); !status.ok()) return status;
  set_aside();
  return absl::OkStatus();
}

absl::Status LmdbStore::read_digest(MDB_txn* txn, std::uint64_t last_transaction) {
  MDB_val key = val(kDigestKey);
  MDB_val value;
  const int rc = mdb_get(txn, tables_.at(index(Table::kMeta)), &key, &value);
  if (rc == MDB_NOTFOUND) return damaged(Table::kMeta, "the digest is missing");
  if (rc != 0) return failed(rc, "read");
  store::v1::Digest digest;
  if (const auto wrong = read_frame(Table::kMeta, kDigestKey, view(value), digest)) return damaged(Table::kMeta, *wrong);
  if (digest.transaction() != last_transaction) return damaged(Table::kMeta, "it is an old state of the store");
  digest_ = digest.checksums();
  return absl::OkStatus();
}

void LmdbStore::count_pages(MDB_txn* txn) {
  std::size_t pages = 0;
  std::size_t page_bytes = 0;
  for (std::size_t i = 1; i <= kTables; ++i) {
    MDB_stat stat;
    if (mdb_stat(txn, tables_.at(i), &stat) != 0) continue;
    pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    page_bytes = stat.ms_psize;
  }
  used_bytes_ = pages * page_bytes;
}

void LmdbStore::set_aside() {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  const std::size_t length = (info.me_last_pgno + 1) * stat.ms_psize;
  const std::size_t wanted = std::min(length + reserve_of(max_bytes_), max_bytes_);
  if (wanted <= set_aside_bytes_ && !disk_full_) return;
  // Half as much again each time, so that this is rare.
  const std::size_t generous = std::min(length + 2 * reserve_of(max_bytes_), max_bytes_);
  int fd = -1;
  mdb_env_get_fd(env_, &fd);
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(generous)) == 0) {
    set_aside_bytes_ = generous;
    disk_full_ = false;
  } else if (errno == ENOSPC || errno == EDQUOT) {
    disk_full_ = true;
  } else {
    set_aside_bytes_ = max_bytes_;  // a file system that cannot do it
  }
}

absl::Status LmdbStore::check_digest(std::uint64_t checksums) const {
  return checksums == digest_ ? absl::OkStatus() : damaged(Table::kMeta, "records are missing or are not the newest ones");
}

absl::Status LmdbStore::read(Table table, std::string_view key, google::protobuf::MessageLite& message) const {
  const Read read(env_);
  if (read.error() != 0) return failed(read.error(), "begin a transaction");
  MDB_val wanted = val(key);
  MDB_val value;
  const int rc = mdb_get(read.txn(), tables_.at(index(table)), &wanted, &value);
  if (rc == MDB_NOTFOUND) return absl::NotFoundError("no such record");
  if (rc != 0) return failed(rc, "read");
  if (const auto wrong = read_frame(table, key, view(value), message)) return damaged(table, *wrong);
  return absl::OkStatus();
}

absl::Status LmdbStore::copy_to(const std::filesystem::path& directory) const {
  std::error_code error;
  if (!std::filesystem::create_directory(directory, error)) {
    return absl::AlreadyExistsError(fmt::format("{}: cannot create the directory: {}", directory.string(),
                                                error ? error.message() : "it exists already, and is not overwritten"));
  }
  if (const int rc = mdb_env_copy2(env_, directory.c_str(), MDB_CP_COMPACT); rc != 0) return failed(rc, "copy");
  // A copy counts its transactions anew.
  LmdbStore copy({directory, max_bytes_});
  absl::Status status = copy.open_environment();
  if (status.ok()) status = copy.renumber();
  return status;
}

absl::Status LmdbStore::renumber() {
  Write write(*this);
  if (auto status = write.begin(); !status.ok()) return status;
  for (std::size_t i = 1; i <= kTables; ++i) {
    if (const int rc = mdb_dbi_open(write.txn(), kTableNames.at(i), 0, &tables_.at(i)); rc != 0) return failed(rc, "copy");
  }
  MDB_val key = val(kDigestKey);
  MDB_val value;
  if (const int rc = mdb_get(write.txn(), tables_.at(index(Table::kMeta)), &key, &value); rc != 0) return failed(rc, "copy");
  store::v1::Digest digest;
  if (const auto wrong = read_frame(Table::kMeta, kDigestKey, view(value), digest)) return damaged(Table::kMeta, *wrong);
  write.set_digest(digest.checksums());
  return write.commit();
}

StoreUsage LmdbStore::usage() const {
  // A full disk looks like a full store: nothing left but what is set aside.
  const std::size_t used = disk_full_ ? max_bytes_ : used_bytes_.load();
  return {used, max_bytes_, reserve_of(max_bytes_)};
}

absl::Status LmdbStore::damaged(Table table, std::string_view what) const {
  return absl::DataLossError(fmt::format("{}: the file is damaged: table {}: {}; restore a backup", file_.string(),
                                         kTableNames.at(index(table)), what));
}

absl::Status LmdbStore::failed(int error, std::string_view doing) const {
  const auto message = fmt::format("{}: cannot {}: {}", file_.string(), doing, mdb_strerror(error));
  switch (error) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_VALSIZE:
      return absl::DataLossError(message + "; the file is damaged: restore a backup");
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace sluice::journal
