// The life of an item.
//
//            put, delay > 0                  put
//                  |                          |
//                  v          due             v      get
//              +---------+ ------------> +---------+ ---------> +--------+
//              | delayed |               | waiting |            | leased |
//              +---------+ <------+      +---------+ <--------- +--------+
//                  |              |           |   lease lost,     |    |
//                  |              |           |   release, retry  |    +--> done            complete
//                  |              |           |   without backoff |    +--> dead_lettered   attempts used up, do not retry
//                  |              |           |                   |    +--> cancelled       cancel
//                  |              +-----------|-------------------+
//                  |        retry with backoff|
//                  +--------------------------+--> discarded    purge, immediate close, delete
//                                             +--> cancelled    cancel
//                                             +--> expired      its time to live is over
//                                             +--> redriven     a dead letter that goes back to where it comes from
//
// The last six are terminal: the item is forgotten and no longer counts as unfinished. One that was dead-lettered or redriven
// begins a new life in another queue.
#pragma once

#include <cstdint>

namespace sluice::model {

enum class ItemState : std::uint8_t {
  kWaiting,
  kDelayed,
  kLeased,
  kDone,
  kDeadLettered,
  kDiscarded,
  kCancelled,
  kExpired,
  kRedriven
};

[[nodiscard]] constexpr bool is_terminal(ItemState state) { return state >= ItemState::kDone; }

// The picture above as a table. The engine asserts it at every change.
[[nodiscard]] constexpr bool may_change(ItemState from, ItemState to) {
  using enum ItemState;
  switch (from) {
    case kWaiting:
      return to == kLeased || to == kDiscarded || to == kCancelled || to == kExpired || to == kRedriven;
    case kDelayed:
      return to == kWaiting || to == kDiscarded || to == kCancelled || to == kExpired || to == kRedriven;
    case kLeased:
      // Discarded: only with its whole queue, by a forced delete. Expired: only when it would go back to wait.
      return to == kWaiting || to == kDelayed || to == kDone || to == kDeadLettered || to == kDiscarded || to == kCancelled ||
             to == kExpired;
    case kDone:
    case kDeadLettered:
    case kDiscarded:
    case kCancelled:
    case kExpired:
    case kRedriven:
      return false;
  }
  return false;
}

enum class QueueState : std::uint8_t { kOpen, kClosed };

enum class StageState : std::uint8_t { kRunning, kPaused, kFinished };

}  // namespace sluice::model
