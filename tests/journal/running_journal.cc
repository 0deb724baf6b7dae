#include "tests/journal/running_journal.h"

#include <algorithm>
#include <chrono>

namespace sluice::journal {

RunningJournal::RunningJournal(const std::filesystem::path& directory) {
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
  status_ = journal.status();
  if (!journal.ok()) return;
  journal_ = *std::move(journal);
  status_ = journal_->load([](model::Record&&) {});
  if (!status_.ok()) return;
  const auto on_committed = [this](Position position) {
    const std::lock_guard lock(mutex_);
    largest_group_ = std::max(largest_group_, position - committed_);
    committed_ = position;
    changed_.notify_all();
  };
  const auto on_failed = [this](const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    changed_.notify_all();
  };
  status_ = journal_->start(on_committed, on_failed);
}

RunningJournal::~RunningJournal() {
  if (journal_) journal_->stop();
}

absl::Status RunningJournal::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool RunningJournal::append_and_wait(std::vector<model::Record> records) { return wait_for(append(std::move(records))); }

Position RunningJournal::append(std::vector<model::Record> records) { return journal_->append(records); }

bool RunningJournal::wait_for(Position position) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [&] { return committed_ >= position || !status_.ok(); });
  return committed_ >= position;
}

Position RunningJournal::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

Position RunningJournal::largest_group() const {
  const std::lock_guard lock(mutex_);
  return largest_group_;
}

}  // namespace sluice::journal
