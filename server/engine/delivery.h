// Items on their way to consumers.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Hands out at once, or lets the get wait, or answers why not.
// `worker`: an attached one of a stage that reads the queue, or null.
void begin_get(Step& step, Queue& queue, GetCommand command, std::shared_ptr<RemoteWorker> worker, Caller& caller);
// Hands waiting items to the gets that wait, the longest-waiting first, and when the end of the queue has come, that to all of
// them that do not wait for the end of a stage. Returns true if any left the list.
bool serve_waiting(Step& step, Queue& queue);
// The first get that waits at the stage gets what there is for it: all that it needs is there, and it is its turn.
void serve_one(Step& step, Stage& stage);

// Ends every get of a line with `status`.
void refuse_gets(Step& step, std::list<GetWaiter>& line, const absl::Status& status);
// Takes a waiting get out of its line and answers it.
void end_wait(Step& step, GetWaiter& waiting, GetAnswer&& answer);
// Its wait is over: an answer without items.
void time_out(Step& step, GetWaiter& get);
void withdraw(Step& step, GetWaiter& get);

}  // namespace sluice::engine
