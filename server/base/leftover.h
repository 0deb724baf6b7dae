// What a killed server leaves behind for moments: the lock of its data directory, and its ports.
//
// A child that it was just starting when it was killed has its descriptors until it runs its program or dies of its parent's
// death. On a busy machine that takes up to some hundred milliseconds, and whoever starts the server anew at once should not be
// told that another one is there.
#pragma once

#include <chrono>
#include <thread>

#include "server/base/limits.h"

namespace sluice::base {

// Asks `held` until it says no, for limits::kLeftoverPatience at most; returns its last answer. Sleeps in between, so it is for
// the start of a server only, before anybody waits for the thread. (The system could wait by itself, but not with a deadline.)
template <class Held>
bool held_for_long(Held held) {
  const auto latest = std::chrono::steady_clock::now() + limits::kLeftoverPatience;
  while (held()) {
    if (std::chrono::steady_clock::now() >= latest) return true;
    std::this_thread::sleep_for(limits::kLeftoverPause);
  }
  return false;
}

}  // namespace sluice::base
