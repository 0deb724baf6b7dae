// Group commit: what gathers behind a sync costs one more, however much it is.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

std::ptrdiff_t syncs_in(const std::vector<test::DiskEvent>& events) {
  return std::ranges::count_if(events, [](const auto& event) {
    const auto* write = std::get_if<test::DiskWrite>(&event);
    return std::holds_alternative<test::DiskSync>(event) || (write != nullptr && write->synced_at_once);
  });
}

TEST(GroupCommit, ManyAppendsBehindASyncCostAsMuchAsOne) {
  const Script script(10, 200);
  const test::TempDir directory;
  RunningJournal journal(directory.path());
  ASSERT_TRUE(journal.status().ok()) << journal.status();
  const auto& appends = script.appends();
  ASSERT_TRUE(journal.append_and_wait(appends[0]));
  std::ptrdiff_t of_one = 0;
  {
    const test::DiskLog log(directory.path(), "data.mdb");
    ASSERT_TRUE(journal.append_and_wait(appends[1]));
    of_one = syncs_in(log.events());
  }
  EXPECT_GT(of_one, 0);
  const test::DiskLog log(directory.path(), "data.mdb");
  {
    test::HeldSync held(directory.path());
    journal.append(appends[2]);
    ASSERT_TRUE(held.wait_for_sync());
    for (std::size_t i = 3; i < appends.size(); ++i) journal.append(appends[i]);
    EXPECT_EQ(journal.committed(), 2U) << "nothing is told before the sync is done";
  }
  ASSERT_TRUE(journal.wait_for(appends.size())) << journal.status();
  EXPECT_EQ(syncs_in(log.events()), 2 * of_one) << "one commit for the first, one for all the others";
  // Two commits may be told of at once.
  EXPECT_GE(journal.largest_group(), appends.size() - 3);
}

}  // namespace
}  // namespace sluice::journal
