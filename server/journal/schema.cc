#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

std::int64_t micros(base::Time time) { return time.time_since_epoch().count(); }
base::Time time_of(std::int64_t micros) { return base::Time{base::Duration{micros}}; }

store::Order to_store(model::QueueOrder order) {
  switch (order) {
    case model::QueueOrder::kFifo:
      return store::ORDER_FIFO;
    case model::QueueOrder::kLifo:
      return store::ORDER_LIFO;
    case model::QueueOrder::kPriority:
      return store::ORDER_PRIORITY;
  }
  return store::ORDER_FIFO;
}

model::QueueOrder from_store(store::Order order) {
  if (order == store::ORDER_LIFO) return model::QueueOrder::kLifo;
  return order == store::ORDER_PRIORITY ? model::QueueOrder::kPriority : model::QueueOrder::kFifo;
}

void to_store(const model::QueueSettings& settings, store::QueueSettings& out) {
  out.set_capacity(settings.capacity);
  out.set_order(to_store(settings.order));
  out.set_lease_duration(settings.lease_duration.count());
  out.set_max_attempts(settings.retry.max_attempts);
  out.set_initial_backoff(settings.retry.initial_backoff.count());
  out.set_max_backoff(settings.retry.max_backoff.count());
  out.set_multiplier(settings.retry.multiplier);
  out.set_jitter(settings.retry.jitter);
  out.set_dead_letter_queue(settings.dead_letter_queue);
  const bool in_memory = settings.durability == model::Durability::kMemory;
  out.set_max_lost_attempts(settings.retry.max_lost_attempts);
  out.mutable_final_exit_codes()->Assign(settings.retry.final_exit_codes.begin(), settings.retry.final_exit_codes.end());
  out.set_durability(in_memory ? store::DURABILITY_MEMORY : store::DURABILITY_SYNC);
  out.set_time_to_live(settings.time_to_live.count());
  out.set_dead_letter_expired(settings.dead_letter_expired);
  out.set_dedup_window(settings.dedup_window.count());
}

model::QueueSettings from_store(store::QueueSettings&& stored) {
  model::QueueSettings settings;
  settings.capacity = stored.capacity();
  settings.order = from_store(stored.order());
  settings.lease_duration = base::Duration{stored.lease_duration()};
  settings.retry.max_attempts = stored.max_attempts();
  settings.retry.initial_backoff = base::Duration{stored.initial_backoff()};
  settings.retry.max_backoff = base::Duration{stored.max_backoff()};
  settings.retry.multiplier = stored.multiplier();
  settings.retry.jitter = stored.jitter();
  settings.retry.max_lost_attempts = stored.max_lost_attempts();
  settings.retry.final_exit_codes.assign(stored.final_exit_codes().begin(), stored.final_exit_codes().end());
  settings.dead_letter_queue = std::move(*stored.mutable_dead_letter_queue());
  const bool in_memory = stored.durability() == store::DURABILITY_MEMORY;
  settings.durability = in_memory ? model::Durability::kMemory : model::Durability::kSync;
  settings.time_to_live = base::Duration{stored.time_to_live()};
  settings.dead_letter_expired = stored.dead_letter_expired();
  if (stored.dedup_window() > 0) settings.dedup_window = base::Duration{stored.dedup_window()};
  return settings;
}

void to_store(const model::ItemOptions& options, store::ItemOptions& out) {
  out.set_time_to_live(options.time_to_live.count());
  if (options.expires != base::kNever) out.set_expires(micros(options.expires));
  out.set_dedup_key(options.dedup_key);
  out.set_dedup_window(options.dedup_window.count());
  out.set_unique_key(options.unique_key);
  out.set_order_key(options.order_key);
  out.set_dead_from(options.dead_from);
}

model::ItemOptions from_store(store::ItemOptions&& stored) {
  model::ItemOptions options;
  options.time_to_live = base::Duration{stored.time_to_live()};
  if (stored.expires() != 0) options.expires = time_of(stored.expires());
  options.dedup_key = std::move(*stored.mutable_dedup_key());
  options.dedup_window = base::Duration{stored.dedup_window()};
  options.unique_key = std::move(*stored.mutable_unique_key());
  options.order_key = std::move(*stored.mutable_order_key());
  options.dead_from = std::move(*stored.mutable_dead_from());
  return options;
}

