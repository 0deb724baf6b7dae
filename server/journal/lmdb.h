// The journal in an embedded store (LMDB), the server's default.
//
// One thread of its own writes everything that has gathered since its last commit as one transaction with one sync. While it
// syncs, the next group gathers: the busier the server, the cheaper a record.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/journal/batch.h"
#include "server/journal/commit_notices.h"
#include "server/journal/journal.h"
#include "server/journal/lmdb_store.h"

namespace sluice::journal {

class LmdbJournal final : public Journal {
 public:
  // The errors of LmdbStore::open.
  static absl::StatusOr<std::unique_ptr<LmdbJournal>> open(const LmdbOptions& options);
  ~LmdbJournal() override;

  absl::Status load(const std::function<void(model::Record&&)>& each) override;
  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override;
  Position append(std::vector<model::Record>& records) override;
  [[nodiscard]] bool full() const override;
  [[nodiscard]] bool keeps_bodies() const override { return true; }
  absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const std::vector<model::ItemId>& ids) const override;
  [[nodiscard]] std::optional<StoreUse> use() const override;
  // One at a time: LIMIT_REACHED. The copy is made in the store's own directory.
  absl::StatusOr<BackupFile> back_up(const std::function<bool()>& go_on) override;
  void stop() override;

  // Thread-safe.
  [[nodiscard]] const LmdbStore& store() const { return *store_; }

 private:
  explicit LmdbJournal(std::unique_ptr<LmdbStore> store) : store_(std::move(store)) {}
  absl::StatusOr<BackupFile> copy_to(const std::filesystem::path& directory, const std::function<bool()>& go_on) const;
  void write_groups();
  // Has the writing thread look whether there is room now. Otherwise only the next commit would, and while puts are refused
  // there may be none.
  void look_again() const;
  // Something was appended after it.
  bool more_than(Position position) const;
  absl::Status commit(std::vector<model::Record>& records);

  const std::unique_ptr<LmdbStore> store_;
  CommitNotices notices_;
  Batch batch_;  // of the writing thread

  std::mutex backing_up_;
  std::atomic<std::size_t> uncommitted_bytes_{0};  // of payloads on their way to the store

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<model::Record> pending_;  // guarded by mutex_
  Position last_ = 0;                   // guarded by mutex_
  bool stopping_ = false;               // guarded by mutex_
  mutable bool look_ = false;           // guarded by mutex_
  std::thread writer_;
};

}  // namespace sluice::journal
