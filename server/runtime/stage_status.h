// What can be seen of a stage's workers.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/clock.h"
#include "server/model/ids.h"

namespace sluice::runtime {

// An item that a worker is at.
struct RunningItem {
  model::ItemId item{};
  base::Time start_time{};
  std::int64_t pid = 0;
  std::uint32_t attempt = 0;
};

// What the workers of a stage are doing, and have done since the server started.
struct StageStatus {
  std::uint32_t workers = 0;
  std::uint32_t busy = 0;
  std::uint64_t wakeups = 0;
  std::uint64_t idle_wakeups = 0;  // neither an item nor the end of the queue was there
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::vector<RunningItem> running;  // the longest first, at most limits::kMaxRunningListed
};

}  // namespace sluice::runtime
