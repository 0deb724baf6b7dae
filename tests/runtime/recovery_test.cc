// What a recovery tells of itself while it reads.
#include "server/runtime/recovery.h"

#include <gtest/gtest.h>

#include "server/base/errors.h"
#include "server/journal/memory.h"
#include "tests/support/manual_clock.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kItems = 10'000;

// A queue and many items, each of which takes a while to read.
class SlowJournal final : public journal::Journal {
 public:
  SlowJournal(support::ManualClock& clock, base::Duration each) : clock_(clock), each_(each) {}

  void damage(std::uint64_t item) { damaged_ = item; }

  absl::Status load(const std::function<void(model::Record&&)>& each) override {
    model::QueueRecord queue;
    queue.id = model::QueueId{1};
    queue.name = "tasks";
    each(std::move(queue));
    for (std::uint64_t id = 1; id <= kItems; ++id) {
      if (id == damaged_) return base::error(base::Reason::kStoreDamaged, "it is damaged");
      clock_.advance(each_);
      model::ItemRecord item;
      item.id = model::ItemId{id};
      item.queue = model::QueueId{1};
      item.body = std::make_shared<const model::Body>(model::Body{"12345", {}});
      each(std::move(item));
    }
    return absl::OkStatus();
  }
  absl::Status start(OnCommitted, OnFailed) override { return absl::OkStatus(); }
  journal::Position append(std::vector<model::Record>&) override { return 0; }
  void stop() override {}

 private:
  support::ManualClock& clock_;
  const base::Duration each_;
  std::uint64_t damaged_ = 0;
};

class Recovery : public testing::Test {
 protected:
  absl::Status run() {
    engine::Engine engine{engine::EngineOptions{}};
    return recover(journal_, engine, clock_, [this](const Recovered& so_far) { told_.push_back(so_far); });
  }

  support::ManualClock clock_;
  SlowJournal journal_{clock_, 1ms};  // 10 s in all
  std::vector<Recovered> told_;
};

TEST_F(Recovery, TellsEverySecondHowFarItIs) {
  ASSERT_TRUE(run().ok());
  ASSERT_GE(told_.size(), 5U) << "it takes ten times the interval, and looks at the clock now and then";
  EXPECT_LE(told_.size(), 11U);
  base::Duration before{0};
  for (const Recovered& so_far : told_) {
    EXPECT_EQ(so_far.queues, 1U);
    EXPECT_EQ(so_far.bytes, 5 * so_far.items);
    EXPECT_EQ(so_far.complete, &so_far == &told_.back());
    if (!so_far.complete) {
      EXPECT_GE(so_far.took - before, 1s);
    }
    before = so_far.took;
  }
  EXPECT_EQ(told_.back().items, kItems);
  EXPECT_EQ(told_.back().took, 10s);
}

TEST_F(Recovery, ThatFailsIsNeverToldToBeComplete) {
  journal_.damage(kItems - 1);
  EXPECT_TRUE(base::is(run(), base::Reason::kStoreDamaged));
  EXPECT_FALSE(told_.empty());
  for (const Recovered& so_far : told_) EXPECT_FALSE(so_far.complete);
}

}  // namespace
}  // namespace sluice::runtime
