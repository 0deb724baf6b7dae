// What can be set on a queue. Ranges are checked where settings enter the server (wire/), not here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/limits.h"

namespace sluice::model {

enum class QueueOrder : std::uint8_t { kFifo, kLifo, kPriority };

// kSync: every item is recorded, and answers wait until that is safe. kMemory: the queue itself is recorded, but neither its
// items nor its counts; after a restart it is there and empty.
enum class Durability : std::uint8_t { kSync, kMemory };

struct RetryPolicy {
  std::uint32_t max_attempts = limits::kDefaultMaxAttempts;  // 0 = without limit
  base::Duration initial_backoff = limits::kDefaultInitialBackoff;
  base::Duration max_backoff = limits::kDefaultMaxBackoff;
  double multiplier = limits::kDefaultBackoffMultiplier;
  double jitter = limits::kDefaultJitter;
  // Attempts that may be lost with their consumer. 0: a lost attempt counts like a failed one, and there is no other bound.
  // Else lost attempts do not count in `max_attempts`, and this one is the last: then the item is given up.
  std::uint32_t max_lost_attempts = 0;
  // An attempt that failed with one of these exit codes is the last. Sorted, each once.
  std::vector<std::int32_t> final_exit_codes;

  // The longest wait after attempt number `attempt` (1 = the first), before jitter.
  [[nodiscard]] base::Duration backoff(std::uint32_t attempt) const;
  // True while an item that has been handed out `attempt` times, of which `lost` were lost with their consumer, may be handed
  // out again after a failure; and after another loss, which `lost` does not count yet.
  [[nodiscard]] bool allows_another(std::uint32_t attempt, std::uint32_t lost = 0) const {
    return max_attempts == 0 || (max_lost_attempts == 0 ? attempt : attempt - lost) < max_attempts;
  }
  [[nodiscard]] bool allows_another_loss(std::uint32_t attempt, std::uint32_t lost) const {
    return max_lost_attempts == 0 ? allows_another(attempt) : lost + 1 < max_lost_attempts;
  }
  // Whether an item that is being worked on may come back, by whichever of the two.
  [[nodiscard]] bool may_come_back(std::uint32_t attempt, std::uint32_t lost) const {
    return allows_another(attempt, lost) || allows_another_loss(attempt, lost);
  }
  [[nodiscard]] bool is_final(std::int32_t exit_code) const;

  bool operator==(const RetryPolicy&) const = default;
};

struct QueueSettings {
  std::uint32_t capacity = limits::kDefaultCapacity;  // 0 = unbounded
  QueueOrder order = QueueOrder::kFifo;
  Durability durability = Durability::kSync;
  base::Duration lease_duration = limits::kDefaultLease;
  RetryPolicy retry;
  // Empty: dead letters are dropped and only counted.
  std::string dead_letter_queue;
  // How long an item that says nothing itself may wait and be delayed from its put on. 0 = for ever.
  base::Duration time_to_live{0};
  // Whether items whose time is over become dead letters.
  bool dead_letter_expired = false;
  // How long the key of an item that says nothing itself keeps out others with the same.
  base::Duration dedup_window = limits::kDefaultDedupWindow;

  bool operator==(const QueueSettings&) const = default;
};

// Settings as a user gives them: what is absent keeps its default or present value.
struct QueueSettingsPatch {
  std::optional<std::uint32_t> capacity;
  std::optional<QueueOrder> order;
  std::optional<Durability> durability;
  std::optional<base::Duration> lease_duration;
  std::optional<std::uint32_t> max_attempts;
  std::optional<base::Duration> initial_backoff;
  std::optional<base::Duration> max_backoff;
  std::optional<double> multiplier;
  std::optional<double> jitter;
  std::optional<std::uint32_t> max_lost_attempts;
  std::optional<std::vector<std::int32_t>> final_exit_codes;
  std::optional<std::string> dead_letter_queue;  // empty: none
  std::optional<base::Duration> time_to_live;    // 0: for ever
  std::optional<bool> dead_letter_expired;
  std::optional<base::Duration> dedup_window;

  [[nodiscard]] QueueSettings applied_to(QueueSettings settings) const;
};

struct QueueSpec {
  std::string name;
  QueueSettingsPatch settings;

  // The settings that a new queue of this spec has.
  [[nodiscard]] QueueSettings initial_settings() const;
};

// "tasks" -> "tasks.dead"; "tasks.dead" -> "": a dead-letter queue has none of its own.
[[nodiscard]] std::string default_dead_letter_queue(std::string_view queue);

}  // namespace sluice::model
