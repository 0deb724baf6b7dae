#include "tests/journal/running_journal.h"

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

bool RunningJournal::append_and_wait(std::vector<model::Record> records) {
  const Position position = journal_->append(records);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [&] { return committed_ >= position || !status_.ok(); });
  return committed_ >= position;
}

}  // namespace sluice::journal
