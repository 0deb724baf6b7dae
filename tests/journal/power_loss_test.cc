// Power cuts at every write and sync of a scripted run: what was acknowledged is there afterwards, whatever became of the rest.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "server/journal/fault.h"
#include "server/journal/lmdb.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

using test::DiskEvent;
using test::Unsynced;

// What happened on disk while a script ran, with a mark after each acknowledgement.
struct Recording {
  std::string created;  // the empty store before the first event
  std::vector<DiskEvent> events;
};

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

// Appends so many at a time without waiting, so that commits take several.
Recording record(const Script& script, std::size_t at_once = 1) {
  const test::TempDir directory;
  EXPECT_TRUE(RunningJournal(directory.path()).status().ok());
  const std::string created = content(directory.path() / "data.mdb");
  test::DiskLog log(directory.path(), "data.mdb");
  RunningJournal journal(directory.path());
  EXPECT_TRUE(journal.status().ok()) << journal.status();
  log.mark(0);
  for (std::size_t i = 0; i < script.appends().size();) {
    for (std::size_t n = 0; n < at_once && i < script.appends().size(); ++n, ++i) journal.append(script.appends()[i]);
    EXPECT_TRUE(journal.wait_for(i)) << journal.status();
    log.mark(i);
  }
  EXPECT_EQ(journal.largest_group() > 1, at_once > 2) << "the first is committed while the others gather";
  return {created, log.events()};
}

// What was acknowledged behind the first `count` events; none before the store was open.
std::optional<std::uint64_t> acknowledged(const std::vector<DiskEvent>& events, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    if (const auto* mark = std::get_if<test::DiskMark>(&events[i])) return mark->acknowledged;
  }
  return std::nullopt;
}

enum Verdict : int { kKept, kLost, kRefused };

// Whether a store with this content holds what was acknowledged, or that and the first of those that were under way.
Verdict look_into(const std::filesystem::path& directory, const Script& script, std::uint64_t acknowledged,
                  std::size_t at_once) {
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
  if (!journal.ok()) return kRefused;
  const auto state = load_all(**journal);
  if (!state.ok()) return kRefused;
  const std::size_t most = std::min<std::size_t>(acknowledged + at_once, script.appends().size());
  for (std::size_t n = acknowledged; n <= most; ++n) {
    if (*state == script.state_after(n)) return kKept;
  }
  return kLost;
}

// In a child process: a store that lost pages can end it, which counts as refused.
Verdict judge(const std::string& image, const Script& script, std::uint64_t acknowledged, std::size_t at_once) {
  const test::TempDir directory;
  std::ofstream(directory.path() / "data.mdb", std::ios::binary) << image;
  const pid_t child = ::fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    const FaultGuard guard(directory.path() / "data.mdb");
    ::_exit(look_into(directory.path(), script, acknowledged, at_once));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return kRefused;
  return WEXITSTATUS(status) <= kRefused ? static_cast<Verdict>(WEXITSTATUS(status)) : kRefused;
}

struct Tally {
  int cuts = 0;
  int losses = 0;
  std::string first_loss;
};

Tally cut_everywhere(const Recording& recording, const Script& script, Unsynced unsynced, bool honour_syncs,
                     std::size_t at_once = 1) {
  Tally tally;
  std::mt19937_64 chance(1);
  for (std::size_t count = 1; count <= recording.events.size(); ++count) {
    const auto known = acknowledged(recording.events, count);
    if (!known) continue;
    ++tally.cuts;
    const Verdict verdict =
        judge(test::after_power_loss(recording.created, recording.events, count, unsynced, honour_syncs, chance), script,
              *known, at_once);
    if (verdict == kKept) continue;
    if (tally.losses++ > 0) continue;
    tally.first_loss = "behind event " + std::to_string(count) +
                       (verdict == kLost ? ": the state is none that was ever acknowledged" : ": the store is refused");
  }
  return tally;
}

class PowerLoss : public testing::TestWithParam<Unsynced> {};

TEST_P(PowerLoss, LosesNothingThatWasAcknowledged) {
  const Script script(1, 40);
  const Recording events = record(script);
  const Tally tally = cut_everywhere(events, script, GetParam(), true);
  EXPECT_GT(tally.cuts, 150) << "the run has that many moments at least";
  EXPECT_EQ(tally.losses, 0) << tally.first_loss;
}

TEST_P(PowerLoss, LosesNothingOfGroupsOfSeveral) {
  constexpr std::size_t kAtOnce = 5;
  const Script script(6, 60);
  const Recording events = record(script, kAtOnce);
  const Tally tally = cut_everywhere(events, script, GetParam(), true, kAtOnce);
  EXPECT_GT(tally.cuts, 80) << "the run has that many moments at least";
  EXPECT_EQ(tally.losses, 0) << tally.first_loss;
}

INSTANTIATE_TEST_SUITE_P(Unsynced, PowerLoss, testing::Values(Unsynced::kDropped, Unsynced::kSome, Unsynced::kTorn));

// The check can fail: with a disk that lies about its syncs it must find losses.
TEST(PowerLossControl, IsFoundOutWhenSyncsAreTakenOut) {
  const Script script(1, 40);
  const Recording events = record(script);
  EXPECT_GT(cut_everywhere(events, script, Unsynced::kDropped, false).losses, 0);
  EXPECT_GT(cut_everywhere(events, script, Unsynced::kTorn, false).losses, 0);
}

}  // namespace
}  // namespace sluice::journal
