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
//                  |              |           |                   |
//                  |              +-----------|-------------------+
//                  |        retry with backoff|
//                  +--------------------------+--> discarded    purge, immediate close, delete
//
// done, dead_lettered and discarded are terminal: the item is forgotten and no longer counts as unfinished.
#pragma once

#include <cstdint>

namespace sluice::model {

enum class ItemState : std::uint8_t { kWaiting, kDelayed, kLeased, kDone, kDeadLettered, kDiscarded };

[[nodiscard]] constexpr bool is_terminal(ItemState state) { return state >= ItemState::kDone; }

// The picture above as a table. The engine asserts it at every change.
[[nodiscard]] constexpr bool may_change(ItemState from, ItemState to) {
  using enum ItemState;
  switch (from) {
    case kWaiting:
      return to == kLeased || to == kDiscarded;
    case kDelayed:
      return to == kWaiting || to == kDiscarded;
    case kLeased:
      // Discarded: only with its whole queue, by a forced delete.
      return to == kWaiting || to == kDelayed || to == kDone || to == kDeadLettered || to == kDiscarded;
    case kDone:
    case kDeadLettered:
    case kDiscarded:
      return false;
  }
  return false;
}

enum class QueueState : std::uint8_t { kOpen, kClosed };

enum class StageState : std::uint8_t { kRunning, kPaused, kFinished };

}  // namespace sluice::model
