// sluiced on a disk that goes bad when it is told to: from SIGUSR1 on every sync fails with EIO; from SIGUSR2 on the disk is
// full, which means that it has no more blocks than the files have, until the next SIGUSR2.
//
// The program is sluiced's own with the C library's calls interposed (tests/support/disk_log.h). SLUICE_DATA names the
// directory.
#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "server/server.h"
#include "tests/support/disk_log.h"

namespace {

sigset_t orders() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  return set;
}

[[noreturn]] void obey() {
  using sluice::test::DiskCall;
  const std::string directory = std::getenv("SLUICE_DATA");
  const sigset_t set = orders();
  std::optional<sluice::test::DiskFault> fault;
  std::optional<sluice::test::FullDisk> full;
  for (int order = 0;;) {
    if (sigwait(&set, &order) != 0) continue;
    if (order == SIGUSR1) {
      fault.emplace(directory, DiskCall::kSync, 1, EIO, true);
    } else if (full) {
      full.reset();
    } else {
      full.emplace(directory);
    }
  }
}

}  // namespace

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
