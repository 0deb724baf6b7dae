// Starting one child process.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <span>
#include <variant>

#include "server/handlers/process/fd.h"

namespace sluice::handlers {

struct ResourceLimit {
  int resource = 0;  // RLIMIT_...
  rlimit value{};
};

// What a child is to be. Pointers are borrowed for the call.
struct SpawnRequest {
  const char* const* paths = nullptr;       // the files to try in order, as execvp(3) does; ends with null
  const char* const* argv = nullptr;        // ends with null
  const char* const* env = nullptr;         // ends with null
  const char* working_directory = nullptr;  // null: this process's own
  std::span<const ResourceLimit> limits;
  int standard_input = -1;
  int standard_output = -1;
  int standard_error = -1;
  int progress = -1;  // where the child tells how far it is, as its descriptor 3; -1: nowhere
  pid_t group = 0;    // to join; 0: lead a new one
  // Where a leader leaves its group's id before its program begins. May be null.
  std::atomic<pid_t>* guarded = nullptr;
  // Killed as soon as the thread that spawns it ends.
  bool dies_with_parent = true;
};

struct Spawned {
  pid_t pid = 0;
  Fd pidfd;  // close-on-exec; readable once the child has exited
};

enum class SpawnStep { kPrepare, kClone, kGroup, kDescriptors, kLimits, kDirectory, kProgram };

struct SpawnError {
  SpawnStep step{};
  int error_number = 0;
};

// Returns once the child runs its program, or has failed to and is reaped. The child has no descriptor but these, default
// signal handling, and no signal blocked. Takes some 100 microseconds, whatever the size of this process. Thread-safe.
[[nodiscard]] std::variant<Spawned, SpawnError> spawn(const SpawnRequest& request);

// A process may be started with SIGCHLD ignored; then the kernel throws its children's exit codes away. From here on it does
// not.
void heed_children();

}  // namespace sluice::handlers
