// Items on their way into queues: admission, waiting for room, and the hand-off from one queue to the next.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Does the transfer at once, or lets it wait, or answers why not.
void begin_transfer(Step& step, Transfer transfer);
// Admits as many of the transfers that wait at `queue` as fit now, the longest-waiting first. Returns true if any left the
// list.
bool admit_waiting(Step& step, Queue& queue);

// Ends every transfer that waits at `queue` with `status`.
void refuse_waiting(Step& step, Queue& queue, const absl::Status& status);
// The same for those that somebody waits for.
void refuse_askers(Step& step, Queue& queue, const absl::Status& status);
// Ends every transfer that waits at `queue` with more items for it than its capacity, which has shrunk: BATCH_TOO_LARGE.
void refuse_too_large(Step& step, Queue& queue);
// Ends the waiting completion of a leased item, if there is one, with `status`.
void refuse_completion(Step& step, Item& item, const absl::Status& status);
// The wait of one who asks for it (or more) is over: QUEUE_FULL.
void time_out(Step& step, Transfer& transfer);
// Takes back what a schedule has waiting. Nobody is told.
void withdraw(Step& step, Transfer& transfer);
// Takes one caller away; the transfer goes with the last one.
void withdraw(Step& step, Transfer& transfer, Caller& caller);

}  // namespace sluice::engine
