// How the engine's state looks from outside.
#pragma once

#include <vector>

#include "server/engine/pipeline.h"
#include "server/engine/queue.h"
#include "server/engine/views.h"

namespace sluice::engine {

struct Tables;

[[nodiscard]] QueueView view_of(const Tables& tables, base::Time now, const Queue& queue);
[[nodiscard]] PipelineView view_of(const Tables& tables, base::Time now, const Pipeline& pipeline);
[[nodiscard]] PeekedItem peeked(const Item& item);

// Why `queue` does not move; empty when all is well.
[[nodiscard]] std::vector<Stall> stalls_of(const Tables& tables, base::Time now, const Queue& queue);
// Of its queues; what lies in a queue that no stage reads counts only when it holds others back.
[[nodiscard]] std::vector<Stall> stalls_of(const Tables& tables, base::Time now, const Pipeline& pipeline);

// When the queue does not move any more if nothing happens until then; kNever if time alone makes no difference.
[[nodiscard]] base::Time stalls_by_time(const Queue& queue);
[[nodiscard]] base::Time stalls_by_time(const Pipeline& pipeline);

}  // namespace sluice::engine
