// The n-th call of a kind fails, for every n of a scripted run that begins with the first start: nothing is acknowledged that
// is not there afterwards.
#include <gtest/gtest.h>

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

// How many appends were acknowledged before the journal failed, or could not be opened.
std::uint64_t run_until_failure(const std::filesystem::path& directory, const Script& script) {
  RunningJournal journal(directory);
  if (!journal.status().ok()) return 0;
  std::uint64_t acknowledged = 0;
  for (const auto& records : script.appends()) {
    if (!journal.append_and_wait(records)) {
      EXPECT_FALSE(journal.status().ok());
      EXPECT_NE(journal.status().message().find("data.mdb"), absl::string_view::npos) << journal.status();
      return acknowledged;
    }
    ++acknowledged;
  }
  return acknowledged;
}

class IoError : public testing::TestWithParam<FaultKind> {};

TEST_P(IoError, LosesNothingThatWasAcknowledged) {
  const Script script(2, 25);
  const FaultKind kind = GetParam();
  std::uint64_t n = 1;
  for (bool happened = true; happened; ++n) {
    const test::TempDir directory;
    std::uint64_t acknowledged = 0;
    {
      const test::DiskFault fault(directory.path(), kind.call, n, kind.error, kind.forever);
      acknowledged = run_until_failure(directory.path(), script);
      happened = fault.happened();
    }
    auto journal = LmdbJournal::open({.directory = directory.path(), .max_bytes = limits::kMinStoreBytes});
    ASSERT_TRUE(journal.ok()) << journal.status() << " after failure " << n;
    const auto state = load_all(**journal);
    ASSERT_TRUE(state.ok()) << state.status() << " after failure " << n;
    const bool exact = *state == script.state_after(acknowledged);
    const bool one_more = acknowledged < script.appends().size() && *state == script.state_after(acknowledged + 1);
    EXPECT_TRUE(exact || one_more) << "failure " << n << ", acknowledged " << acknowledged;
  }
  const bool rare = kind.call == DiskCall::kRename || kind.call == DiskCall::kSetAside;
  EXPECT_GT(n, rare ? 1U : 3U) << "the run has that many calls of this kind";
}

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
