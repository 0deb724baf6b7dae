#include "server/engine/joins.h"

#include <algorithm>

#include "server/engine/look.h"

namespace sluice::engine {
namespace {

JoinAnswer progress_of(const Step& step, const Queue& queue) {
  return {absl::OkStatus(), false, queue.idle_count, view_of(step.tables, step.now, queue)};
}

JoinAnswer progress_of(const Step& step, const Pipeline& pipeline) {
  return {absl::OkStatus(), false, pipeline.idle_count, view_of(step.tables, step.now, pipeline)};
}

template <class Joined>
JoinAnswer done_of(const Step& step, const Joined& joined) {
  JoinAnswer answer = progress_of(step, joined);
  answer.done = true;
  return answer;
}

bool is_idle(const Queue& queue) { return queue.unfinished() == 0; }
bool is_idle(const Pipeline& pipeline) { return pipeline.idle(); }

std::uint64_t version_of(const Queue& queue) { return queue.version; }
std::uint64_t version_of(const Pipeline& pipeline) { return pipeline.version(); }

void involve(Step& step, const Queue& queue) { step.involve(queue); }
void involve(Step& step, const Pipeline& pipeline) {
  for (const Queue* queue : pipeline.queues()) step.involve(*queue);
}

template <class Joined>
void wait_for(Step& step, Joined& joined, const JoinCommand& command, Caller& caller, Joined* JoinWaiter::*what) {
  const bool idle_since = command.since_idle_count && joined.idle_count > *command.since_idle_count;
  if (is_idle(joined) || idle_since) return step.answer(&caller, done_of(step, joined));
  if (auto status = step.tables.check_may_wait(); !status.ok()) {
    return step.answer(&caller, JoinAnswer{status, false, 0, {}});
  }
  joined.joins.telling.emplace_back(command.progress_interval, caller);
  JoinWaiter& waiting = joined.joins.telling.back();
  waiting.*what = &joined;
  waiting.self = std::prev(joined.joins.telling.end());
  waiting.told_version = version_of(joined);
  waiting.told = step.now;
  step.tables.waiting.emplace(&caller, &waiting);
  step.tables.timers.set(waiting, base::add_saturating(step.now, waiting.interval));
  step.answer(&caller, progress_of(step, joined));
}

Joins& joins_of(const JoinWaiter& join) { return join.queue != nullptr ? join.queue->joins : join.pipeline->joins; }

template <class Joined>
void end_joins(Step& step, Joined& joined) {
  while (!joined.joins.empty()) {
    JoinWaiter& waiting = joined.joins.any();
    step.answer(waiting.caller, done_of(step, joined));
    withdraw(step, waiting);
  }
}

// Until something changes, or the time comes at which all that does not change is a stall.
void rest(Step& step, JoinWaiter& join, base::Time stalls) {
  if (stalls > step.now) step.tables.timers.set(join, stalls);
  if (join.resting) return;
  Joins& joins = joins_of(join);
  join.resting = true;
  joins.resting.splice(joins.resting.end(), joins.telling, join.self);
}

void keep_telling(JoinWaiter& join) {
  if (!join.resting) return;
  Joins& joins = joins_of(join);
  join.resting = false;
  joins.telling.splice(joins.telling.end(), joins.resting, join.self);
}

template <class Joined>
void tell(Step& step, const Joined& joined, JoinWaiter& join) {
  const std::uint64_t version = version_of(joined);
  const base::Time stalls = stalls_by_time(joined);
  const bool has_stalled = join.told < stalls && stalls <= step.now;
  if (version == join.told_version && !has_stalled) return rest(step, join, stalls);
  keep_telling(join);
  involve(step, joined);
  step.answer(join.caller, progress_of(step, joined));
  join.told_version = version;
  join.told = step.now;
  step.tables.timers.set(join, base::add_saturating(step.now, join.interval));
}

void wake(Step& step, Joins& joins) {
  for (JoinWaiter& join : joins.resting) {
    join.resting = false;
    step.tables.timers.set(join, std::max(step.now, base::add_saturating(join.told, join.interval)));
  }
  joins.telling.splice(joins.telling.end(), joins.resting);
}

}  // namespace

void begin_join(Step& step, Queue& queue, const JoinCommand& command, Caller& caller) {
  wait_for(step, queue, command, caller, &JoinWaiter::queue);
}

void begin_join(Step& step, Pipeline& pipeline, const JoinCommand& command, Caller& caller) {
  wait_for(step, pipeline, command, caller, &JoinWaiter::pipeline);
}

void note_idle(Step& step, Queue& queue) {
  const bool idle = is_idle(queue);
  if (idle && !queue.was_idle) {
    step.count(queue);
    ++queue.idle_count;
  }
  queue.was_idle = idle;
  if (idle) end_joins(step, queue);
  for (Stage* stage : queue.readers) note_idle(step, *stage->pipeline);
}

void note_idle(Step& step, Pipeline& pipeline) {
  const bool idle = pipeline.idle();
  if (idle && !pipeline.was_idle) {
    ++pipeline.idle_count;
    if (pipeline.is_kept()) step.record(pipeline.record());
  }
  pipeline.was_idle = idle;
  if (!idle || pipeline.joins.empty()) return;
  involve(step, pipeline);
  end_joins(step, pipeline);
}

void tell_progress(Step& step, JoinWaiter& join) {
  if (join.queue != nullptr) return tell(step, *join.queue, join);
  tell(step, *join.pipeline, join);
}

void wake_joins(Step& step, Queue& queue) {
  wake(step, queue.joins);
  for (const Stage* stage : queue.readers) wake(step, stage->pipeline->joins);
  for (const Stage* stage : queue.feeders) wake(step, stage->pipeline->joins);
}

void refuse_joins(Step& step, Joins& joins, const absl::Status& status) {
  while (!joins.empty()) {
    step.answer(joins.any().caller, JoinAnswer{status, false, 0, {}});
    withdraw(step, joins.any());
  }
}

void withdraw(Step& step, JoinWaiter& join) {
  step.tables.timers.cancel(join);
  step.tables.waiting.erase(join.caller);
  Joins& joins = joins_of(join);
  (join.resting ? joins.resting : joins.telling).erase(join.self);
}

}  // namespace sluice::engine
