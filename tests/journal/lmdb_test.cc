#include "server/journal/lmdb.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/journal/keys.h"
#include "server/journal/lmdb_bodies.h"
#include "tests/journal/conformance.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;

using Directory = test::TempDir;

class LmdbPlace final : public Place {
 public:
  std::unique_ptr<Journal> open() override {
    auto journal = LmdbJournal::open({.directory = directory_.path(), .max_bytes = limits::kMinStoreBytes * 64});
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }

 private:
  Directory directory_;
};

INSTANTIATE_TEST_SUITE_P(Lmdb, JournalConformance, testing::Values(PlaceFactory([] { return std::make_unique<LmdbPlace>(); })));

LmdbOptions options_in(const Directory& directory) {
  return {.directory = directory.path(), .max_bytes = limits::kMinStoreBytes};
}

model::ItemRecord item(std::uint64_t id, const std::string& payload) {
  model::ItemRecord record;
  record.id = model::ItemId{id};
  record.queue = model::QueueId{1};
  record.body = std::make_shared<const model::Body>(model::Body{payload, {}});
  return record;
}

void write_items(const Directory& directory, std::uint64_t count, std::size_t payload_bytes = 100) {
  auto journal = LmdbJournal::open(options_in(directory));
  ASSERT_TRUE(journal.ok()) << journal.status();
  ASSERT_TRUE((*journal)->load([](model::Record&&) {}).ok());
  ASSERT_TRUE((*journal)->start([](Position) {}, [](const absl::Status& status) { FAIL() << status; }).ok());
  model::QueueRecord queue;
  queue.id = model::QueueId{1};
  queue.name = "q";
  std::vector<model::Record> records{queue};
  for (std::uint64_t id = 1; id <= count; ++id)
    records.emplace_back(item(id, std::string(payload_bytes, static_cast<char>('a' + id % 26))));
  (*journal)->append(records);
  (*journal)->stop();
}

TEST(LmdbJournal, RefusesADirectoryThatIsInUse) {
  const Directory directory;
  const auto first = LmdbJournal::open(options_in(directory));
  ASSERT_TRUE(first.ok());
  const auto second = LmdbJournal::open(options_in(directory));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), testing::HasSubstr(directory.path().string()));
}

// Finds the text in the store's file and changes a byte of it, under the open store's feet.
void scratch(const Directory& directory, const std::string& text) {
  const auto file = directory.path() / "data.mdb";
  std::ifstream stream(file, std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(stream), {}};
  const auto at = image.find(text);
  ASSERT_NE(at, std::string::npos);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::pwrite(fd, "#", 1, static_cast<off_t>(at)), 1);
  ::close(fd);
}

// A small body lies with its item's state, a large one apart.
constexpr std::size_t kSmall = 100;
constexpr std::size_t kLarge = 1'000;

class LmdbJournalBody : public testing::TestWithParam<std::size_t> {};

TEST_P(LmdbJournalBody, ThatWasChangedIsRefusedByName) {
  const std::size_t payload_bytes = GetParam();
  const Directory directory;
  write_items(directory, 3, payload_bytes);
  const auto journal = LmdbJournal::open(options_in(directory));
  ASSERT_TRUE(journal.ok()) << journal.status();
  scratch(directory, std::string(payload_bytes, 'c'));
  const auto whole = (*journal)->read_bodies({model::ItemId{1}, model::ItemId{3}});
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->front()->payload, std::string(payload_bytes, 'b'));
  const auto changed = (*journal)->read_bodies({model::ItemId{1}, model::ItemId{2}});
  EXPECT_TRUE(base::is(changed.status(), base::Reason::kStoreDamaged)) << changed.status();
  EXPECT_THAT(std::string(changed.status().message()), testing::HasSubstr("data.mdb"));
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, LmdbJournalBody, testing::Values(kSmall, kLarge));

TEST(LmdbJournal, AnItemWithoutItsBodyIsADamage) {
  const Directory directory;
  write_items(directory, 2, kLarge);
  const auto store = LmdbStore::open(options_in(directory));
  ASSERT_TRUE(store.ok()) << store.status();
  LmdbStore::Write write(**store);
  ASSERT_TRUE(write.begin().ok());
  ASSERT_TRUE(write.erase(Table::kBodies, ItemKey(2).view()).ok());
  ASSERT_TRUE(write.commit().ok());
  EXPECT_TRUE(read_bodies(**store, {model::ItemId{1}, model::ItemId{3}}).ok());
  EXPECT_TRUE(base::is(read_bodies(**store, {model::ItemId{2}}).status(), base::Reason::kStoreDamaged));
}

TEST(LmdbJournal, AFileCutShortIsRefusedByName) {
  const Directory directory;
  write_items(directory, 2'000);
  const auto file = directory.path() / "data.mdb";
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto journal = LmdbJournal::open(options_in(directory));
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(journal.status().message()), testing::HasSubstr(file.string()));
}

TEST(LmdbJournal, ALostRecordIsFoundOut) {
  const Directory directory;
  write_items(directory, 10);
  {
    // An item disappears behind the journal's back.
    MDB_env* env = nullptr;
    ASSERT_EQ(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, kTables);
    ASSERT_EQ(mdb_env_open(env, directory.path().c_str(), 0, 0600), 0);
    MDB_txn* txn = nullptr;
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    MDB_dbi items = 0;
    ASSERT_EQ(mdb_dbi_open(txn, "items", 0, &items), 0);
    char key[8] = {0, 0, 0, 0, 0, 0, 0, 5};
    MDB_val wanted{sizeof key, key};
    ASSERT_EQ(mdb_del(txn, items, &wanted, nullptr), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
  }
  const auto journal = LmdbJournal::open(options_in(directory));
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kDataLoss) << journal.status();
}

TEST(LmdbJournal, AnItemThatCameAndWentWithinAGroupIsNotWritten) {
  const Directory directory;
  auto journal = LmdbJournal::open(options_in(directory));
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE((*journal)->load([](model::Record&&) {}).ok());
  const std::size_t before = (*journal)->store().usage().used_bytes;
  std::vector<model::Record> records;
  // Appended before the start, so that they are one group.
  for (std::uint64_t id = 1; id <= 1'000; ++id) {
    records.emplace_back(item(id, std::string(1'000, 'x')));
    records.emplace_back(model::ItemErased{model::ItemId{id}, model::QueueId{1}});
  }
  (*journal)->append(records);
  ASSERT_TRUE((*journal)->start([](Position) {}, [](const absl::Status& status) { FAIL() << status; }).ok());
  (*journal)->stop();
  EXPECT_LE((*journal)->store().usage().used_bytes, before + 4UL * 4096);
}

TEST(LmdbJournal, AStoreThatIsTooSmallFailsWithoutCommitting) {
  const Directory directory;
  auto journal = LmdbJournal::open(options_in(directory));
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE((*journal)->load([](model::Record&&) {}).ok());
  absl::Status failure;
  Position committed = 0;
  std::vector<model::Record> records;
  for (std::uint64_t id = 1; id <= 10; ++id) records.emplace_back(item(id, std::string(2U << 20, 'x')));
  (*journal)->append(records);
  ASSERT_TRUE(
      (*journal)
          ->start([&](Position position) { committed = position; }, [&](const absl::Status& status) { failure = status; })
          .ok());
  (*journal)->stop();
  EXPECT_EQ(committed, 0U);
  EXPECT_EQ(failure.code(), absl::StatusCode::kResourceExhausted) << failure;
}

}  // namespace
}  // namespace sluice::journal
