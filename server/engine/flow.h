// How work flows between queues: closing and its cascade, stages, pipelines, dead-letter queues.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// A new queue; the name is free.
Queue& create_queue(Step& step, std::string_view name, const model::QueueSettings& settings, std::string_view pipeline);
// Removes the queue with everything in it and everybody who waits for it. Returns how many unfinished items went with it.
std::uint64_t remove_queue(Step& step, Queue& queue);
// No more puts. Idempotent.
void close(Step& step, Queue& queue, bool immediate);

// Where `from` sends its dead letters, created if need be; null if it has none.
Queue* dead_letter_queue_of(Step& step, const Queue& from);

absl::Status create_pipeline(Step& step, const model::PipelineSpec& spec);
absl::StatusOr<std::uint64_t> delete_pipeline(Step& step, Pipeline& pipeline, bool force);
void close(Step& step, Pipeline& pipeline, bool immediate);
// Builds a pipeline whose queues exist.
Pipeline& assemble(Step& step, model::PipelineRecord record);

// Sets state or worker count, records it, and tells the runtime how many workers are wanted now.
void set_stage(Step& step, Stage& stage, model::StageState state, std::uint32_t workers);
// Tells the runtime how many workers are wanted now.
void tell_workers(Step& step, const Stage& stage);
// The input closed and drained, the last worker done: finishes the stage, and closes its output unless another open stage
// feeds it.
void finish_if_done(Step& step, Stage& stage);

}  // namespace sluice::engine
