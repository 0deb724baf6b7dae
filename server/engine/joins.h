// Waiting for the end: joins of queues and pipelines.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Answers at once if there is nothing to wait for; otherwise tells the first progress and waits.
void begin_join(Step& step, Queue& queue, const JoinCommand& command, Caller& caller);
void begin_join(Step& step, Pipeline& pipeline, const JoinCommand& command, Caller& caller);

// Looks whether the queue, and the pipelines that read it, have become idle, and ends their joins if so.
void note_idle(Step& step, Queue& queue);
void note_idle(Step& step, Pipeline& pipeline);

// Something changed that resting joins are to be told of, now or when their interval is over.
void wake_joins(Step& step, Queue& queue);
// It is time for the next progress; a join that has nothing to tell rests until something changes, or until the lack of change
// is worth telling.
void tell_progress(Step& step, JoinWaiter& join);

void refuse_joins(Step& step, Joins& joins, const absl::Status& status);
void withdraw(Step& step, JoinWaiter& join);

}  // namespace sluice::engine
