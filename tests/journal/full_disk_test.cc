// A disk without a free block: a store takes again what fits into its own file, and never more.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

#include "tests/journal/running_journal.h"
#include "tests/support/deadline.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

constexpr model::QueueId kQueue{1};

class FullDisk : public testing::Test {
 protected:
  FullDisk() { open(); }

  void open() {
    journal_.reset();
    journal_ = std::make_unique<RunningJournal>(directory_.path());
    ASSERT_TRUE(journal_->status().ok()) << journal_->status();
    items_.clear();
    model::QueueRecord queue;
    queue.id = kQueue;
    queue.name = "q";
    ASSERT_TRUE(journal_->append_and_wait({queue}));
  }
  [[nodiscard]] bool full() const { return journal_->journal().full(); }
  [[nodiscard]] bool put(std::size_t payload_bytes) {
    model::ItemRecord item;
    item.id = model::ItemId{next_id_++};
    item.queue = kQueue;
    item.body = std::make_shared<const model::Body>(model::Body{std::string(payload_bytes, 'x'), {}});
    items_.push_back(item.id);
    return journal_->append_and_wait({item});
  }
  // Puts payloads of such sizes while there is room, and returns their bytes.
  std::size_t fill(std::size_t least, std::size_t most, std::size_t enough = SIZE_MAX) {
    std::size_t bytes = 0;
    while (!full() && bytes < enough) {
      const std::size_t size = std::uniform_int_distribution(least, most)(dice_);
      if (!put(size)) {
        ADD_FAILURE() << journal_->status();
        return 0;
      }
      bytes += size;
    }
    return bytes;
  }
  // Ends every item, some in a commit of their own.
  void drain(std::size_t in_a_commit) {
    while (!items_.empty()) {
      std::vector<model::Record> records;
      for (; records.size() < in_a_commit && !items_.empty(); items_.pop_front())
        records.emplace_back(model::ItemErased{items_.front(), kQueue});
      ASSERT_TRUE(journal_->append_and_wait(std::move(records))) << journal_->status();
    }
  }
  [[nodiscard]] bool becomes_usable() const {
    return support::eventually([this] { return !full(); });
  }

  static constexpr std::size_t kHeld = 8UL << 20;
  const test::TempDir directory_;
  std::unique_ptr<RunningJournal> journal_;
  std::mt19937_64 dice_{5};
  std::deque<model::ItemId> items_;
  std::uint64_t next_id_ = 1;
};

TEST_F(FullDisk, TakesAgainWhatFitsIntoADrainedStore) {
  fill(100, 200'000, kHeld);
  const test::FullDisk disk(directory_.path());
  EXPECT_GT(fill(100, 200'000), 0U) << "what has been set aside before";
  for (const std::size_t in_a_commit : {1UL, 10UL, SIZE_MAX}) {
    EXPECT_TRUE(full());
    drain(in_a_commit);
    EXPECT_TRUE(becomes_usable()) << "drained by " << in_a_commit;
    EXPECT_GT(fill(100, 200'000), kHeld / 4) << "drained by " << in_a_commit;
  }
}

TEST_F(FullDisk, TakesAgainWhatFitsAfterARestart) {
  fill(100, 200'000, kHeld);
  const test::FullDisk disk(directory_.path());
  fill(100, 200'000);
  drain(10);
  open();
  EXPECT_TRUE(becomes_usable());
  EXPECT_GT(fill(100, 200'000), kHeld / 4);
}

// Items of all sizes end in any order, on a full disk or at the store's own limit, whatever gaps that leaves: no commit fails
// for want of room.
class Gaps : public FullDisk, public testing::WithParamInterface<std::uint64_t> {
 protected:
  void drain_some() {
    std::shuffle(items_.begin(), items_.end(), dice_);
    const auto kept = static_cast<std::ptrdiff_t>(dice_() % 3 == 0 ? 0 : items_.size() * (dice_() % 100) / 100);
    const std::deque<model::ItemId> keep(items_.begin(), items_.begin() + kept);
    items_.erase(items_.begin(), items_.begin() + kept);
    drain(1 + dice_() % 20);
    items_ = keep;
  }
};

TEST_P(Gaps, AreNoRoom) {
  dice_.seed(GetParam());
  const auto most = std::array{5'000UL, 100'000UL, 700'000UL, 1'900'000UL}.at(GetParam() % 4);
  fill(100, most, kHeld * (1 + GetParam() % 3));
  const test::FullDisk disk(directory_.path());
  std::size_t put = 0;
  for (int round = 0; round < 15 && !HasFailure(); ++round) {
    put += fill(100, dice_() % 2 == 0 ? most : 1'900'000UL);
    drain_some();
    // Whoever is refused makes the journal count anew, before its next commit.
    (void)full();
    EXPECT_TRUE(journal_->append_and_wait({model::CountersRecord{}}));
  }
  EXPECT_GT(put, kHeld / 2) << "what is free is used";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Gaps, testing::Range(std::uint64_t{0}, std::uint64_t{12}));

TEST_F(FullDisk, IsOverWhenThereIsRoomAgain) {
  {
    const test::FullDisk disk(directory_.path());
    fill(100, 200'000);
    EXPECT_TRUE(full());
  }
  EXPECT_TRUE(becomes_usable()) << "although nobody has written anything since";
}

}  // namespace
}  // namespace sluice::journal
