#include "server/rpc/pipeline_view.h"

#include "server/wire/time.h"
#include "server/wire/views.h"

namespace sluice::rpc {

void fill(const runtime::StageStatus& status, v1::Stage& stage) {
  stage.set_workers(status.workers);
  stage.set_busy_workers(status.busy);
  stage.set_wakeups(status.wakeups);
  stage.set_idle_wakeups(status.idle_wakeups);
  stage.set_succeeded(status.succeeded);
  stage.set_failed(status.failed);
  for (const auto& running : status.running) {
    auto& message = *stage.add_running();
    message.set_item_id(model::number(running.item));
    wire::set_time(running.start_time, *message.mutable_start_time());
    message.set_pid(running.pid);
    message.set_attempt(running.attempt);
  }
}

void fill(const engine::PipelineView& view, const runtime::Runtime& runtime, v1::Pipeline& pipeline) {
  wire::fill(view, pipeline);
  for (auto& stage : *pipeline.mutable_stages()) fill(runtime.stage_status(view.name, stage.spec().name()), stage);
}

}  // namespace sluice::rpc
