// One item on its way through a coprocess handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

class LiveChild;

// What the coroutine of an item is told.
struct News {
  std::int64_t pid = 0;            // of the child that has the item, or soon will; 0: it waits for one
  std::optional<Outcome> outcome;  // there is no more after it
};

// Everything but `input` is guarded by the lock of its crew.
struct Job {
  explicit Job(const Input& item) : input(item) {}

  using Clock = std::chrono::steady_clock;
  // Called once, without the lock, from any thread.
  using Told = absl::AnyInvocable<void(News)>;

  const Input input;
  LiveChild* child = nullptr;  // null: it waits, or is over
  News news;
  Told told;  // waits for news
  // Of one that has a child.
  bool staged = false;      // among the bytes that are being written: it cannot be taken back
  bool given_up = false;    // nobody waits for its outcome
  bool is_culprit = false;  // its child is ended because of it
  Clock::time_point deadline = Clock::time_point::max();
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace sluice::handlers