// Only unfinished items are ever recorded.
store::State to_store(model::ItemState state) {
  if (state == model::ItemState::kDelayed) return store::STATE_DELAYED;
  return state == model::ItemState::kLeased ? store::STATE_LEASED : store::STATE_WAITING;
}

model::ItemState from_store(store::State state) {
  if (state == store::STATE_DELAYED) return model::ItemState::kDelayed;
  return state == store::STATE_LEASED ? model::ItemState::kLeased : model::ItemState::kWaiting;
}

store::StageState to_store(model::StageState state) {
  if (state == model::StageState::kPaused) return store::STAGE_STATE_PAUSED;
  return state == model::StageState::kFinished ? store::STAGE_STATE_FINISHED : store::STAGE_STATE_RUNNING;
}

model::StageState from_store(store::StageState state) {
  if (state == store::STAGE_STATE_PAUSED) return model::StageState::kPaused;
  return state == store::STAGE_STATE_FINISHED ? model::StageState::kFinished : model::StageState::kRunning;
}

// Into a Body, or into the Item that it is so small for.
template <class Message>
void write_body(const model::Body& body, Message& out) {
  out.set_payload(body.payload);
  for (const auto& [key, value] : body.attributes) {
    store::Attribute& attribute = *out.add_attributes();
    attribute.set_key(key);
    attribute.set_value(value);
  }
}

template <class Message>
model::BodyPtr read_body(Message& stored) {
  auto body = std::make_shared<model::Body>();
  body->payload = std::move(*stored.mutable_payload());
  for (auto& attribute : *stored.mutable_attributes()) {
    body->attributes.emplace_back(std::move(*attribute.mutable_key()), std::move(*attribute.mutable_value()));
  }
  return body;
}

}  // namespace

void to_store(const model::Failure& failure, store::Failure& out) {
  out.set_reason(failure.reason);
  out.set_message(failure.message);
  out.set_stderr_tail(failure.stderr_tail);
  if (failure.exit_code) out.set_exit_code(*failure.exit_code);
  if (failure.signal) out.set_signal(*failure.signal);
  out.set_queue(failure.queue);
  out.set_stage(failure.stage);
  out.set_attempt(failure.attempt);
  out.set_time(micros(failure.time));
}

model::Failure from_store(store::Failure&& stored) {
  model::Failure failure;
  failure.reason = std::move(*stored.mutable_reason());
  failure.message = std::move(*stored.mutable_message());
  failure.stderr_tail = std::move(*stored.mutable_stderr_tail());
  if (stored.has_exit_code()) failure.exit_code = stored.exit_code();
  if (stored.has_signal()) failure.signal = stored.signal();
  failure.queue = std::move(*stored.mutable_queue());
  failure.stage = std::move(*stored.mutable_stage());
  failure.attempt = stored.attempt();
  failure.time = time_of(stored.time());
  return failure;
}

void to_store(const model::SequenceRecord& record, store::Sequence& out) {
  out.Clear();
  out.set_item_ids_below(record.item_ids_below);
  out.set_lease_ids_below(record.lease_ids_below);
  out.set_queue_ids_below(record.queue_ids_below);
}

model::SequenceRecord from_store(const store::Sequence& stored) {
  return {stored.item_ids_below(), stored.lease_ids_below(), stored.queue_ids_below()};
}

void to_store(const model::QueueRecord& record, store::Queue& out) {
  out.Clear();
  out.set_name(record.name);
  to_store(record.settings, *out.mutable_settings());
  out.set_closed(record.state == model::QueueState::kClosed);
  out.set_paused(record.paused);
  out.set_create_time(micros(record.create_time));
  out.set_pipeline(record.pipeline);
}

