// What was once written stays readable, and what is written does not change without a new schema version.
#include "tests/journal/golden.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/journal/fresh_store.h"
#include "server/journal/lmdb.h"
#include "server/journal/lmdb_values.h"
#include "server/journal/offline.h"
#include "sluice/store/v1/record.pb.h"
#include "tests/journal/script.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal::golden {
namespace {

using ::testing::HasSubstr;

// Empty if there is no file for the version.
std::string kept_text(int version) {
  std::ifstream file(fmt::format("{}/v{}/records.txt", SLUICE_GOLDEN_RECORDS, version));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_digest(const Value& value) { return value.table == Table::kMeta && value.key == kDigestKey; }

// A store with exactly these values.
void make_store(const std::filesystem::path& directory, const std::vector<Value>& values) {
  auto store = FreshStore::create(directory, limits::kMinStoreBytes);
  ASSERT_TRUE(store.ok()) << store.status();
  for (const Value& value : values) {
    if (is_digest(value)) continue;
    const auto status = (*store)->append(value.table, value.key, value.value);
    ASSERT_TRUE(status.ok()) << status;
  }
  const auto status = (*store)->finish();
  ASSERT_TRUE(status.ok()) << status;
}

// The value as a server with schema version `version` would have written it.
std::string reframed(const Value& value, std::uint8_t version) {
  const std::string_view body = std::string_view(value.value).substr(kFrameBytes);
  const std::uint64_t seed =
      XXH3_64bits_withSeed(value.key.data(), value.key.size(), static_cast<std::uint64_t>(value.table) << 8 | version);
  const std::uint64_t sum = XXH3_64bits_withSeed(body.data(), body.size(), seed);
  std::string result = value.value;
  result[0] = static_cast<char>(version);
  std::memcpy(result.data() + 1, &sum, sizeof sum);
  return result;
}

std::vector<std::string> expected(int version) {
  std::vector<std::string> state;
  for (const auto& record : records(version)) state.push_back(describe(record));
  return state;
}

TEST(Golden, ThereIsAFileForEveryVersion) {
  for (int version = 1; version <= kSchemaVersion; ++version) EXPECT_NE(kept_text(version), "") << "version " << version;
  EXPECT_EQ(kept_text(kSchemaVersion + 1), "");
}

TEST(Golden, EveryVersionSoFarIsRead) {
  for (int version = 1; version <= kSchemaVersion; ++version) {
    const test::TempDir parent;
    const auto values = from_text(kept_text(version));
    for (const Value& value : values) EXPECT_EQ(version_in(value.value), version);
    make_store(parent.path() / "data", values);
    auto journal = LmdbJournal::open({.directory = parent.path() / "data", .max_bytes = limits::kMinStoreBytes});
    ASSERT_TRUE(journal.ok()) << journal.status();
    const auto state = load_all(**journal);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(*state, expected(version)) << "version " << version;
  }
}

TEST(Golden, TheDigestOfEveryVersionIsRead) {
  for (int version = 1; version <= kSchemaVersion; ++version) {
    const auto values = from_text(kept_text(version));
    const auto value = std::ranges::find_if(values, is_digest);
    ASSERT_NE(value, values.end());
    sluice::store::v1::Digest digest;
    EXPECT_EQ(read_frame(Table::kMeta, kDigestKey, value->value, digest), std::nullopt);
    EXPECT_EQ(digest.checksums(), 0x0123456789abcdefULL);
    EXPECT_EQ(digest.transaction(), 42U);
  }
}

TEST(Golden, WhatIsWrittenIsWhatThisVersionHasAlwaysWritten) {
  EXPECT_EQ(to_text(written()), kept_text(kSchemaVersion))
      << "The bytes of a record have changed. Servers that are out there may not read them: raise kSchemaVersion in "
         "server/journal/frame.h, leave the file as it is, and write the new version's with journal_golden "
         "(tests/journal/golden_main.cc).";
}

// Makes the store in `directory` what it was before this version's tables were.
void drop_new_tables(const std::filesystem::path& directory) {
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_maxdbs(env, kTables);
  ASSERT_EQ(mdb_env_open(env, directory.c_str(), 0, 0600), 0);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  for (const Table table : kAllTables) {
    if (index(table) <= kFirstTables) continue;
    ASSERT_EQ(mdb_dbi_open(txn, kTableNames.at(index(table)), 0, &dbi), 0);
    ASSERT_EQ(mdb_drop(txn, dbi, 1), 0);
  }
  ASSERT_EQ(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
  MDB_val key = val(kDigestKey);
  MDB_val value;
  ASSERT_EQ(mdb_get(txn, dbi, &key, &value), 0);
  sluice::store::v1::Digest digest;
  ASSERT_EQ(read_frame(Table::kMeta, kDigestKey, view(value), digest), std::nullopt);
  digest.set_transaction(mdb_txn_id(txn));
  std::string bytes(framed_size(digest), '\0');
  write_frame(Table::kMeta, kDigestKey, digest, bytes);
  value = val(bytes);
  ASSERT_EQ(mdb_put(txn, dbi, &key, &value, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

TEST(Golden, AStoreWithoutTheNewTablesIsReadAndGetsThem) {
  const test::TempDir parent;
  const auto directory = parent.path() / "data";
  make_store(directory, from_text(kept_text(2)));
  drop_new_tables(directory);
  const auto looked_at = inspect_directory(directory);
  ASSERT_TRUE(looked_at.ok()) << looked_at.status();
  for (int start = 0; start < 2; ++start) {
    auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
    ASSERT_TRUE(journal.ok()) << journal.status();
    const auto state = load_all(**journal);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(*state, expected(2)) << start;
  }
}

TEST(Golden, ANewerVersionIsRefusedByName) {
  const test::TempDir parent;
  auto values = written();
  for (Value& value : values) value.value = reframed(value, kSchemaVersion + 1);
  make_store(parent.path() / "data", values);
  auto journal = LmdbJournal::open({.directory = parent.path() / "data", .max_bytes = limits::kMinStoreBytes});
  ASSERT_TRUE(journal.ok()) << "the digest is this version's";
  const auto status = (*journal)->load([](model::Record&&) {});
  EXPECT_TRUE(base::is(status, base::Reason::kStoreTooNew)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr((parent.path() / "data" / "data.mdb").string()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("start the newer version"));
}

// A server rewrites the digest with every commit, so this is what an older one sees first.
TEST(Golden, ADigestOfANewerVersionIsRefusedAtOnce) {
  const test::TempDir parent;
  const auto directory = parent.path() / "data";
  make_store(directory, written());
  {
    MDB_env* env = nullptr;
    ASSERT_EQ(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, kTables);
    ASSERT_EQ(mdb_env_open(env, directory.c_str(), 0, 0600), 0);
    MDB_txn* txn = nullptr;
    MDB_dbi meta = 0;
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, "meta", 0, &meta), 0);
    const std::string newer = reframed(written().front(), kSchemaVersion + 1);
    MDB_val key = val(kDigestKey);
    MDB_val value = val(newer);
    ASSERT_EQ(mdb_put(txn, meta, &key, &value, 0), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
  }
  const auto refused = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes}).status();
  EXPECT_TRUE(base::is(refused, base::Reason::kStoreTooNew)) << refused;
  EXPECT_TRUE(base::is(inspect_directory(directory).status(), base::Reason::kStoreTooNew));
}

}  // namespace
}  // namespace sluice::journal::golden
