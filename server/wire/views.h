// What the engine shows, as messages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/views.h"
#include "server/model/stage_status.h"
#include "sluice/v1/limit.pb.h"
#include "sluice/v1/pipeline.pb.h"
#include "sluice/v1/queue.pb.h"
#include "sluice/v1/schedule.pb.h"

namespace sluice::wire {

void fill(const engine::QueueView& view, v1::Queue& queue);

// A stage's retry policy is that of its input. What the workers are doing is not the engine's to know: it is left out here.
void fill(const engine::PipelineView& view, v1::Pipeline& pipeline);

// What the server's own workers do; what remote ones have done is added to it.
void fill(const model::StageStatus& status, v1::Stage& stage);

void fill(const model::StageSpec& spec, v1::StageSpec& message);

void fill(const engine::LimitView& view, v1::Limit& message);

void fill(const engine::ScheduleView& view, v1::Schedule& message);

}  // namespace sluice::wire
