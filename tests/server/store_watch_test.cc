#include "server/store_watch.h"

#include <atomic>
#include <deque>
#include <optional>

#include <gtest/gtest.h>

#include "tests/support/deadline.h"

namespace sluice {
namespace {

// Full when the test says so.
class Journal final : public journal::Journal {
 public:
  void set_full(bool full) { full_ = full; }

  absl::Status load(const std::function<void(model::Record&&)>&) override { return absl::OkStatus(); }
  absl::Status start(OnCommitted, OnFailed) override { return absl::OkStatus(); }
  journal::Position append(std::vector<model::Record>&) override { return 0; }
  [[nodiscard]] bool full() const override { return full_; }
  void stop() override {}

 private:
  std::atomic<bool> full_ = false;
};

// What it was told, in order.
class Told {
 public:
  void tell(bool full) {
    const std::lock_guard lock(mutex_);
    told_.push_back(full);
    changed_.notify_all();
  }
  // None if nothing comes in time.
  std::optional<bool> next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, support::kDeadline, [this] { return !told_.empty(); })) return std::nullopt;
    const bool first = told_.front();
    told_.pop_front();
    return first;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return told_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<bool> told_;
};

TEST(StoreWatch, TellsAtOnceOfAStoreThatIsFullAlready) {
  Journal journal;
  journal.set_full(true);
  Told told;
  const StoreWatch watch(journal, [&](bool full) { told.tell(full); });
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.next(), true);
}

TEST(StoreWatch, TellsOfEachChange) {
  Journal journal;
  Told told;
  const StoreWatch watch(journal, [&](bool full) { told.tell(full); });
  EXPECT_TRUE(told.empty()) << "at first there is room";
  journal.set_full(true);
  EXPECT_EQ(told.next(), true);
  journal.set_full(false);
  EXPECT_EQ(told.next(), false);
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace sluice
