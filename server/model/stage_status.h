// What can be seen of a stage's workers: values, safe to keep and to pass between threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/histogram.h"
#include "server/model/ids.h"
#include "server/model/progress.h"

namespace sluice::model {

// An item that a worker is at.
struct RunningItem {
  ItemId item{};
  base::Time start_time{};
  std::int64_t pid = 0;
  std::uint32_t attempt = 0;
  ProgressPtr progress = nullptr;  // null: none was reported
  std::string worker = {};         // the remote worker that holds it; empty: one of the server's
};

// What the workers of a stage are doing, and have done since the server started.
struct StageStatus {
  std::uint32_t workers = 0;
  std::uint32_t busy = 0;
  std::uint64_t wakeups = 0;
  std::uint64_t idle_wakeups = 0;  // neither an item nor the end of the queue was there
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::map<std::string, std::uint64_t, std::less<>> failures;  // by reason; reasons of handlers' own, beyond a few, as "other"
  base::Histogram run_times;                                   // of the handler, for each item
  std::vector<RunningItem> running;                            // the longest first, at most limits::kMaxRunningListed
};

}  // namespace sluice::model
