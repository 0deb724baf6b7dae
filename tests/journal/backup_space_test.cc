// Backups on a disk that has no room for them: before they begin, and when it fills up meanwhile.
#include <dlfcn.h>
#include <sys/statvfs.h>

#include <atomic>
#include <cerrno>

#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "tests/journal/running_journal.h"
#include "tests/journal/script.h"
#include "tests/support/disk_log.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

std::atomic<bool> disk_says_full = false;

bool go_on() { return true; }

class BackupSpace : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(journal_.append_and_wait(script_.appends()[0])); }

  // What was written for the copy is gone, the journal goes on, and there is another chance.
  void expect_no_harm() {
    EXPECT_FALSE(std::filesystem::exists(directory_.path() / "copy"));
    EXPECT_TRUE(journal_.append_and_wait(script_.appends()[1]));
    EXPECT_TRUE(journal_.journal().back_up(go_on).ok());
  }

  const Script script_{15, 2};
  const test::TempDir directory_;
  RunningJournal journal_{directory_.path()};
};

TEST_F(BackupSpace, IsAskedForBefore) {
  disk_says_full = true;
  const absl::Status refused = journal_.journal().back_up(go_on).status();
  disk_says_full = false;
  EXPECT_TRUE(base::is(refused, base::Reason::kBackupNoSpace)) << refused;
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("Free disk space"));
  expect_no_harm();
}

TEST_F(BackupSpace, MayBeUsedUpMeanwhile) {
  {
    const test::DiskFault full(directory_.path(), test::DiskCall::kWrite, 3, ENOSPC, true);
    const auto fill_up = [] { return disk_says_full = true; };
    const absl::Status refused = journal_.journal().back_up(fill_up).status();
    disk_says_full = false;
    EXPECT_TRUE(full.happened());
    EXPECT_TRUE(base::is(refused, base::Reason::kBackupNoSpace)) << refused;
  }
  expect_no_harm();
}

}  // namespace
}  // namespace sluice::journal

// A definition in the program comes before the C library's.
extern "C" int statvfs(const char* path, struct statvfs* out) {
  static const auto real = reinterpret_cast<int (*)(const char*, struct statvfs*)>(::dlsym(RTLD_NEXT, "statvfs"));
  const int result = real(path, out);
  if (sluice::journal::disk_says_full) out->f_bavail = 0;
  return result;
}
