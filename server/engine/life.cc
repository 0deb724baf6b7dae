#include "server/engine/life.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "server/engine/flow.h"
#include "server/engine/jobs.h"
#include "server/engine/limit.h"
#include "server/engine/progress.h"
#include "server/engine/special.h"

namespace sluice::engine {
namespace {

using model::ItemState;

// The remote worker that holds the item; null if none does. After a restart nobody knows who held it.
RemoteWorker* worker_at(const Item& item) { return item.holder ? item.holder->worker.get() : nullptr; }

// Takes the item out of its place and its timer; the caller changes it and places it again.
void lift(Step& step, Item& item) {
  Queue& queue = *item.queue;
  queue.displace(item);
  step.tables.timers.cancel(item);
  if (item.state == ItemState::kLeased) {
    step.tables.leases.erase(model::number(item.lease));
    item.lease = {};
    item.last_attempt = false;
    item.completion = nullptr;
    if (item.counts) give_back(step, item);
    if (RemoteWorker* worker = worker_at(item)) worker->let_go();
    item.holder.reset();
    if (item.progress) forget_progress(item);
  }
  step.touch(queue);
}

void change(Item& item, ItemState to) {
  assert(model::may_change(item.state, to));
  item.state = to;
}

// Ends a lifted item for good.
void end(Step& step, Item& item) {
  Queue& queue = *item.queue;
  if (item.job != nullptr) leave_job(step, item);
  leave(step.tables, item);
  queue.note_departure(item);
  queue.bytes -= item.body_bytes;
  step.tables.bytes -= item.body_bytes;
  queue.resident_bytes -= item.resident_bytes();
  step.tables.resident_bytes -= item.resident_bytes();
  step.record_end(item);
  delete &item;
}

// The rank that puts an item where a new or returned one belongs.
std::int64_t fresh_rank(Step& step, const Queue& queue, model::ItemId id) {
  const auto number = static_cast<std::int64_t>(model::number(id == model::ItemId{} ? step.new_item_ids(1) : id));
  return queue.settings.order == model::QueueOrder::kLifo ? -number : number;
}

// Puts a lifted, formerly leased item back among the waiting.
void put_back(Step& step, Item& item) {
  change(item, ItemState::kWaiting);
  // FIFO and PRIORITY: its old rank is ahead of all that came later. LIFO: only a new one is on top.
  if (item.queue->settings.order == model::QueueOrder::kLifo) item.rank = fresh_rank(step, *item.queue, {});
  item.queue->place(item);
  step.record_item(item, false);
}

void put_back_later(Step& step, Item& item, base::Time due) {
  change(item, ItemState::kDelayed);
  if (item.queue->settings.order == model::QueueOrder::kLifo) item.rank = fresh_rank(step, *item.queue, {});
  step.tables.timers.set(item, due);
  item.queue->place(item);
  step.record_item(item, false);
}

// A lifted item that has ended in its queue begins a new life in another. It keeps its id, so that it can be followed.
void move(Step& step, Item& item, Queue& to, model::ItemOptionsPtr options) {
  Queue& from = *item.queue;
  // One that is only moved goes on for its job.
  if (item.job != nullptr && item.state != ItemState::kRedriven) leave_job(step, item);
  leave(step.tables, item);
  from.note_departure(item);
  from.bytes -= item.body_bytes;
  from.resident_bytes -= item.resident_bytes();
  to.bytes += item.body_bytes;
  to.resident_bytes += item.resident_bytes();
  const bool was_recorded = item.is_recorded();
  // Its body stays in the journal, and it with it, if it is nowhere else.
  if (!to.is_kept() && item.body) step.record_end(item);
  item.queue = &to;
  item.options = std::move(options);
  item.state = ItemState::kWaiting;
  item.attempt = 0;
  item.lost = 0;
  item.put_time = step.now;
  item.rank = fresh_rank(step, to, {});
  ++step.count(to).put;
  enter(step.tables, item);
  to.note_arrival(item);
  to.place(item);
  step.record_item(item, !was_recorded);
}

void make_dead_letter(Step& step, Item& item, Queue& to) {
  move(step, item, to, options_of_dead(item, *item.queue, to, step.now));
}

// A lifted item whose attempts are used up.
void bury(Step& step, Item& item) {
  Queue& from = *item.queue;
  change(item, ItemState::kDeadLettered);
  ++step.count(from).dead_lettered;
  if (Queue* to = dead_letter_queue_of(step, from)) return make_dead_letter(step, item, *to);
  end(step, item);
}

base::Duration jittered(Step& step, const model::RetryPolicy& policy, std::uint32_t attempt) {
  const base::Duration longest = policy.backoff(attempt);
  if (policy.jitter <= 0.0) return longest;
  const double kept = 1.0 - policy.jitter * step.tables.dice.roll();
  return base::Duration{static_cast<base::Duration::rep>(static_cast<double>(longest.count()) * kept)};
}

void note_failure(Step& step, Item& item, model::Failure failure) {
  failure.queue = item.queue->name;
  failure.stage = item.holder ? item.holder->stage : std::string();
  failure.attempt = item.attempt;
  failure.time = step.now;
  item.last_failure = std::make_shared<const model::Failure>(std::move(failure));
}

// The same for a lifted item.
void expire_lifted(Step& step, Item& item) {
  Queue& from = *item.queue;
  change(item, ItemState::kExpired);
  ++step.count(from).expired;
  Queue* to = from.settings.dead_letter_expired ? dead_letter_queue_of(step, from) : nullptr;
  if (to == nullptr) return end(step, item);
  model::Failure failure;
  failure.reason = model::failure_reason::kExpired;
  failure.message = "its time to live was over before it was handed out";
  note_failure(step, item, std::move(failure));
  make_dead_letter(step, item, *to);
}

// How many times what is left of the budget one queue may hold of it.
constexpr std::uint64_t kGreed = 8;

// A queue may hold at most kGreed times what is left free: so a deep one leaves a ninth of the budget to those that are shallow
// and fast, two deep ones a seventeenth, and no queue needs to be asked to give anything back. (Dynamic thresholds: Choudhury,
// Hahne, 1998.)
bool may_be_resident(const Tables& tables, const Queue& queue, std::size_t bytes) {
  const std::uint64_t budget = tables.options.payload_memory_bytes;
  if (tables.resident_bytes >= budget || bytes > budget - tables.resident_bytes) return false;
  return (queue.resident_bytes + bytes) / kGreed <= budget - tables.resident_bytes;
}

}  // namespace

void keep_body(Tables& tables, Item& item, model::BodyPtr body) {
  Queue& queue = *item.queue;
  item.body_bytes = body->bytes();
  queue.bytes += item.body_bytes;
  tables.bytes += item.body_bytes;
  if (queue.is_kept() && !may_be_resident(tables, queue, item.body_bytes)) return;
  queue.resident_bytes += item.body_bytes;
  tables.resident_bytes += item.body_bytes;
  item.body = std::move(body);
}

void admit(Step& step, Queue& queue, model::NewItem&& fresh, model::ItemId id, Job* job) {
  auto* item = new Item(queue, id);
  item->priority = fresh.priority;
  item->rank = fresh_rank(step, queue, id);
  item->put_time = step.now;
  item->job = job;
  if (job != nullptr) hold(*job);
  keep_body(step.tables, *item, fresh.body);
  base::Time ready = fresh.delay.count() > 0 ? base::add_saturating(step.now, fresh.delay) : step.now;
  if (fresh.options || queue.settings.time_to_live.count() > 0) {
    if (fresh.options) ready = std::max(ready, fresh.options->not_before);
    item->options = options_for(queue, std::move(fresh.options), step.now);
    enter(step.tables, *item);
    remember_key(step, *item);
  }
  if (ready > step.now) {
    item->state = ItemState::kDelayed;
    step.tables.timers.set(*item, ready);
  }
  queue.note_arrival(*item);
  queue.place(*item);
  ++step.count(queue).put;
  if (queue.is_kept()) step.record(item->record(std::move(fresh.body)));
}

void lease(Step& step, Item& item, base::Time expires, std::shared_ptr<const Holder> holder) {
  Queue& queue = *item.queue;
  lift(step, item);
  change(item, ItemState::kLeased);
  ++item.attempt;
  if (item.attempt == 1) queue.wait_times.add(step.now - item.put_time);
  item.last_attempt = !queue.settings.retry.may_come_back(item.attempt, item.lost);
  item.lease = step.new_lease_id();
  item.holder = std::move(holder);
  if (RemoteWorker* worker = worker_at(item)) worker->take();
  step.tables.leases.emplace(model::number(item.lease), &item);
  step.tables.timers.set(item, expires);
  queue.place(item);
  ++step.count(queue).delivered;
  step.record_item(item, false);
}

void ripen(Step& step, Item& item) {
  lift(step, item);
  change(item, ItemState::kWaiting);
  item.queue->place(item);
  step.record_item(item, false);
}

void release(Step& step, Item& item) {
  lift(step, item);
  --item.attempt;
  if (is_over(item, step.now)) return expire_lifted(step, item);
  put_back(step, item);
}

void finish(Step& step, Item& item) {
  if (RemoteWorker* worker = worker_at(item)) worker->count_done();
  lift(step, item);
  change(item, ItemState::kDone);
  ++step.count(*item.queue).done;
  end(step, item);
}

void discard(Step& step, Item& item) {
  lift(step, item);
  change(item, ItemState::kDiscarded);
  ++step.count(*item.queue).discarded;
  end(step, item);
}

void cancel(Step& step, Item& item) {
  lift(step, item);
  change(item, ItemState::kCancelled);
  ++step.count(*item.queue).cancelled;
  end(step, item);
}

void expire(Step& step, Item& item) {
  lift(step, item);
  expire_lifted(step, item);
}

void redrive(Step& step, Item& item, Queue& to) {
  lift(step, item);
  change(item, ItemState::kRedriven);
  ++step.count(*item.queue).redriven;
  item.last_failure = nullptr;
  move(step, item, to, options_of_redriven(item, to, step.now));
}

std::uint64_t discard_depth(Step& step, Queue& queue) {
  const std::uint64_t count = queue.depth();
  while (!queue.ready.empty()) discard(step, *queue.ready.begin());
  while (!queue.held.empty()) discard(step, *queue.held.begin());
  while (!queue.delayed.empty()) discard(step, *queue.delayed.begin());
  return count;
}

namespace {

// The oldest is the first to go: a timer that runs is right.
void time_requests(Step& step, Queue& queue) {
  if (queue.request_timer.is_timed()) return;
  step.tables.timers.set(queue.request_timer, base::add_saturating(step.now, limits::kRequestIdWindow));
}

}  // namespace

void remember(Step& step, Queue& queue, std::string_view request_id, model::LeaseId lease, model::ItemId first,
              std::uint32_t count, const std::vector<model::ItemId>& ids) {
  queue.requests.remember(step.now, queue.id, RequestLog::key(request_id, lease), first, count, ids,
                          step.request_records(queue));
  time_requests(step, queue);
}

void remember_position(Step& step, Queue& queue, const std::string& producer, std::uint64_t position) {
  queue.producers_here().set_position(step.now, queue.id, producer, position, step.request_records(queue));
  time_requests(step, queue);
}

void claim_position(Step& step, Queue& queue, const std::string& producer, std::uint64_t position, const Caller& owner) {
  // What the store has of one that is over must be gone before another takes its name.
  forget_requests(step, queue);
  queue.producers_here().claim(step.now, queue.id, producer, position, owner, step.request_records(queue));
  time_requests(step, queue);
}

void forget_requests(Step& step, Queue& queue) {
  auto* records = step.request_records(queue);
  base::Time next = queue.requests.forget_expired(step.now, queue.id, records);
  if (queue.producers) next = std::min(next, queue.producers->forget_expired(step.now, queue.id, records));
  step.tables.timers.set(queue.request_timer, next);
}

void fail_attempt(Step& step, Item& item, model::Failure failure, bool do_not_retry,
                  std::optional<base::Duration> retry_delay) {
  Queue& queue = *item.queue;
  const model::RetryPolicy& policy = queue.settings.retry;
  const bool final = do_not_retry || (failure.exit_code && policy.is_final(*failure.exit_code));
  note_failure(step, item, std::move(failure));
  if (RemoteWorker* worker = worker_at(item)) worker->count_failed();
  lift(step, item);
  ++step.count(queue).failed;
  if (final || !policy.allows_another(item.attempt, item.lost)) return bury(step, item);
  if (is_over(item, step.now)) return expire_lifted(step, item);
  ++queue.counters.retried;
  const base::Duration wait = retry_delay ? *retry_delay : jittered(step, policy, item.attempt);
  if (wait.count() <= 0) return put_back(step, item);
  put_back_later(step, item, base::add_saturating(step.now, wait));
}

void lose_lease(Step& step, Item& item, std::string_view reason, std::string_view message) {
  Queue& queue = *item.queue;
  model::Failure failure;
  failure.reason = reason;
  failure.message = message;
  note_failure(step, item, std::move(failure));
  lift(step, item);
  ++step.count(queue).lease_lost;
  if (!queue.settings.retry.allows_another_loss(item.attempt, item.lost)) return bury(step, item);
  if (is_over(item, step.now)) return expire_lifted(step, item);
  ++item.lost;
  ++queue.counters.retried;
  put_back(step, item);
}

void lose_leases(Step& step, const Queue& queue, std::vector<Item*> held, std::string_view reason, std::string_view message) {
  std::ranges::sort(held, {}, [](const Item* item) { return item->rank; });
  // LIFO puts each on top, so that the one that was on top must come last.
  if (queue.settings.order == model::QueueOrder::kLifo) std::ranges::reverse(held);
  for (Item* item : held) lose_lease(step, *item, reason, message);
}

}  // namespace sluice::engine
