// Compaction and restore, killed before the n-th call of a kind, or failing there, for every n that there is.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <gmock/gmock.h>

#include "server/journal/lmdb_values.h"
#include "server/journal/offline.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;
using test::DiskCall;
using test::DiskFault;
using test::TempDir;
using ::testing::AnyOf;
using ::testing::Eq;

using State = std::vector<std::string>;

constexpr std::size_t kMaxBytes = limits::kMinStoreBytes;

enum class Tool { kCompaction, kRestore };

Check nothing_to_check() {
  return [](model::Record&&) { return absl::OkStatus(); };
}

const State& all_of(const Script& script) { return script.state_after(script.appends().size()); }

// What is in the directory, as a server would load it.
State content(const fs::path& directory) {
  auto journal = LmdbJournal::open({.directory = directory, .max_bytes = kMaxBytes});
  EXPECT_TRUE(journal.ok()) << journal.status();
  if (!journal.ok()) return {};
  auto state = load_all(**journal);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *state : State();
}

// Runs `work` in a child process; what its wait says.
template <class Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// A directory with a store in it, and a backup of another beside it.
class Interrupted : public testing::TestWithParam<std::tuple<Tool, DiskCall>> {
 protected:
  struct Place {
    TempDir top;
    fs::path data = top.path() / "data";
    fs::path backup = top.path() / "backup" / "data.mdb";
  };

  static void fill(const fs::path& directory, const Script& script) {
    RunningJournal journal(directory);
    ASSERT_TRUE(journal.status().ok()) << journal.status();
    for (const auto& records : script.appends()) ASSERT_TRUE(journal.append_and_wait(records));
  }
  void fill(const Place& place) const {
    fill(place.data, old_);
    fill(place.backup.parent_path(), backup_);
  }
  static absl::Status run(const Place& place) {
    if (tool() == Tool::kCompaction) return compact_directory(place.data, kMaxBytes, nothing_to_check).status();
    return restore_directory(place.backup, place.data, kMaxBytes, true, nothing_to_check);
  }
  [[nodiscard]] const State& old() const { return all_of(old_); }
  [[nodiscard]] const State& fresh() const { return all_of(tool() == Tool::kCompaction ? old_ : backup_); }
  static Tool tool() { return std::get<Tool>(GetParam()); }
  static DiskCall call() { return std::get<DiskCall>(GetParam()); }

 private:
  const Script old_{7, 30};
  const Script backup_{8, 30};
};

TEST_P(Interrupted, KilledAtAnyMomentLeavesTheOldStoreOrTheNewOne) {
  for (std::uint64_t n = 1;; ++n) {
    const Place place;
    fill(place);
    const int status = in_child([&] {
      const DiskFault kill(place.top.path(), call(), n, test::kKilled, false);
      return run(place).ok();
    });
    const bool ended = WIFEXITED(status);
    EXPECT_THAT(content(place.data), AnyOf(Eq(fresh()), Eq(ended ? fresh() : old()))) << "call " << n;
    EXPECT_FALSE(fs::exists(place.data / kCopyDirectory)) << "the next one to own the directory clears up";
    if (ended) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_GT(n, 1U) << "there is such a call at least";
      break;
    }
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
  }
}

TEST_P(Interrupted, AFailureOfTheDiskIsReportedAndHarmless) {
  for (std::uint64_t n = 1;; ++n) {
    const Place place;
    fill(place);
    bool happened = false;
    absl::Status status;
    {
      const DiskFault fault(place.top.path(), call(), n, call() == DiskCall::kWrite ? ENOSPC : EIO, false);
      status = run(place);
      happened = fault.happened();
    }
    EXPECT_THAT(content(place.data), AnyOf(Eq(fresh()), Eq(status.ok() ? fresh() : old()))) << "call " << n;
    EXPECT_FALSE(fs::exists(place.data / kCopyDirectory)) << "call " << n;
    if (!happened) {
      EXPECT_TRUE(status.ok()) << status;
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, Interrupted,
                         testing::Combine(testing::Values(Tool::kCompaction, Tool::kRestore),
                                          testing::Values(DiskCall::kWrite, DiskCall::kSync, DiskCall::kOpen, DiskCall::kRead,
                                                          DiskCall::kRename)));

}  // namespace
}  // namespace sluice::journal
