// What a process holds in memory.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace sluice::bench {

struct Resident {
  std::uint64_t bytes = 0;            // all of it
  std::uint64_t anonymous_bytes = 0;  // of that, what stands in no file: the pages of a mapped store do not count here
};

// Of another process, now.
[[nodiscard]] Resident resident(pid_t pid);

}  // namespace sluice::bench
