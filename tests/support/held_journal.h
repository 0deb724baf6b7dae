// A journal that commits only when the test says so.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/journal/memory.h"
#include "tests/support/deadline.h"

namespace sluice::support {

// Thread-safe: the runtime appends while the test commits. With a store, what is committed, and only that, can be loaded by
// another journal on the same store.
class HeldJournal final : public journal::Journal {
 public:
  using Position = journal::Position;

  explicit HeldJournal(std::shared_ptr<journal::MemoryStore> store = nullptr) : store_(std::move(store)) {}

  // Commits everything up to `position`, on the calling thread.
  void commit_up_to(Position position) {
    const std::lock_guard one_at_a_time(committing_);
    const OnCommitted tell = take(position);
    if (tell) tell(position);
  }
  void commit_all() { commit_up_to(appended()); }
  void fail(const absl::Status& status) { on_failed_(status); }

  [[nodiscard]] Position appended() const {
    const std::lock_guard lock(mutex_);
    return appended_;
  }
  [[nodiscard]] Position committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }
  // False if that many appends do not come in time, or the journal is stopped.
  [[nodiscard]] bool wait_for_append(Position position) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return appended_ >= position || stopped_; }) && !stopped_;
  }

  // journal::Journal
  absl::Status load(const std::function<void(model::Record&&)>& each) override {
    if (store_) store_->each(each);
    return absl::OkStatus();
  }
  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    on_committed_ = std::move(on_committed);
    on_failed_ = std::move(on_failed);
    return absl::OkStatus();
  }
  Position append(std::vector<model::Record>& records) override {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::exchange(records, {}));
    changed_.notify_all();
    return ++appended_;
  }
  [[nodiscard]] bool keeps_bodies() const override { return store_ != nullptr; }
  absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const std::vector<model::ItemId>& ids) const override {
    std::vector<model::BodyPtr> bodies;
    for (const model::ItemId id : ids) bodies.push_back(store_->body(id));
    return bodies;
  }
  void stop() override {
    commit_all();
    const std::lock_guard one_at_a_time(committing_);
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  // Null if there is nothing to commit.
  OnCommitted take(Position position) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || position <= committed_) return nullptr;
    for (; committed_ < position; ++committed_) {
      for (model::Record& record : held_.front()) {
        if (store_) store_->apply(std::move(record));
      }
      held_.pop_front();
    }
    return on_committed_;
  }

  const std::shared_ptr<journal::MemoryStore> store_;
  OnCommitted on_committed_;
  OnFailed on_failed_;
  std::mutex committing_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<model::Record>> held_;
  Position appended_ = 0;
  Position committed_ = 0;
  bool stopped_ = false;
};

}  // namespace sluice::support
