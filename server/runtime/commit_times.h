// How long the records of commands take to be committed: what a producer waits for when there is room.
//
// One thread at a time appends, and one at a time commits; both may run at once. Nothing is locked and nothing allocated. When
// the store is further behind than kRemembered appends, the oldest of them are not counted.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include "server/base/histogram.h"
#include "server/journal/journal.h"

namespace sluice::runtime {

class CommitTimes {
 public:
  // Before the append that gets `position`.
  void begin(journal::Position position, base::Time now) {
    begun_[position % kRemembered].store(now.time_since_epoch().count(), std::memory_order_relaxed);
    last_begun_.store(position, std::memory_order_release);
  }

  // Everything up to `position` is committed. In order of position.
  void end(journal::Position position, base::Time now) {
    const journal::Position last = std::max(last_begun_.load(std::memory_order_acquire), position);
    const journal::Position forgotten = last > kRemembered ? last - kRemembered : 0;
    for (auto each = std::max(ended_, forgotten) + 1; each <= position; ++each) {
      const base::Duration begun{begun_[each % kRemembered].load(std::memory_order_relaxed)};
      times_.add(now.time_since_epoch() - begun);
    }
    ended_ = position;
  }

  [[nodiscard]] base::Histogram seen() const { return times_.seen(); }

 private:
  static constexpr std::size_t kRemembered = 4096;

  std::array<std::atomic<base::Duration::rep>, kRemembered> begun_{};
  std::atomic<journal::Position> last_begun_ = 0;
  journal::Position ended_ = 0;
  base::SharedHistogram times_;
};

}  // namespace sluice::runtime
