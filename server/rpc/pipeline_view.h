// Pipelines as the engine and the runtime see them together.
#pragma once

#include "server/engine/views.h"
#include "server/runtime/runtime.h"
#include "sluice/v1/pipeline.pb.h"

namespace sluice::rpc {

// What the engine shows, and for every stage what its workers are doing.
void fill(const engine::PipelineView& view, const runtime::Runtime& runtime, v1::Pipeline& pipeline);

}  // namespace sluice::rpc
