#include "server/handlers/process/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <new>

#include "server/handlers/process/child.h"

namespace sluice::handlers {
namespace {

constexpr std::size_t kStackBytes = 64UL << 10;

// ThreadSanitizer takes every clone for a fork; there the child gets its own copy of the memory, and the shared page below
// still carries its report.
#ifdef __SANITIZE_THREAD__
constexpr int kMemory = 0;
#else
constexpr int kMemory = CLONE_VM;
#endif

// The child's stack, with its task at the bottom.
class SharedStack {
 public:
  SharedStack() : memory_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ != MAP_FAILED) task_ = new (memory_) ChildTask();
  }
  ~SharedStack() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, kStackBytes);
  }
  SharedStack(const SharedStack&) = delete;
  SharedStack& operator=(const SharedStack&) = delete;

  // Null if there was no memory.
  [[nodiscard]] ChildTask* task() const { return task_; }
  [[nodiscard]] void* top() const { return static_cast<std::byte*>(memory_) + kStackBytes; }

 private:
  void* memory_;
  ChildTask* task_ = nullptr;
};

// No signal handler of this process may run in the child, which shares its memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

void reap(const Fd& pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

}  // namespace

std::variant<Spawned, SpawnError> spawn(const SpawnRequest& request) {
  const SharedStack stack;
  if (stack.task() == nullptr) return SpawnError{.step = SpawnStep::kPrepare, .error_number = errno};
  *stack.task() = {.request = &request, .parent = ::getpid(), .error = {}};
  int pidfd = -1;
  pid_t pid = -1;
  int error_number = 0;
  {
    const AllSignalsBlocked blocked;
    pid = ::clone(child_main, stack.top(), kMemory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, stack.task(), &pidfd);
    error_number = errno;
  }
  if (pid < 0) return SpawnError{.step = SpawnStep::kClone, .error_number = error_number};
  Spawned child{.pid = pid, .pidfd = Fd(pidfd)};
  if (stack.task()->error.error_number != 0) {
    const SpawnError error = stack.task()->error;
    reap(child.pidfd);
    return error;
  }
  return child;
}

void heed_children() {
  struct sigaction action {};
  ::sigaction(SIGCHLD, nullptr, &action);
  if ((action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
}

}  // namespace sluice::handlers
