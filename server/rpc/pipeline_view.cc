#include "server/rpc/pipeline_view.h"

#include "server/wire/views.h"

namespace sluice::rpc {

void fill(const engine::PipelineView& view, const runtime::Runtime& runtime, v1::Pipeline& pipeline) {
  wire::fill(view, pipeline);
  for (auto& stage : *pipeline.mutable_stages()) wire::fill(runtime.stage_status(view.name, stage.spec().name()), stage);
}

}  // namespace sluice::rpc
