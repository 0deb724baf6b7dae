// What a transfer puts of what it has, and how much room that takes: items whose keys are in use are not put a second time.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/engine/tables.h"

namespace sluice::engine {

// Some of its items have keys that may keep them out.
[[nodiscard]] bool may_have_twins(const Transfer& transfer);
// What must fit at once before the transfer can go on: how many items of `part`. Twins of items that are there need no room.
[[nodiscard]] std::size_t needs(const Step& step, const Transfer& transfer, const Transfer::Part& part);

// What else than its queues may refuse a transfer that has room and its turn.
[[nodiscard]] absl::Status check_server(const Step& step, const Transfer& transfer);

// Puts the item, unless its keys say that one is there in its place. Returns its id, or that one's.
model::ItemId admit_or_find(Step& step, Queue& queue, model::NewItem&& item, model::ItemId id, Job* job = nullptr);
// Each job is one of its own: its item cannot be another's twin. INVALID_VALUE.
[[nodiscard]] absl::Status no_twins_of_jobs();
// Puts what fits of a put one by one, which has items left; at least one does.
PutAnswer admit_what_fits(Step& step, Transfer& transfer, Queue& queue);
// A put of no items: from now on its caller alone puts those of its producer. Says how many of the items after its position
// are in the queue; INVALID_VALUE where items before them are missing.
absl::StatusOr<PutAnswer> claim_producer(Step& step, const Transfer& transfer, Queue& queue);
// Of a named producer's put: passes over the items that are in the queue already, none or some. INVALID_VALUE where items
// before them are missing, and for another than the one who has claimed the producer.
absl::StatusOr<PutAnswer> pass_over(const Step& step, Transfer& transfer, const Queue& queue);
// What a put is told whose producer another one has claimed.
[[nodiscard]] absl::Status claimed(std::string_view producer);

}  // namespace sluice::engine
