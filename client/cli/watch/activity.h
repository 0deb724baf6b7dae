// What a server's queues and stages are doing: a look at them, with rates out of the look before. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/watch/look.h"

namespace sluice::cli {

// Per second; absent where there is no look before, and where a count began anew in between (the queue was created again, or
// the server restarted).
using Rate = std::optional<double>;

struct StageActivity {
  std::string pipeline;
  std::string name;
  v1::StageState state = v1::STAGE_STATE_RUNNING;
  std::uint64_t workers = 0;
  std::uint64_t busy = 0;
  Rate done;
  Rate failed;
};

struct QueueActivity {
  v1::Queue queue;
  Rate put;
  Rate done;
  Rate failed;                        // attempts that were ended as failed
  std::vector<StageActivity> stages;  // that take from it
  std::vector<std::string> stalls;    // why nothing moves, as its own list and its pipelines' have it

  // What capacity bounds.
  [[nodiscard]] std::uint64_t depth() const { return queue.waiting() + queue.delayed(); }
};

struct Activity {
  Time time = {};
  std::optional<Duration> span;  // between the two looks
  std::vector<QueueActivity> queues;
};

// `before` may be null.
[[nodiscard]] Activity activity(const Look* before, Look now);

enum class SortKey { kByName, kByDepth, kByPut, kByDone, kByFailed, kByOldest };

// "name", "depth", "put", "done", "failed", "oldest".
[[nodiscard]] std::string_view sort_name(SortKey key);
[[nodiscard]] std::optional<SortKey> sort_key(std::string_view name);
// The one after it, in a circle.
[[nodiscard]] SortKey next(SortKey key);

// Names from a to z, everything else from the most to the least; equal ones stay as they stand. `reversed`: the other way
// round.
void sort(std::vector<QueueActivity>& queues, SortKey key, bool reversed);

}  // namespace sluice::cli
