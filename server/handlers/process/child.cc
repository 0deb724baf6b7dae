#include "server/handlers/process/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "proto/progress/lines.h"

namespace sluice::handlers {
namespace {

constexpr int kExitCode = 127;

[[noreturn]] void fail(ChildTask& task, SpawnStep step, int error_number) {
  task.error = {.step = step, .error_number = error_number};
  ::_exit(kExitCode);
}

// Every signal was blocked before the clone, so no handler of the parent can run here.
void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died just before; then nobody would ever send the signal.
  if (::getppid() != parent) ::_exit(kExitCode);
}

void join_group(ChildTask& task) {
  const SpawnRequest& request = *task.request;
  if (::setpgid(0, request.group) != 0) fail(task, SpawnStep::kGroup, errno);
  if (request.group == 0 && request.guarded != nullptr) request.guarded->store(::getpid());
}

void set_descriptors(ChildTask& task) {
  const SpawnRequest& request = *task.request;
  if (::dup2(request.standard_input, STDIN_FILENO) < 0 || ::dup2(request.standard_output, STDOUT_FILENO) < 0 ||
      ::dup2(request.standard_error, STDERR_FILENO) < 0) {
    fail(task, SpawnStep::kDescriptors, errno);
  }
  int highest = STDERR_FILENO;
  if (request.progress >= 0) {
    highest = progress::kDescriptor;
    // It may have that number already; then dup2(2) leaves it as it is, and that is to be closed.
    const bool is_there =
        request.progress == highest ? ::fcntl(highest, F_SETFD, 0) == 0 : ::dup2(request.progress, highest) >= 0;
    if (!is_there) fail(task, SpawnStep::kDescriptors, errno);
  }
  // Descriptors of this program are close-on-exec, but those of a program that links this library may not be.
  if (::syscall(SYS_close_range, highest + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  const int end = static_cast<int>(::sysconf(_SC_OPEN_MAX));
  for (int fd = highest + 1; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void set_limits(ChildTask& task) {
  for (const ResourceLimit& limit : task.request->limits) {
    if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &limit.value) != 0) {
      fail(task, SpawnStep::kLimits, errno);
    }
  }
}

// As execvp(3): the first file that can be executed; permission denied only if none other was found.
[[noreturn]] void run_program(ChildTask& task) {
  const SpawnRequest& request = *task.request;
  int error_number = ENOENT;
  for (const char* const* path = request.paths; *path != nullptr; ++path) {
    ::execve(*path, const_cast<char* const*>(request.argv), const_cast<char* const*>(request.env));
    if (errno == EACCES) {
      error_number = EACCES;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      error_number = errno;
      break;
    }
  }
  fail(task, SpawnStep::kProgram, error_number);
}

}  // namespace

int child_main(void* argument) {
  auto& task = *static_cast<ChildTask*>(argument);
  const SpawnRequest& request = *task.request;
  reset_signals();
  if (request.dies_with_parent) die_with_parent(task.parent);
  join_group(task);
  set_descriptors(task);
  if (request.working_directory != nullptr && ::chdir(request.working_directory) != 0) {
    fail(task, SpawnStep::kDirectory, errno);
  }
  set_limits(task);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  run_program(task);
}

}  // namespace sluice::handlers
