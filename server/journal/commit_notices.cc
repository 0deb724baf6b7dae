#include "server/journal/commit_notices.h"

#include <utility>

namespace sluice::journal {

void CommitNotices::start(Journal::OnCommitted on_committed, Journal::OnFailed on_failed) {
  on_committed_ = std::move(on_committed);
  on_failed_ = std::move(on_failed);
  thread_ = std::thread([this] { tell_all(); });
}

void CommitNotices::committed(Position position, On thread) {
  std::unique_lock lock(mutex_);
  committed_ = position;
  if (thread == On::kThisThread && !telling_) {
    tell(lock);
  } else {
    changed_.notify_one();
  }
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

void CommitNotices::tell(std::unique_lock<std::mutex>& lock) {
  const Position position = committed_;
  told_ = position;
  telling_ = true;
  lock.unlock();
  on_committed_(position);
  lock.lock();
  telling_ = false;
}

// Only the one thread that commits calls committed() and failed(), so while it tells by itself, nothing comes that this one
// would have to be woken for.
void CommitNotices::tell_all() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return (committed_ > told_ && !telling_) || !failure_.ok() || stopping_; });
    if (committed_ > told_) {
      tell(lock);
    } else if (!failure_.ok()) {
      lock.unlock();
      return on_failed_(failure_);
    } else if (stopping_) {
      return;
    }
  }
}

}  // namespace sluice::journal
