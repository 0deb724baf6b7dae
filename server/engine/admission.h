// What a transfer puts of what it has, and how much room that takes: items whose keys are in use are not put a second time.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Some of its items have keys that may keep them out.
[[nodiscard]] bool may_have_twins(const Transfer& transfer);
// What must fit at once before the transfer can go on: how many items of `part`. Twins of items that are there need no room.
[[nodiscard]] std::size_t needs(const Step& step, const Transfer& transfer, const Transfer::Part& part);

// Puts the item, unless its keys say that one is there in its place. Returns its id, or that one's.
model::ItemId admit_or_find(Step& step, Queue& queue, model::NewItem&& item, model::ItemId id, Job* job = nullptr);
// Each job is one of its own: its item cannot be another's twin. INVALID_VALUE.
[[nodiscard]] absl::Status no_twins_of_jobs();
// Puts what fits of a put one by one; at least one item does.
PutAnswer admit_what_fits(Step& step, Transfer& transfer, Queue& queue);

}  // namespace sluice::engine
