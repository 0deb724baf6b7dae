#include "server/journal/directory_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>

#include "tests/support/temp_dir.h"

namespace sluice::journal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Tells when somebody opens a file.
class OpenWatch {
 public:
  explicit OpenWatch(const std::filesystem::path& file) : fd_(::inotify_init1(IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(fd_, file.c_str(), IN_OPEN), 0);
  }
  ~OpenWatch() { ::close(fd_); }
  OpenWatch(const OpenWatch&) = delete;
  OpenWatch& operator=(const OpenWatch&) = delete;

  // False if nobody has by then.
  [[nodiscard]] bool wait(std::chrono::milliseconds patience) const {
    pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&waited, 1, static_cast<int>(patience.count())) == 1;
  }

 private:
  int fd_;
};

TEST(DirectoryLock, AnOwnerThatIsGoneInAMomentIsWaitedFor) {
  const test::TempDir directory;
  auto first = DirectoryLock::own(directory.path());
  ASSERT_TRUE(first.ok()) << first.status();
  const OpenWatch watch(directory.path() / "lock");
  // As a child of a killed server does that was just being started.
  std::thread dying([&] {
    EXPECT_TRUE(watch.wait(10s));
    std::optional<DirectoryLock>(std::move(*first)).reset();
  });
  const auto second = DirectoryLock::own(directory.path());
  EXPECT_TRUE(second.ok()) << second.status();
  dying.join();
}

TEST(DirectoryLock, AnOwnerThatStaysIsNamed) {
  const test::TempDir directory;
  const auto first = DirectoryLock::own(directory.path());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = DirectoryLock::own(directory.path());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("another process uses this data directory"));
}

TEST(DirectoryLock, ReadersShareIt) {
  const test::TempDir directory;
  ASSERT_TRUE(DirectoryLock::own(directory.path()).ok());
  const auto one = DirectoryLock::share(directory.path());
  const auto another = DirectoryLock::share(directory.path());
  EXPECT_TRUE(one.ok() && another.ok());
  EXPECT_FALSE(DirectoryLock::own(directory.path()).ok());
}

}  // namespace
}  // namespace sluice::journal
