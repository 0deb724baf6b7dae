// Whose turn it is where several transfers wait for room.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// For how many items of `queue` there must be room.
[[nodiscard]] std::size_t items_for(const Step& step, const Transfer& transfer, const Queue& queue);
// The first of its queues that has no room; null if all have.
[[nodiscard]] Queue* first_full(const Step& step, const Transfer& transfer);
// The first of its queues where others must go first; null if there is none.
[[nodiscard]] Queue* first_with_a_line(const Step& step, const Transfer& transfer);

}  // namespace sluice::engine
