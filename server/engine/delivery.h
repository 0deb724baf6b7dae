// Items on their way to consumers.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Hands out at once, or lets the get wait, or answers why not.
void begin_get(Step& step, Queue& queue, GetCommand command, Caller& caller);
// Hands waiting items to the gets that wait, the longest-waiting first, and the end of the queue to all of them when it has
// come. Returns true if any left the list.
bool serve_waiting(Step& step, Queue& queue);

// Ends every get that waits at `queue` with `status`.
void refuse_gets(Step& step, Queue& queue, const absl::Status& status);
// Its wait is over: an answer without items.
void time_out(Step& step, GetWaiter& get);
void withdraw(Step& step, GetWaiter& get);

}  // namespace sluice::engine
