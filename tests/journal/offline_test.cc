// The tools for a data directory that no server uses.
#include "server/journal/offline.h"

#include <fstream>

#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "server/journal/fresh_store.h"
#include "server/journal/keys.h"
#include "server/journal/lmdb_values.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

constexpr std::size_t kMaxBytes = limits::kMinStoreBytes;

Check nothing_to_check() {
  return [](model::Record&&) { return absl::OkStatus(); };
}

void fill(const fs::path& directory, const Script& script) {
  RunningJournal journal(directory);
  ASSERT_TRUE(journal.status().ok()) << journal.status();
  for (const auto& records : script.appends()) ASSERT_TRUE(journal.append_and_wait(records));
}

// What is in the directory, as a server would load it.
std::vector<std::string> content(const fs::path& directory) {
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = kMaxBytes});
  EXPECT_TRUE(journal.ok()) << journal.status();
  if (!journal.ok()) return {};
  auto state = load_all(**journal);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *state : std::vector<std::string>();
}

// A store with much room that nothing uses any more.
void fill_and_empty(const fs::path& directory) {
  RunningJournal journal(directory);
  std::vector<model::Record> puts;
  std::vector<model::Record> ends;
  model::QueueRecord queue;
  queue.id = model::QueueId{1};
  queue.name = "q";
  puts.emplace_back(queue);
  for (std::uint64_t id = 1; id <= 300; ++id) {
    model::ItemRecord item;
    item.id = model::ItemId{id};
    item.queue = queue.id;
    item.body = std::make_shared<const model::Body>(model::Body{std::string(10'000, 'x'), {}});
    puts.emplace_back(item);
    if (id > 3) ends.emplace_back(model::ItemErased{item.id, queue.id});
  }
  ASSERT_TRUE(journal.append_and_wait(puts));
  ASSERT_TRUE(journal.append_and_wait(ends));
}

TEST(Compaction, GivesUnusedRoomBackAndChangesNothingElse) {
  const TempDir directory;
  fill_and_empty(directory.path());
  const auto before = content(directory.path());
  const auto sizes = compact_directory(directory.path(), kMaxBytes, nothing_to_check);
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  EXPECT_LT(sizes->after * 4, sizes->before);
  EXPECT_THAT(content(directory.path()), ElementsAreArray(before));
  EXPECT_FALSE(fs::exists(directory.path() / kCopyDirectory));
}

TEST(Compaction, IsRefusedWhileAServerHasTheDirectory) {
  const TempDir directory;
  const RunningJournal server(directory.path());
  EXPECT_EQ(compact_directory(directory.path(), kMaxBytes, nothing_to_check).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(inspect_directory(directory.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Compaction, RefusesWhatDoesNotFitTogether) {
  const TempDir directory;
  fill_and_empty(directory.path());
  const auto before = content(directory.path());
  const auto sizes = compact_directory(directory.path(), kMaxBytes,
                                       [] { return [](model::Record&&) { return absl::DataLossError("it does not fit"); }; });
  EXPECT_THAT(std::string(sizes.status().message()), HasSubstr("it does not fit"));
  EXPECT_THAT(content(directory.path()), ElementsAreArray(before));
}

TEST(Compaction, OfNothingSaysSo) {
  const TempDir directory;
  EXPECT_EQ(compact_directory(directory.path(), kMaxBytes, nothing_to_check).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(inspect_directory(directory.path()).status().code(), absl::StatusCode::kNotFound);
}

class Restore : public testing::Test {
 protected:
  void SetUp() override { fill(source_.path(), script_); }

  absl::Status restore(const fs::path& directory, bool overwrite = false) {
    return restore_directory(backup_, directory, kMaxBytes, overwrite, nothing_to_check);
  }

  const Script script_{9, 40};
  TempDir source_;
  const fs::path backup_ = source_.path() / "data.mdb";
};

TEST_F(Restore, MakesADirectoryWithTheSameContent) {
  const TempDir parent;
  const auto status = restore(parent.path() / "new" / "deep");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(content(parent.path() / "new" / "deep"), script_.state_after(script_.appends().size()));
}

TEST_F(Restore, ReplacesAnEmptyStoreButNoOther) {
  const TempDir directory;
  EXPECT_TRUE(RunningJournal(directory.path()).status().ok());
  EXPECT_TRUE(restore(directory.path()).ok());
  const Script other(10, 5);
  const TempDir used;
  fill(used.path(), other);
  const auto refused = restore(used.path());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--overwrite"));
  EXPECT_EQ(content(used.path()), other.state_after(other.appends().size()));
  EXPECT_TRUE(restore(used.path(), true).ok());
  EXPECT_EQ(content(used.path()), script_.state_after(script_.appends().size()));
}

TEST_F(Restore, TakesADamagedStoreForOneWithSomethingInIt) {
  const TempDir directory;
  std::ofstream(directory.path() / "data.mdb") << std::string(10'000, 'x');
  EXPECT_EQ(restore(directory.path()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(restore(directory.path(), true).ok());
}

TEST_F(Restore, IsRefusedWhileAServerHasTheDirectory) {
  const TempDir directory;
  const RunningJournal server(directory.path());
  EXPECT_EQ(restore(directory.path(), true).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(Restore, OfWhatIsNoBackupTouchesNothing) {
  const Script other(10, 5);
  const TempDir directory;
  fill(directory.path(), other);
  const TempDir bad;
  const auto broken = [&](const std::string& text) {
    const auto file = bad.path() / "backup";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    const auto status = restore_directory(file, directory.path(), kMaxBytes, true, nothing_to_check);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(file.string()));
  };
  broken("");
  broken("this is no backup");
  broken(std::string(50'000, '\0'));
  EXPECT_EQ(restore_directory(bad.path() / "missing", directory.path(), kMaxBytes, true, nothing_to_check).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(content(directory.path()), other.state_after(other.appends().size()));
}

TEST_F(Restore, OfADamagedBackupTouchesNothing) {
  const Script other(10, 5);
  const TempDir directory;
  fill(directory.path(), other);
  // Without what was erased, so that the damage is in something that counts: in the middle of a payload.
  ASSERT_TRUE(compact_directory(source_.path(), kMaxBytes, nothing_to_check).ok());
  std::fstream file(backup_, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(fs::file_size(backup_), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::size_t at = 0;
  for (char letter = 'a'; letter <= 'z' && (at == 0 || at == std::string::npos); ++letter)
    at = bytes.find(std::string(5'000, letter));
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at + 100));
  file << '\x01';
  file.close();
  const auto status = restore(directory.path(), true);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(content(directory.path()), other.state_after(other.appends().size()));
}

}  // namespace
}  // namespace sluice::journal
