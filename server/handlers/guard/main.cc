// sluice-guard: see server/handlers/process/guard.h. Standard input is the pipe whose other end its parent holds; standard
// output is the shared table of process groups. Uses the C library only.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace {

// Whoever stops the parent may signal everything around it; this process ends after its parent, not before.
void ignore_signals() {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU}) {
    ::signal(signal, SIG_IGN);
  }
}

void wait_for_parents_end() {
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) != 0 && errno == EINTR) {
  }
}

}  // namespace

int main() {
  ignore_signals();
  struct stat info {};
  if (::fstat(STDOUT_FILENO, &info) != 0 || info.st_size == 0) return 2;
  const auto bytes = static_cast<std::size_t>(info.st_size);
  void* table = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, STDOUT_FILENO, 0);
  if (table == MAP_FAILED) return 2;
  wait_for_parents_end();
  const auto* groups = static_cast<const std::atomic<pid_t>*>(table);
  for (std::size_t i = 0; i < bytes / sizeof(*groups); ++i) {
    const pid_t group = groups[i].load();
    if (group > 1) ::kill(-group, SIGKILL);
  }
  return 0;
}
