// The few lines between clone and exec.
#pragma once

#include <sys/types.h>

#include "server/handlers/process/spawn.h"

namespace sluice::handlers {

// What the child is told, and what it tells: memory that both see.
struct ChildTask {
  const SpawnRequest* request = nullptr;
  pid_t parent = 0;
  SpawnError error;  // error_number 0: the program runs
};

// Runs in the child, on a stack of its own but, like vfork(2), in the parent's memory while the parent's thread stands still:
// it may make system calls only. `task` is a ChildTask*. Does not return.
[[nodiscard]] int child_main(void* task);

}  // namespace sluice::handlers
