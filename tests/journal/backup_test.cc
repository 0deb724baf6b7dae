// Backups of a journal that goes on.
#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "server/journal/memory.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

bool go_on() { return true; }

// Writes a backup into a directory of its own, as a store.
void keep(BackupFile& backup, const std::filesystem::path& directory) {
  std::ofstream file(directory / "data.mdb", std::ios::binary);
  std::vector<char> buffer(10'000);
  std::uint64_t total = 0;
  while (true) {
    const auto count = backup.read(buffer);
    ASSERT_TRUE(count.ok()) << count.status();
    if (*count == 0) break;
    file.write(buffer.data(), static_cast<std::streamsize>(*count));
    total += *count;
  }
  EXPECT_EQ(total, backup.size());
}

std::vector<std::string> content(const std::filesystem::path& directory) {
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
  EXPECT_TRUE(journal.ok()) << journal.status();
  auto state = journal.ok() ? load_all(**journal) : std::vector<std::string>();
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *state : std::vector<std::string>();
}

TEST(Backup, HoldsExactlyOneStateOfAJournalThatGoesOn) {
  const Script script(11, 60);
  const test::TempDir directory;
  RunningJournal journal(directory.path());
  constexpr std::size_t kBefore = 20;
  for (std::size_t i = 0; i < kBefore; ++i) ASSERT_TRUE(journal.append_and_wait(script.appends()[i]));
  std::thread load([&] {
    for (std::size_t i = kBefore; i < script.appends().size(); ++i) EXPECT_TRUE(journal.append_and_wait(script.appends()[i]));
  });
  auto backup = journal.journal().back_up(go_on);
  load.join();
  ASSERT_TRUE(backup.ok()) << backup.status();
  const test::TempDir copy;
  keep(*backup, copy.path());
  const auto state = content(copy.path());
  bool found = false;
  for (std::size_t i = kBefore; i <= script.appends().size(); ++i) found = found || state == script.state_after(i);
  EXPECT_TRUE(found) << "what was acknowledged before, and then all or nothing of each append";
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "copy"));
}

TEST(Backup, EndsSoonWhenToldTo) {
  const test::TempDir directory;
  RunningJournal journal(directory.path());
  ASSERT_TRUE(journal.append_and_wait(Script(13, 1).appends()[0]));
  EXPECT_EQ(journal.journal().back_up([] { return false; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "copy"));
  EXPECT_TRUE(journal.journal().back_up(go_on).ok());
}

TEST(Backup, IsMadeByOneAtATime) {
  const test::TempDir directory;
  RunningJournal journal(directory.path());
  ASSERT_TRUE(journal.append_and_wait(Script(14, 1).appends()[0]));
  absl::Status second;
  const auto first = journal.journal().back_up([&] {
    std::thread other([&] { second = journal.journal().back_up(go_on).status(); });
    other.join();
    return true;
  });
  EXPECT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(base::is(second, base::Reason::kLimitReached)) << second;
}

TEST(Backup, OfWhatKeepsNothingIsRefusedByName) {
  MemoryJournal journal;
  EXPECT_TRUE(base::is(journal.back_up(go_on).status(), base::Reason::kNoStore));
  EXPECT_EQ(journal.use(), std::nullopt);
}

TEST(StoreUse, GrowsWithWhatIsStored) {
  const Script script(12, 40);
  const test::TempDir directory;
  RunningJournal journal(directory.path());
  const auto before = journal.journal().use();
  for (const auto& records : script.appends()) ASSERT_TRUE(journal.append_and_wait(records));
  const auto after = journal.journal().use();
  ASSERT_TRUE(before && after);
  EXPECT_GT(after->used, before->used);
  EXPECT_EQ(after->limit, limits::kMinStoreBytes);
  EXPECT_EQ(after->reserve, limits::kMinStoreReserveBytes);
  EXPECT_GT(after->disk_free, 0U);
}

}  // namespace
}  // namespace sluice::journal
