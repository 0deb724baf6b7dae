// How long a test waits for what is to happen: far longer than it ever takes, so that running out means that it does not.
#pragma once

#include <chrono>
#include <thread>

namespace sluice::support {

inline constexpr std::chrono::seconds kDeadline{20};

// For what gives no signal: true as soon as `holds` does, false after the deadline.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate holds) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace sluice::support
