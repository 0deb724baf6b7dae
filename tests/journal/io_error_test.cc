// The n-th call of a kind fails, for every n of a scripted run that begins with the first start: nothing is acknowledged that
// is not there afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

using test::DiskCall;

struct FaultKind {
  DiskCall call;
  int error;
  bool forever;
};

// How many appends were acknowledged before the journal failed, or could not be opened. Appends `at_once` without waiting.
std::uint64_t run_until_failure(const std::filesystem::path& directory, const Script& script, std::size_t at_once) {
  RunningJournal journal(directory);
  if (!journal.status().ok()) return 0;
  for (std::size_t i = 0; i < script.appends().size();) {
    for (std::size_t n = 0; n < at_once && i < script.appends().size(); ++n, ++i) journal.append(script.appends()[i]);
    if (journal.wait_for(i)) continue;
    EXPECT_FALSE(journal.status().ok());
    EXPECT_NE(journal.status().message().find("data.mdb"), absl::string_view::npos) << journal.status();
    break;
  }
  return journal.committed();
}

// The state after what was acknowledged, or after the first of those that were under way.
bool is_kept(const std::vector<std::string>& state, const Script& script, std::uint64_t acknowledged, std::size_t at_once) {
  const std::size_t most = std::min<std::size_t>(acknowledged + at_once, script.appends().size());
  for (std::size_t n = acknowledged; n <= most; ++n) {
    if (state == script.state_after(n)) return true;
  }
  return false;
}

class IoError : public testing::TestWithParam<FaultKind> {};

void fail_everywhere(const Script& script, const FaultKind& kind, std::size_t at_once) {
  std::uint64_t n = 1;
  for (bool happened = true; happened; ++n) {
    const test::TempDir directory;
    std::uint64_t acknowledged = 0;
    {
      const test::DiskFault fault(directory.path(), kind.call, n, kind.error, kind.forever);
      acknowledged = run_until_failure(directory.path(), script, at_once);
      happened = fault.happened();
    }
    auto journal = LmdbJournal::open({.directory = directory.path(), .max_bytes = limits::kMinStoreBytes});
    ASSERT_TRUE(journal.ok()) << journal.status() << " after failure " << n;
    const auto state = load_all(**journal);
    ASSERT_TRUE(state.ok()) << state.status() << " after failure " << n;
    EXPECT_TRUE(is_kept(*state, script, acknowledged, at_once)) << "failure " << n << ", acknowledged " << acknowledged;
  }
  const bool rare = kind.call == DiskCall::kRename || kind.call == DiskCall::kSetAside;
  EXPECT_GT(n, rare ? 1U : 3U) << "the run has that many calls of this kind";
}

TEST_P(IoError, LosesNothingThatWasAcknowledged) { fail_everywhere(Script(2, 25), GetParam(), 1); }

TEST_P(IoError, LosesNothingOfGroupsOfSeveral) { fail_everywhere(Script(9, 40), GetParam(), 4); }

INSTANTIATE_TEST_SUITE_P(Kinds, IoError,
                         testing::Values(FaultKind{DiskCall::kWrite, EIO, false}, FaultKind{DiskCall::kWrite, EIO, true},
                                         FaultKind{DiskCall::kWrite, ENOSPC, true}, FaultKind{DiskCall::kSync, EIO, false},
                                         FaultKind{DiskCall::kSync, EIO, true}, FaultKind{DiskCall::kOpen, EMFILE, false},
                                         FaultKind{DiskCall::kRead, EIO, false}, FaultKind{DiskCall::kRename, EIO, false},
                                         FaultKind{DiskCall::kSetAside, ENOSPC, false},
                                         FaultKind{DiskCall::kSetAside, ENOSPC, true},
                                         FaultKind{DiskCall::kSetAside, EIO, false}));

}  // namespace
}  // namespace sluice::journal
