// What the kernel says of a process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::e2e {

struct ProcessStats {
  std::chrono::microseconds cpu{};  // user and system, counted in ticks of 10 ms
  std::size_t resident_bytes = 0;
  std::size_t anonymous_bytes = 0;  // of those, all that are no file's
  std::uint64_t switches = 0;       // times that a thread of it gave up its core to wait
  std::size_t threads = 0;
};

// Zeros if there is no such process.
[[nodiscard]] ProcessStats stats_of(pid_t pid);

// True once the process has ended, at the latest after kPatience; false if it still runs then. Works for any process.
[[nodiscard]] bool process_ends(pid_t pid);

}  // namespace sluice::e2e
