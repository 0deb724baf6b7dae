// sluiced on a disk that goes bad when it is told to: from SIGUSR1 on every sync fails with EIO; from SIGUSR2 on the disk is
// full, which means that it sets no more blocks aside, until the next SIGUSR2.
//
// The program is sluiced's own with the C library's calls interposed (tests/support/disk_log.h). SLUICE_DATA names the
// directory.
#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include "server/server.h"
#include "tests/support/disk_log.h"

namespace {

std::atomic<bool> disk_is_full = false;

sigset_t orders() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  return set;
}

[[noreturn]] void obey() {
  const sigset_t set = orders();
  std::optional<sluice::test::DiskFault> fault;
  for (int order = 0;;) {
    if (sigwait(&set, &order) != 0) continue;
    if (order == SIGUSR2) {
      disk_is_full = !disk_is_full;
    } else if (!fault) {
      fault.emplace(std::getenv("SLUICE_DATA"), sluice::test::DiskCall::kSync, 1, EIO, true);
    }
  }
}

}  // namespace

extern "C" {

// Both names: which one is called depends on how the caller was compiled.
int fallocate64(int /*fd*/, int /*mode*/, off64_t /*offset*/, off64_t /*length*/) {
  if (!disk_is_full) return 0;
  errno = ENOSPC;
  return -1;
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }
}

int main(int argc, char** argv) {
  // Those of the server go to the thread that it makes for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(obey).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const sigset_t set = orders();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return sluice::Server().run(argc, argv);
}
