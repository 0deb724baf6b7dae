// Bit flips and truncation all over the file: found out and refused by name, or harmless; never silently wrong, never a bare
// crash.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "server/journal/fault.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

enum class Verdict { kHarmless, kRefused, kSilentlyWrong, kCrashed };

// Exit codes of the child that opens a damaged store.
constexpr int kSame = 0;
constexpr int kNamed = 1;
constexpr int kDifferent = 2;
constexpr int kUnnamed = 3;

[[noreturn]] void judge_in_child(const std::filesystem::path& directory, const std::vector<std::string>& expected) {
  const FaultGuard guard(directory / "data.mdb");
  // What LMDB or the guard say goes nowhere: there would be hundreds of lines.
  std::freopen("/dev/null", "w", stderr);
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
  auto state = journal.ok() ? load_all(**journal) : absl::StatusOr<std::vector<std::string>>(journal.status());
  if (state.ok()) ::_exit(*state == expected ? kSame : kDifferent);
  ::_exit(state.status().message().find("data.mdb") != absl::string_view::npos ? kNamed : kUnnamed);
}

// In a child process, because a damaged store may end it.
Verdict judge(const std::string& image, const std::vector<std::string>& expected) {
  const test::TempDir directory;
  std::ofstream(directory.path() / "data.mdb", std::ios::binary) << image;
  const pid_t child = ::fork();
  if (child == 0) judge_in_child(directory.path(), expected);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Verdict::kCrashed;
  switch (WEXITSTATUS(status)) {
    case kSame:
      return Verdict::kHarmless;
    case kNamed:
    case kDamagedStoreExit:
      return Verdict::kRefused;
    case kDifferent:
      return Verdict::kSilentlyWrong;
    default:
      return Verdict::kCrashed;
  }
}

struct Sample {
  std::string image;
  std::vector<std::string> state;
};

Sample sample() {
  const Script script(3, 30);
  const test::TempDir directory;
  {
    RunningJournal journal(directory.path());
    for (const auto& records : script.appends()) EXPECT_TRUE(journal.append_and_wait(records));
  }
  std::ifstream file(directory.path() / "data.mdb", std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return {bytes.str(), script.state_after(script.appends().size())};
}

TEST(Damage, TheUndamagedSampleIsFine) {
  const Sample good = sample();
  EXPECT_EQ(judge(good.image, good.state), Verdict::kHarmless);
}

TEST(Damage, FlippedBitsAreRefusedByNameOrHarmless) {
  const Sample good = sample();
  std::mt19937_64 dice(4);
  int refused = 0;
  constexpr int kFlips = 600;
  for (int i = 0; i < kFlips; ++i) {
    std::string image = good.image;
    const std::size_t byte = dice() % image.size();
    const auto bit = static_cast<unsigned>(dice() % 8);
    image[byte] = static_cast<char>(static_cast<unsigned char>(image[byte]) ^ (1U << bit));
    const Verdict verdict = judge(image, good.state);
    EXPECT_NE(verdict, Verdict::kSilentlyWrong) << "byte " << byte << " bit " << bit;
    EXPECT_NE(verdict, Verdict::kCrashed) << "byte " << byte << " bit " << bit;
    refused += verdict == Verdict::kRefused ? 1 : 0;
  }
  EXPECT_GT(refused, kFlips / 20) << "a good part of the file holds data";
}

TEST(Damage, PagesReplacedByOthersAreRefusedByNameOrHarmless) {
  const Sample good = sample();
  constexpr std::size_t kPage = 4096;
  std::mt19937_64 dice(5);
  const std::size_t pages = good.image.size() / kPage;
  for (int i = 0; i < 150; ++i) {
    std::string image = good.image;
    const std::size_t from = dice() % pages;
    const std::size_t to = dice() % pages;
    image.replace(to * kPage, kPage, good.image, from * kPage, kPage);
    const Verdict verdict = judge(image, good.state);
    EXPECT_TRUE(verdict == Verdict::kRefused || verdict == Verdict::kHarmless) << "page " << from << " over page " << to;
  }
}

// Each root over the other: one of the two is the newer one, without which the store is as it was before its last commit.
TEST(Damage, ARootInTheOthersPlaceIsRefusedByName) {
  const Sample good = sample();
  constexpr std::size_t kPage = 4096;
  for (const std::size_t from : {0UL, 1UL}) {
    std::string image = good.image;
    image.replace((1 - from) * kPage, kPage, good.image, from * kPage, kPage);
    EXPECT_EQ(judge(image, good.state), Verdict::kRefused) << "root " << from;
  }
}

TEST(Damage, AFileCutShortIsRefusedByName) {
  const Sample good = sample();
  for (std::size_t size = 1; size < good.image.size(); size += 3'001) {
    const Verdict verdict = judge(good.image.substr(0, size), good.state);
    // Behind the newest page that is in use the file may end.
    EXPECT_TRUE(verdict == Verdict::kRefused || verdict == Verdict::kHarmless) << "cut to " << size << " bytes";
  }
  EXPECT_EQ(judge(good.image.substr(0, good.image.size() / 2), good.state), Verdict::kRefused);
}

}  // namespace
}  // namespace sluice::journal
