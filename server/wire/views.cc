#include "server/wire/views.h"

#include <algorithm>
#include <utility>

#include "server/base/limits.h"
#include "server/wire/progress.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

v1::QueueState state_message(model::QueueState state) {
  return state == model::QueueState::kOpen ? v1::QUEUE_STATE_OPEN : v1::QUEUE_STATE_CLOSED;
}

v1::StageState state_message(model::StageState state) {
  switch (state) {
    case model::StageState::kRunning:
      return v1::STAGE_STATE_RUNNING;
    case model::StageState::kPaused:
      return v1::STAGE_STATE_PAUSED;
    case model::StageState::kFinished:
      return v1::STAGE_STATE_FINISHED;
  }
  return v1::STAGE_STATE_UNSPECIFIED;
}

void fill(const model::QueueCounters& counters, v1::QueueCounters& message) {
  message.set_put(counters.put);
  message.set_done(counters.done);
  message.set_delivered(counters.delivered);
  message.set_failed(counters.failed);
  message.set_lease_lost(counters.lease_lost);
  message.set_retried(counters.retried);
  message.set_dead_lettered(counters.dead_lettered);
  message.set_discarded(counters.discarded);
  message.set_rejected(counters.rejected);
  message.set_cancelled(counters.cancelled);
  message.set_expired(counters.expired);
  message.set_redriven(counters.redriven);
  message.set_duplicates(counters.duplicates);
}

void fill(const engine::Stall& stall, v1::Stall& message) {
  message.set_reason(std::string(engine::name(stall.reason)));
  message.set_queue(stall.queue);
  message.set_message(stall.message);
}

void fill(const model::RunningItem& running, v1::RunningItem& message) {
  message.set_item_id(model::number(running.item));
  set_time(running.start_time, *message.mutable_start_time());
  message.set_pid(running.pid);
  message.set_attempt(running.attempt);
  if (running.progress) wire::fill(*running.progress, *message.mutable_progress());
  message.set_worker(utf8_repaired(running.worker));
}

// Two lists have become one.
void keep_longest(google::protobuf::RepeatedPtrField<v1::RunningItem>& running) {
  const auto start = [](const v1::RunningItem& item) {
    return std::pair(item.start_time().seconds(), item.start_time().nanos());
  };
  std::stable_sort(running.begin(), running.end(),
                   [&](const v1::RunningItem& a, const v1::RunningItem& b) { return start(a) < start(b); });
  const int most = static_cast<int>(limits::kMaxRunningListed);
  if (running.size() > most) running.DeleteSubrange(most, running.size() - most);
}

void fill(const engine::StageView& view, v1::Stage& stage) {
  wire::fill(view.spec, *stage.mutable_spec());
  stage.set_state(state_message(view.state));
  stage.set_workers(view.workers);
  stage.set_remote_workers(view.remote_workers);
  stage.set_remote_items(view.remote_items);
  stage.set_succeeded(view.remote_done);
  stage.set_failed(view.remote_failed);
  stage.set_waits_for_workers(!view.started);
  stage.set_ready_workers(view.ready_workers);
  for (const auto& running : view.remote_running) fill(running, *stage.add_running());
}

const engine::QueueView* find(const engine::PipelineView& view, std::string_view queue) {
  for (const auto& candidate : view.queues) {
    if (candidate.name == queue) return &candidate;
  }
  return nullptr;
}

}  // namespace

void fill(const engine::QueueView& view, v1::Queue& queue) {
  queue.set_name(view.name);
  *queue.mutable_settings() = settings_message(view.settings);
  queue.set_state(state_message(view.state));
  queue.set_paused(view.paused);
  set_time(view.create_time, *queue.mutable_create_time());
  queue.set_pipeline(view.pipeline);
  queue.set_waiting(view.waiting);
  queue.set_delayed(view.delayed);
  queue.set_leased(view.leased);
  queue.set_unfinished(view.unfinished());
  queue.set_bytes(view.bytes);
  queue.set_waiting_puts(view.waiting_puts);
  queue.set_waiting_gets(view.waiting_gets);
  queue.set_waiting_joins(view.waiting_joins);
  if (view.oldest_age) set_duration(*view.oldest_age, *queue.mutable_oldest_age());
  fill(view.counters, *queue.mutable_counters());
  for (const auto& stall : view.stalls) fill(stall, *queue.add_stalls());
}

void fill(const engine::PipelineView& view, v1::Pipeline& pipeline) {
  pipeline.set_name(view.name);
  for (const auto& stage : view.stages) {
    auto& message = *pipeline.add_stages();
    fill(stage, message);
    if (const auto* input = find(view, stage.spec.input)) {
      *message.mutable_spec()->mutable_retry() = retry_message(input->settings.retry);
    }
  }
  for (const auto& queue : view.queues) fill(queue, *pipeline.add_queues());
  set_time(view.create_time, *pipeline.mutable_create_time());
  pipeline.set_unfinished(view.unfinished);
  pipeline.set_finished(view.finished);
  for (const auto& stall : view.stalls) fill(stall, *pipeline.add_stalls());
}

void fill(const model::StageSpec& spec, v1::StageSpec& message) {
  message.set_name(spec.name);
  message.set_input(spec.input);
  message.set_output(spec.output);
  message.set_handler(spec.handler);
  message.set_workers(spec.workers);
  message.set_start_workers(spec.start_workers);
  for (const auto& limit : spec.limits) message.add_limits(limit);
}

void fill(const model::StageStatus& status, v1::Stage& stage) {
  stage.set_workers(status.workers);
  stage.set_busy_workers(status.busy);
  stage.set_wakeups(status.wakeups);
  stage.set_idle_wakeups(status.idle_wakeups);
  stage.set_succeeded(stage.succeeded() + status.succeeded);
  stage.set_failed(stage.failed() + status.failed);
  const bool has_remote = stage.running_size() > 0;
  for (const auto& running : status.running) fill(running, *stage.add_running());
  if (has_remote && !status.running.empty()) keep_longest(*stage.mutable_running());
}

}  // namespace sluice::wire
