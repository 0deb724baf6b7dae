// kill -9 of a server leaves no process of its commands.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "gtest/gtest.h"
#include "tests/handlers/support.h"

namespace sluice::handlers {
namespace {

pid_t start_parent(const std::string& script) {
  std::string program = SLUICE_DOOMED_PARENT;
  std::string argument = script;
  std::array<char*, 3> argv = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  EXPECT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ), 0);
  return pid;
}

void kill_and_reap(pid_t pid) {
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST(KilledParent, TakesItsChildAlong) {
  const TemporaryDirectory directory;
  const pid_t parent = start_parent("trap '' TERM HUP; cd " + directory.path() + "; echo $$ > child; exec sleep 600");
  const auto child = directory.wait_for_line("child");
  ASSERT_FALSE(child.empty());
  kill_and_reap(parent);
  EXPECT_TRUE(is_gone_soon(std::stoll(child)));
}

TEST(KilledParent, TakesItsGrandchildrenAlong) {
  const TemporaryDirectory directory;
  const pid_t parent =
      start_parent("cd " + directory.path() +
                   "; sh -c 'trap \"\" TERM HUP; sh -c \"echo \\$\\$ > grandchild; exec sleep 600\"; true' & wait");
  const auto grandchild = directory.wait_for_line("grandchild");
  ASSERT_FALSE(grandchild.empty());
  kill_and_reap(parent);
  EXPECT_TRUE(is_gone_soon(std::stoll(grandchild)));
}

TEST(KilledParent, IsOutlivedByItsGuardForAMomentOnly) {
  const TemporaryDirectory directory;
  const pid_t parent = start_parent("cd " + directory.path() + "; pgrep -P $PPID sluice-guard > guard; exec sleep 600");
  const auto guard = directory.wait_for_line("guard");
  ASSERT_FALSE(guard.empty());
  kill_and_reap(parent);
  EXPECT_TRUE(is_gone_soon(std::stoll(guard)));
}

}  // namespace
}  // namespace sluice::handlers
