// Power cuts at every moment in the making of a store: at the first start, in a compaction, in a restore. What was there
// before, or what is meant to be there afterwards, and a server starts on it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "server/journal/fault.h"
#include "server/journal/offline.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/disk_tree.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;
using test::DiskTreeLog;
using test::Tree;
using test::Unsynced;

using State = std::vector<std::string>;

Check nothing_to_check() {
  return [](model::Record&&) { return absl::OkStatus(); };
}

void fill(const fs::path& directory, const Script& script) {
  RunningJournal journal(directory);
  ASSERT_TRUE(journal.status().ok()) << journal.status();
  for (const auto& records : script.appends()) ASSERT_TRUE(journal.append_and_wait(records));
}

const State& all_of(const Script& script) { return script.state_after(script.appends().size()); }

Tree tree_of(const fs::path& top) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream content;
    content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    tree[entry.path().lexically_relative(top).string()] = content.str();
  }
  return tree;
}

// Whether a server that starts on the directory finds one of these states. In a child process, which a damaged store can end.
bool holds_one_of(const fs::path& directory, const std::vector<State>& states) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    auto journal = LmdbJournal::open({.directory = directory, .max_bytes = limits::kMinStoreBytes});
    const auto state = journal.ok() ? load_all(**journal) : journal.status();
    ::_exit(state.ok() && std::ranges::find(states, *state) != states.end() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// One way to make a store, in the directory "house/data" below a top that is watched.
class Making : public testing::TestWithParam<Unsynced> {
 protected:
  [[nodiscard]] fs::path data() const { return top_.path() / "house" / "data"; }

  // Does `work` and cuts the power at every moment of it. `may_be_there` says what a server may find, from the last mark on.
  template <class Work, class States>
  void cut_everywhere(Work work, States may_be_there) {
    const Tree before = tree_of(top_.path());
    cut_everywhere_in(before, events_of(work), may_be_there);
  }

  template <class Work>
  std::vector<test::TreeEvent> events_of(Work work) {
    DiskTreeLog log(top_.path());
    work(log);
    return log.events();
  }

  template <class States>
  void cut_everywhere_in(const Tree& before, const std::vector<test::TreeEvent>& events, States may_be_there) {
    std::mt19937_64 chance(3);
    std::uint64_t mark = 0;
    for (std::size_t count = 1; count <= events.size(); ++count) {
      if (const auto* said = std::get_if<test::DiskMark>(&events[count - 1])) mark = said->acknowledged;
      const test::TreeAfterPowerLoss after(before, events, count);
      for (std::size_t names = 0; names <= after.unsynced_names(); ++names) {
        const test::TempDir place;
        test::write_tree(after.tree(names, GetParam(), chance), place.path());
        ++cuts_;
        ASSERT_TRUE(holds_one_of(place.path() / "house" / "data", may_be_there(mark)))
            << "behind event " << count << " of " << events.size() << " with " << names << " names, mark " << mark;
      }
    }
  }

  const test::TempDir top_;
  int cuts_ = 0;
};

// Appends everything, and marks what was acknowledged.
void run(const fs::path& directory, const Script& script, DiskTreeLog& log) {
  RunningJournal journal(directory);
  ASSERT_TRUE(journal.status().ok()) << journal.status();
  for (std::size_t i = 0; i < script.appends().size(); ++i) {
    ASSERT_TRUE(journal.append_and_wait(script.appends()[i]));
    log.mark(i + 1);
  }
}

// What is acknowledged, and perhaps what was under way.
std::vector<State> states_from(const Script& script, std::uint64_t acknowledged) {
  std::vector<State> states{script.state_after(acknowledged)};
  if (acknowledged < script.appends().size()) states.push_back(script.state_after(acknowledged + 1));
  return states;
}

TEST_P(Making, AtTheFirstStart) {
  const Script script(21, 4);
  cut_everywhere([&](DiskTreeLog& log) { run(data(), script, log); },
                 [&](std::uint64_t acknowledged) { return states_from(script, acknowledged); });
  EXPECT_GT(cuts_, 30) << "the start has that many moments at least";
}

TEST_P(Making, BehindAFirstStartThatWasKilledBeforeItsNamesWereSynced) {
  const Script script(25, 4);
  auto events = events_of([&](DiskTreeLog& log) {
    { RunningJournal killed(data()); }
    log.mark(0);
    run(data(), script, log);
  });
  const auto second =
      std::ranges::find_if(events, [](const auto& each) { return std::holds_alternative<test::DiskMark>(each); });
  const auto synced = std::remove_if(events.begin(), second, [](const test::TreeEvent& each) {
    const auto* names = std::get_if<test::TreeSyncDirectory>(&each);
    return names != nullptr && names->path == "house/data";
  });
  ASSERT_NE(synced, second) << "the first start syncs its names";
  events.erase(synced, second);
  cut_everywhere_in({}, events, [&](std::uint64_t acknowledged) { return states_from(script, acknowledged); });
}

TEST_P(Making, InACompaction) {
  const Script script(22, 20);
  fill(data(), script);
  const auto compact = [&](DiskTreeLog&) {
    const auto sizes = compact_directory(data(), limits::kMinStoreBytes, nothing_to_check);
    ASSERT_TRUE(sizes.ok()) << sizes.status();
  };
  cut_everywhere(compact, [&](std::uint64_t) { return std::vector<State>{all_of(script)}; });
  EXPECT_GT(cuts_, 10);
}

TEST_P(Making, InARestoreOverAnother) {
  const Script old(23, 10);
  const Script backup(24, 20);
  const test::TempDir source;
  fill(source.path(), backup);
  fill(data(), old);
  const auto restore = [&](DiskTreeLog& log) {
    const auto status = restore_directory(source.path() / "data.mdb", data(), limits::kMinStoreBytes, true, nothing_to_check);
    ASSERT_TRUE(status.ok()) << status;
    log.mark(1);
  };
  cut_everywhere(restore, [&](std::uint64_t done) {
    return done > 0 ? std::vector<State>{all_of(backup)} : std::vector<State>{all_of(old), all_of(backup)};
  });
  EXPECT_GT(cuts_, 10);
}

TEST_P(Making, InARestoreIntoANewDirectory) {
  const Script backup(25, 20);
  const test::TempDir source;
  fill(source.path(), backup);
  const auto restore = [&](DiskTreeLog& log) {
    const auto status = restore_directory(source.path() / "data.mdb", data(), limits::kMinStoreBytes, false, nothing_to_check);
    ASSERT_TRUE(status.ok()) << status;
    log.mark(1);
  };
  cut_everywhere(restore, [&](std::uint64_t done) {
    return done > 0 ? std::vector<State>{all_of(backup)} : std::vector<State>{State(), all_of(backup)};
  });
  EXPECT_GT(cuts_, 10);
}

INSTANTIATE_TEST_SUITE_P(Unsynced, Making, testing::Values(Unsynced::kDropped, Unsynced::kSome, Unsynced::kTorn));

}  // namespace
}  // namespace sluice::journal
