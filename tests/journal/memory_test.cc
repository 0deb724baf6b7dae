#include "server/journal/memory.h"

#include "tests/journal/conformance.h"

namespace sluice::journal {
namespace {

class MemoryPlace final : public Place {
 public:
  std::unique_ptr<Journal> open() override { return std::make_unique<MemoryJournal>(store_); }

 private:
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
};

INSTANTIATE_TEST_SUITE_P(Memory, JournalConformance,
                         testing::Values(PlaceFactory([] { return std::make_unique<MemoryPlace>(); })));

TEST(MemoryJournal, CommitsInsideAppend) {
  MemoryJournal journal;
  Position committed = 0;
  ASSERT_TRUE(journal.start([&committed](Position position) { committed = position; }, nullptr).ok());
  std::vector<model::Record> records{model::SequenceRecord{.item_ids_below = 5}};
  EXPECT_EQ(journal.append(records), 1U);
  EXPECT_EQ(committed, 1U);
  EXPECT_TRUE(records.empty());
}

TEST(MemoryJournal, WithoutAStoreKeepsNothing) {
  MemoryJournal journal;
  ASSERT_TRUE(journal.start([](Position) {}, nullptr).ok());
  std::vector<model::Record> records{model::SequenceRecord{.item_ids_below = 5}};
  journal.append(records);
  journal.stop();
  int loaded = 0;
  ASSERT_TRUE(journal.load([&loaded](model::Record&&) { ++loaded; }).ok());
  EXPECT_EQ(loaded, 0);
}

}  // namespace
}  // namespace sluice::journal