model::QueueRecord from_store(store::Queue&& stored) {
  model::QueueRecord record;
  record.name = std::move(*stored.mutable_name());
  record.settings = from_store(std::move(*stored.mutable_settings()));
  record.state = stored.closed() ? model::QueueState::kClosed : model::QueueState::kOpen;
  record.paused = stored.paused();
  record.create_time = time_of(stored.create_time());
  record.pipeline = std::move(*stored.mutable_pipeline());
  return record;
}

void to_store(const model::CountersRecord& record, store::Counters& out) {
  out.Clear();
  out.set_put(record.counters.put);
  out.set_done(record.counters.done);
  out.set_delivered(record.counters.delivered);
  out.set_failed(record.counters.failed);
  out.set_lease_lost(record.counters.lease_lost);
  out.set_retried(record.counters.retried);
  out.set_dead_lettered(record.counters.dead_lettered);
  out.set_discarded(record.counters.discarded);
  out.set_rejected(record.counters.rejected);
  out.set_cancelled(record.counters.cancelled);
  out.set_expired(record.counters.expired);
  out.set_redriven(record.counters.redriven);
  out.set_duplicates(record.counters.duplicates);
  out.set_idle_count(record.idle_count);
}

model::CountersRecord from_store(const store::Counters& stored) {
  model::CountersRecord record;
  record.counters.put = stored.put();
  record.counters.done = stored.done();
  record.counters.delivered = stored.delivered();
  record.counters.failed = stored.failed();
  record.counters.lease_lost = stored.lease_lost();
  record.counters.retried = stored.retried();
  record.counters.dead_lettered = stored.dead_lettered();
  record.counters.discarded = stored.discarded();
  record.counters.rejected = stored.rejected();
  record.counters.cancelled = stored.cancelled();
  record.counters.expired = stored.expired();
  record.counters.redriven = stored.redriven();
  record.counters.duplicates = stored.duplicates();
  record.idle_count = stored.idle_count();
  return record;
}

void to_store(const model::ItemRecord& record, store::Item& out) {
  out.Clear();
  out.set_queue_id(model::number(record.queue));
  out.set_state(to_store(record.state));
  out.set_priority(record.priority);
  out.set_rank(record.rank);
  out.set_attempt(record.attempt);
  out.set_lost(record.lost);
  out.set_put_time(micros(record.put_time));
  out.set_due(micros(record.due));
  if (record.last_failure) to_store(*record.last_failure, *out.mutable_last_failure());
  if (record.options) to_store(*record.options, *out.mutable_options());
  out.set_job_id(model::number(record.job));
}

model::ItemRecord from_store(store::Item&& stored) {
  model::ItemRecord record;
  record.queue = model::QueueId{stored.queue_id()};
  record.state = from_store(stored.state());
  record.priority = stored.priority();
  record.rank = stored.rank();
  record.attempt = stored.attempt();
  record.lost = stored.lost();
  record.put_time = time_of(stored.put_time());
  record.due = time_of(stored.due());
  record.job = model::JobId{stored.job_id()};
  if (stored.has_last_failure()) {
    record.last_failure = std::make_shared<const model::Failure>(from_store(std::move(*stored.mutable_last_failure())));
  }
  if (stored.has_options()) {
    record.options = std::make_shared<const model::ItemOptions>(from_store(std::move(*stored.mutable_options())));
  }
  return record;
}

void add_to_store(const model::Body& body, store::Item& out) { write_body(body, out); }

void to_store(const model::Body& body, store::Body& out) {
  out.Clear();
  write_body(body, out);
}

model::BodyPtr from_store(store::Body&& stored) { return read_body(stored); }
model::BodyPtr body_from_store(store::Item& stored) { return read_body(stored); }

void to_store(const model::RequestRecord& record, store::Request& out) {
  out.Clear();
  out.set_expires(micros(record.expires));
  out.set_first_item_id(model::number(record.first));
  out.set_count(record.count);
  for (const model::ItemId id : record.ids) out.add_item_ids(model::number(id));
  out.set_position(record.position);
}

