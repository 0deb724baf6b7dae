#include "server/journal/commit_notices.h"

#include <utility>

namespace sluice::journal {

void CommitNotices::start(Journal::OnCommitted on_committed, Journal::OnFailed on_failed) {
  on_committed_ = std::move(on_committed);
  on_failed_ = std::move(on_failed);
  thread_ = std::thread([this] { tell(); });
}

void CommitNotices::committed(Position position) {
  const std::lock_guard lock(mutex_);
  committed_ = position;
  changed_.notify_one();
}

void CommitNotices::failed(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  failure_ = status;
  changed_.notify_one();
}

void CommitNotices::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void CommitNotices::tell() {
  Position told = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return committed_ > told || !failure_.ok() || stopping_; });
    const bool news = committed_ > told;
    told = committed_;
    const absl::Status failure = failure_;
    const bool over = stopping_;
    lock.unlock();
    if (news) on_committed_(told);
    if (!failure.ok()) return on_failed_(failure);
    lock.lock();
    if (over && committed_ == told && failure_.ok()) return;
  }
}

}  // namespace sluice::journal
