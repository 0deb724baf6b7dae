// Waiting for jobs.
#pragma once

#include "server/engine/job.h"
#include "server/engine/tables.h"

namespace sluice::engine {

// Tells what has ended already, at once; the rest as it comes.
void begin_await(Step& step, const AwaitCommand& command, Caller& caller);
// The job has just ended.
void note_end(Step& step, Job& job);
// Something was reported of an item of the job.
void note_progress(Step& step, Job& job);
// Its timer: the time for news of progress has come.
void tell_progress(Step& step, Awaiter& awaiter);
// The batch has a new job, which runs.
void note_begin(Batch& batch, Job& job);
// The batch has ended: whoever awaits it is told so.
void note_end(Step& step, Batch& batch);
// Ends a command: everybody is told of what has ended.
void tell_awaiters(Step& step);

void refuse_awaiters(Step& step, const absl::Status& status);
void withdraw(Step& step, Awaiter& awaiter);

}  // namespace sluice::engine
