#include "server/engine/look.h"

#include "server/engine/job.h"
#include "server/engine/tables.h"

namespace sluice::engine {

QueueView view_of(const Tables& tables, base::Time now, const Queue& queue) {
  QueueView view;
  view.name = queue.name;
  view.settings = queue.settings;
  view.state = queue.state;
  view.paused = queue.paused;
  view.create_time = queue.create_time;
  view.pipeline = queue.pipeline;
  view.waiting = queue.waiting();
  view.delayed = queue.delayed.size();
  view.leased = queue.leased.size();
  view.bytes = queue.bytes;
  view.waiting_puts = queue.puts.size();
  view.waiting_gets = queue.gets.size();
  view.waiting_joins = queue.joins.size();
  if (const auto oldest = queue.oldest_put_time()) view.oldest_age = now - *oldest;
  view.idle_count = queue.idle_count;
  view.counters = queue.counters;
  view.wait_times = queue.wait_times;
  view.stalls = stalls_of(tables, now, queue);
  return view;
}

namespace {

// What the remote workers of a stage hold, as far as it is found among the first that are held at all.
std::vector<model::RunningItem> remote_running(const Stage& stage) {
  std::vector<model::RunningItem> running;
  if (stage.remote.in_flight == 0) return running;
  std::size_t looked_at = 0;
  for (const Item& item : stage.input->leased) {
    if (++looked_at > limits::kMaxHeldLookedAt || running.size() == limits::kMaxRunningListed) break;
    const RemoteWorker* worker = item.holder ? item.holder->worker.get() : nullptr;
    if (worker == nullptr || worker->stage != &stage) continue;
    running.push_back({.item = item.id,
                       .start_time = item.holder->since,
                       .attempt = item.attempt,
                       .progress = item.progress,
                       .worker = worker->name});
  }
  return running;
}

}  // namespace

PipelineView view_of(const Tables& tables, base::Time now, const Pipeline& pipeline) {
  PipelineView view;
  view.name = pipeline.name;
  for (const auto& stage : pipeline.stages) {
    const RemoteWork& remote = stage->remote;
    const auto ready = stage->started ? 0U : static_cast<std::uint32_t>(stage->held_gets.size());
    view.stages.push_back({stage->spec, stage->state, stage->workers, remote.workers, remote.in_flight, remote.done,
                           remote.failed, stage->started, ready, remote_running(*stage)});
  }
  for (const Queue* queue : pipeline.queues()) view.queues.push_back(view_of(tables, now, *queue));
  view.create_time = pipeline.create_time;
  view.unfinished = pipeline.unfinished();
  view.finished = pipeline.finished();
  view.idle_count = pipeline.idle_count;
  view.stalls = stalls_of(tables, now, pipeline);
  return view;
}

PeekedItem peeked(const Item& item) {
  PeekedItem peek;
  peek.id = item.id;
  peek.state = item.state;
  peek.body = item.body;
  peek.body_bytes = item.body_bytes;
  peek.priority = item.priority;
  peek.attempt = item.attempt;
  peek.put_time = item.put_time;
  if (item.is_timed() && item.state != model::ItemState::kWaiting) peek.due = item.due;
  peek.last_failure = item.last_failure;
  if (item.job != nullptr) peek.job = item.job->facts.id;
  peek.options = item.options;
  peek.progress = item.progress;
  if (item.holder) {
    const bool named = item.holder->stage.empty() || (item.holder->worker && !item.holder->consumer.empty());
    peek.consumer = named ? item.holder->consumer : item.holder->stage;
  }
  return peek;
}

bool is_final(const Answer& answer) {
  if (const auto* put = std::get_if<PutAnswer>(&answer)) return !put->more;
  if (const auto* await = std::get_if<AwaitAnswer>(&answer)) return await->done || !await->status.ok();
  const auto* join = std::get_if<JoinAnswer>(&answer);
  return join == nullptr || join->done || !join->status.ok();
}

}  // namespace sluice::engine
