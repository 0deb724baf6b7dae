// A journal whose commits a test can hold back.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "server/journal/journal.h"

namespace sluice::rpc {

class HeldJournal final : public journal::Journal {
 public:
  absl::Status load(const std::function<void(model::Record&&)>&) override { return absl::OkStatus(); }

  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override {
    on_committed_ = std::move(on_committed);
    on_failed_ = std::move(on_failed);
    return absl::OkStatus();
  }

  journal::Position append(std::vector<model::Record>& records) override {
    records.clear();
    const std::lock_guard lock(mutex_);
    ++last_;
    if (!holding_) on_committed_(last_);
    return last_;
  }

  void stop() override { commit(); }

  // From now on nothing is committed.
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }

  // Commits what was held back, and from now on everything at once.
  void commit() {
    journal::Position position = 0;
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!holding_) return;
        if (position == last_) {
          holding_ = false;
          return;
        }
        position = last_;
      }
      on_committed_(position);
    }
  }

  void fail() { on_failed_(absl::DataLossError("the disk is gone")); }

 private:
  std::mutex mutex_;
  OnCommitted on_committed_;
  OnFailed on_failed_;
  journal::Position last_ = 0;
  bool holding_ = false;
};

}  // namespace sluice::rpc
