#include "server/engine/settle.h"

#include "server/engine/awaits.h"
#include "server/engine/delivery.h"
#include "server/engine/flow.h"
#include "server/engine/gate.h"
#include "server/engine/jobs.h"
#include "server/engine/joins.h"
#include "server/engine/life.h"
#include "server/engine/limit.h"
#include "server/engine/schedule.h"
#include "server/engine/special.h"
#include "server/engine/transfer.h"

namespace sluice::engine {
namespace {

// Workers end when nothing can come any more. Something may come all the same: an item that its consumer released, or that
// changed settings allow another attempt.
void recall_workers(Step& step, const Stage& stage) {
  const Queue& input = *stage.input;
  if (input.closed() && !input.ready.empty() && stage.workers < stage.wanted_workers()) tell_workers(step, stage);
}

void settle(Step& step, Queue& queue) {
  // Before waiting puts are admitted: they do not count yet, and a join does not wait for them.
  note_idle(step, queue);
  for (Stage* stage : queue.readers) tend_gate(step, *stage);
  // Each hand-out makes room, each admission brings something to hand out.
  bool more = true;
  while (more) {
    more = admit_waiting(step, queue);
    more = serve_waiting(step, queue) || more;
  }
  for (Stage* stage : queue.readers) {
    finish_if_done(step, *stage);
    recall_workers(step, *stage);
    note_idle(step, *stage->pipeline);
  }
}

void fall_due(Step& step, Item& item) {
  if (item.state == model::ItemState::kDelayed) return ripen(step, item);
  lose_lease(step, item, model::failure_reason::kLeaseExpired,
             "the consumer neither ended nor extended its lease in time, or was lost");
}

// One that is held by a consumer may be finished; if it comes back, its time is found to be over.
void end_of_time(Step& step, Item& item) {
  if (item.state != model::ItemState::kLeased) expire(step, item);
}

void handle(Step& step, Timed& due) {
  switch (due.kind) {
    case TimedKind::kItem:
      return fall_due(step, static_cast<Item&>(due));
    case TimedKind::kTransfer:
      return time_out(step, static_cast<Transfer&>(due));
    case TimedKind::kGet:
      return time_out(step, static_cast<GetWaiter&>(due));
    case TimedKind::kJoin:
      return tell_progress(step, static_cast<JoinWaiter&>(due));
    case TimedKind::kJob:
      return fall_due(step, static_cast<Job&>(due));
    case TimedKind::kBatch:
      return fall_due(step, static_cast<Batch&>(due));
    case TimedKind::kAwait:
      return tell_progress(step, static_cast<Awaiter&>(due));
    case TimedKind::kRequests:
      return forget_requests(step, *static_cast<RequestTimer&>(due).queue);
    case TimedKind::kExpiry:
      return end_of_time(step, *static_cast<Special&>(due).item);
    case TimedKind::kKeys:
      return forget_keys(step, static_cast<QueueKeys&>(due));
    case TimedKind::kLimit:
      return settle(step, static_cast<Limit&>(due));
    case TimedKind::kSchedule:
      return fall_due(step, static_cast<Schedule&>(due));
  }
}

void settle_queues(Step& step) {
  auto& pending = step.tables.to_settle;
  // By index: settling one queue may add others at the end.
  for (std::size_t i = 0; i < pending.size(); ++i) {
    Queue& queue = *pending[i];
    queue.needs_settling = false;
    settle(step, queue);
  }
  pending.clear();
}

void settle_limits(Step& step) {
  auto& limits = step.tables.limits_to_settle;
  while (!limits.empty()) {
    const auto limit = std::move(limits.back());
    limits.pop_back();
    settle(step, *limit);
    settle_queues(step);
  }
}

void settle_all(Step& step) {
  // Before a queue is closed because its stages are finished: a batch may want to put its callback there.
  end_batches(step);
  do {
    settle_queues(step);
    settle_limits(step);
  } while (end_batches(step));
}

void record_counters(Step& step) {
  for (Queue* queue : step.tables.to_count) {
    queue->counters_changed = false;
    if (queue->is_kept()) step.record(queue->counters_record());
  }
  step.tables.to_count.clear();
}

void end_command(Step& step) {
  record_counters(step);
  record_batches(step);
  tell_awaiters(step);
  step.note_dependence();
}

}  // namespace

void settle(Step& step) {
  settle_all(step);
  end_command(step);
}

void fall_due(Step& step) {
  while (Timed* due = step.tables.timers.pop_due(step.now)) {
    handle(step, *due);
    settle_all(step);
  }
  end_command(step);
}

}  // namespace sluice::engine
