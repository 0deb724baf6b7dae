#include "server/journal/lmdb.h"

#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/journal/fresh_store.h"
#include "server/journal/lmdb_bodies.h"
#include "server/journal/lmdb_load.h"
#include "server/journal/lmdb_values.h"
#include "server/journal/store_copy.h"

namespace sluice::journal {
namespace {

std::size_t payload_bytes(const model::Record& record) {
  const auto* item = std::get_if<model::ItemRecord>(&record);
  return item != nullptr && item->body ? item->body->bytes() : 0;
}

// 0 where the system does not say.
std::uint64_t disk_free(const std::filesystem::path& file) {
  std::error_code error;
  const auto space = std::filesystem::space(file.parent_path(), error);
  return error ? 0 : space.available;
}

// A group of so few records, which has as few answers, is told of by the thread that wrote it, if nothing else is to be
// written: waking another would take longer than telling.
constexpr std::size_t kFewRecords = 16;

absl::Status no_room_for_a_copy(const std::filesystem::path& file, const StoreUse& now) {
  return base::error(
      base::Reason::kBackupNoSpace,
      fmt::format("{}: a backup needs {} bytes beside it for as long as it takes, and {} to spare; the disk has {}. "
                  "Free disk space, or copy the directory while the server is stopped",
                  file.string(), now.used, now.reserve, now.disk_free));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LmdbJournal>> LmdbJournal::open(const LmdbOptions& options) {
  auto store = LmdbStore::open(options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<LmdbJournal>(new LmdbJournal(*std::move(store)));
}

LmdbJournal::~LmdbJournal() { stop(); }

absl::Status LmdbJournal::load(const std::function<void(model::Record&&)>& each) { return load_store(*store_, each); }

absl::Status LmdbJournal::start(OnCommitted on_committed, OnFailed on_failed) {
  notices_.start(std::move(on_committed), std::move(on_failed));
  writer_ = std::thread([this] { write_groups(); });
  return absl::OkStatus();
}

Position LmdbJournal::append(std::vector<model::Record>& records) {
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += payload_bytes(record);
  if (bytes > 0) uncommitted_bytes_ += bytes;
  std::unique_lock lock(mutex_);
  if (pending_.empty()) {
    pending_.swap(records);
  } else {
    pending_.insert(pending_.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    records.clear();
  }
  const Position position = ++last_;
  // Without the lock: what it wakes would only wait for it.
  lock.unlock();
  changed_.notify_one();
  return position;
}

void LmdbJournal::look_again() const {
  const std::lock_guard lock(mutex_);
  look_ = true;
  changed_.notify_one();
}

bool LmdbJournal::full() const {
  const StoreUsage usage = store_->usage();
  // Small payloads take up to twice their size in pages, with keys and state.
  const bool full = usage.room_bytes < usage.reserve_bytes + 2 * uncommitted_bytes_;
  if (full) look_again();
  return full;
}

std::optional<StoreUse> LmdbJournal::use() const {
  const StoreUsage usage = store_->usage();
  return StoreUse{.used = usage.used_bytes,
                  .limit = usage.max_bytes,
                  .reserve = usage.reserve_bytes,
                  .disk_free = disk_free(store_->file())};
}

absl::StatusOr<BackupFile> LmdbJournal::back_up(const std::function<bool()>& go_on) {
  const std::unique_lock alone(backing_up_, std::try_to_lock);
  if (!alone) return base::error(base::Reason::kLimitReached, "another backup is under way; try again when it is done");
  const StoreUse now = *use();
  if (now.disk_free < now.used + now.reserve) return no_room_for_a_copy(store_->file(), now);
  const auto aside = store_->file().parent_path() / kCopyDirectory;
  auto copied = copy_to(aside, go_on);
  std::error_code ignored;
  // Others use the disk as well. The error itself does not tell: a write that is cut short is an I/O error to LMDB.
  const StoreUse then = *use();
  std::filesystem::remove_all(aside, ignored);
  const bool failed_to_write = absl::IsUnavailable(copied.status()) || absl::IsResourceExhausted(copied.status());
  if (failed_to_write && then.disk_free < then.reserve) return no_room_for_a_copy(store_->file(), then);
  return copied;
}

absl::StatusOr<BackupFile> LmdbJournal::copy_to(const std::filesystem::path& directory,
                                                const std::function<bool()>& go_on) const {
  auto copy = FreshStore::create(directory, store_->usage().max_bytes);
  if (!copy.ok()) return copy.status();
  if (auto status = copy_store(*store_, **copy, go_on); !status.ok()) return status;
  return BackupFile::take((*copy)->file());
}

void LmdbJournal::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
  notices_.stop();
}

absl::StatusOr<std::vector<model::BodyPtr>> LmdbJournal::read_bodies(const std::vector<model::ItemId>& ids) const {
  return journal::read_bodies(*store_, ids);
}

void LmdbJournal::write_groups() {
  std::vector<model::Record> group;
  Position committed = 0;
  while (true) {
    Position last = 0;
    bool look = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return last_ > committed || stopping_ || look_; });
      look = std::exchange(look_, false);
      if (last_ == committed && stopping_) return;
      group.swap(pending_);
      last = last_;
    }
    if (look) {
      if (auto status = store_->look_for_room(); !status.ok()) return notices_.failed(status);
    }
    if (last == committed) continue;
    const bool few = group.size() <= kFewRecords;
    if (auto status = commit(group); !status.ok()) return notices_.failed(status);
    committed = last;
    const bool alone = few && !more_than(committed);
    notices_.committed(committed, alone ? CommitNotices::On::kThisThread : CommitNotices::On::kOwnThread);
  }
}

bool LmdbJournal::more_than(Position position) const {
  const std::lock_guard lock(mutex_);
  return last_ > position;
}

absl::Status LmdbJournal::commit(std::vector<model::Record>& records) {
  if (records.empty()) return absl::OkStatus();
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += payload_bytes(record);
  batch_.take(records);
  LmdbStore::Write write(*store_);
  absl::Status status = write.begin();
  if (status.ok()) status = batch_.write_to(write);
  if (status.ok()) status = write.commit();
  batch_.clear();
  uncommitted_bytes_ -= bytes;
  return status;
}

}  // namespace sluice::journal