model::RequestRecord from_store(const store::Request& stored) {
  model::RequestRecord record;
  record.expires = time_of(stored.expires());
  record.first = model::ItemId{stored.first_item_id()};
  record.count = stored.count();
  for (const std::uint64_t id : stored.item_ids()) record.ids.push_back(model::ItemId{id});
  record.position = stored.position();
  return record;
}

void to_store(const model::PipelineRecord& record, store::Pipeline& out) {
  out.Clear();
  for (const auto& stage : record.stages) {
    store::Stage& stored = *out.add_stages();
    stored.set_name(stage.spec.name);
    stored.set_input(stage.spec.input);
    stored.set_output(stage.spec.output);
    stored.set_handler(stage.spec.handler);
    stored.set_workers(stage.spec.workers);
    stored.set_state(to_store(stage.state));
    stored.set_start_workers(stage.spec.start_workers);
    for (const auto& limit : stage.spec.limits) stored.add_limits(limit);
  }
  out.set_create_time(micros(record.create_time));
  out.set_idle_count(record.idle_count);
}

model::PipelineRecord from_store(store::Pipeline&& stored) {
  model::PipelineRecord record;
  for (auto& stage : *stored.mutable_stages()) {
    model::StageSpec spec;
    spec.name = std::move(*stage.mutable_name());
    spec.input = std::move(*stage.mutable_input());
    spec.output = std::move(*stage.mutable_output());
    spec.handler = std::move(*stage.mutable_handler());
    spec.workers = stage.workers();
    spec.start_workers = stage.start_workers();
    for (auto& limit : *stage.mutable_limits()) spec.limits.push_back(std::move(limit));
    record.stages.push_back({std::move(spec), from_store(stage.state())});
  }
  record.create_time = time_of(stored.create_time());
  record.idle_count = stored.idle_count();
  return record;
}

void to_store(const model::LimitRecord& record, store::Limit& out) {
  out.Clear();
  out.set_max_at_once(record.spec.max_at_once);
  out.set_per_second(record.spec.per_second);
  out.set_burst(record.spec.burst);
}

model::LimitRecord from_store(store::Limit&& stored) {
  model::LimitRecord record;
  record.spec.max_at_once = stored.max_at_once();
  record.spec.per_second = stored.per_second();
  record.spec.burst = stored.burst();
  return record;
}

void to_store(const model::ScheduleRecord& record, store::Schedule& out) {
  out.Clear();
  const auto& [spec, state] = record;
  out.set_queue(spec.queue);
  out.set_cron(spec.cron);
  out.set_time_zone(spec.time_zone);
  out.set_every(spec.every.count());
  write_body(*spec.body, out);
  out.set_priority(spec.priority);
  out.set_catch_up(spec.catch_up);
  out.set_paused(state.paused);
  out.set_create_time(micros(state.create_time));
  out.set_next(micros(state.next));
  for (const base::Time tick : state.waiting) out.add_waiting(micros(tick));
  out.set_put(state.counters.put);
  out.set_skipped(state.counters.skipped);
  out.set_refused(state.counters.refused);
  out.set_last_tick(micros(state.last_tick));
  out.set_last_error(state.last_error);
}

model::ScheduleRecord from_store(store::Schedule&& stored) {
  model::ScheduleRecord record;
  auto& [spec, state] = record;
  spec.queue = std::move(*stored.mutable_queue());
  spec.cron = std::move(*stored.mutable_cron());
  spec.time_zone = std::move(*stored.mutable_time_zone());
  spec.every = base::Duration{stored.every()};
  spec.body = read_body(stored);
  spec.priority = stored.priority();
  spec.catch_up = stored.catch_up();
  state.paused = stored.paused();
  state.create_time = time_of(stored.create_time());
  state.next = time_of(stored.next());
  for (const std::int64_t tick : stored.waiting()) state.waiting.push_back(time_of(tick));
  state.counters = {stored.put(), stored.skipped(), stored.refused()};
  state.last_tick = time_of(stored.last_tick());
  state.last_error = std::move(*stored.mutable_last_error());
  return record;
}

}  // namespace sluice::journal
