#include "client/src/convert.h"

namespace sluice::internal {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

QueueOrder from_proto(v1::QueueOrder order) {
  switch (order) {
    case v1::QUEUE_ORDER_LIFO:
      return QueueOrder::kLifo;
    case v1::QUEUE_ORDER_PRIORITY:
      return QueueOrder::kPriority;
    default:
      return QueueOrder::kFifo;
  }
}

RetryPolicy from_proto(const v1::RetryPolicy& retry) {
  RetryPolicy out;
  if (retry.has_max_attempts()) out.max_attempts = retry.max_attempts();
  if (retry.has_initial_backoff()) out.initial_backoff = internal::from_proto(retry.initial_backoff());
  if (retry.has_max_backoff()) out.max_backoff = internal::from_proto(retry.max_backoff());
  if (retry.has_multiplier()) out.multiplier = retry.multiplier();
  if (retry.has_jitter()) out.jitter = retry.jitter();
  if (retry.has_max_lost_attempts()) out.max_lost_attempts = retry.max_lost_attempts();
  if (retry.has_final_exit_codes()) {
    const auto& codes = retry.final_exit_codes().codes();
    out.final_exit_codes.emplace(codes.begin(), codes.end());
  }
  return out;
}

std::vector<Stall> from_proto(const google::protobuf::RepeatedPtrField<v1::Stall>& stalls) {
  std::vector<Stall> out;
  for (const v1::Stall& stall : stalls) {
    out.push_back({.reason = stall.reason(), .queue = stall.queue(), .message = stall.message()});
  }
  return out;
}

QueueCounters from_proto(const v1::QueueCounters& counters) {
  return {.put = counters.put(),
          .done = counters.done(),
          .delivered = counters.delivered(),
          .failed = counters.failed(),
          .lease_lost = counters.lease_lost(),
          .retried = counters.retried(),
          .dead_lettered = counters.dead_lettered(),
          .discarded = counters.discarded(),
          .rejected = counters.rejected(),
          .cancelled = counters.cancelled(),
          .expired = counters.expired(),
          .redriven = counters.redriven(),
          .duplicates = counters.duplicates()};
}

ItemState from_proto(v1::ItemState state) {
  switch (state) {
    case v1::ITEM_STATE_DELAYED:
      return ItemState::kDelayed;
    case v1::ITEM_STATE_LEASED:
      return ItemState::kLeased;
    default:
      return ItemState::kWaiting;
  }
}

StageState from_proto(v1::StageState state) {
  switch (state) {
    case v1::STAGE_STATE_PAUSED:
      return StageState::kPaused;
    case v1::STAGE_STATE_FINISHED:
      return StageState::kFinished;
    default:
      return StageState::kRunning;
  }
}

}  // namespace

Duration from_proto(const google::protobuf::Duration& duration) {
  return std::chrono::duration_cast<Duration>(seconds(duration.seconds()) + nanoseconds(duration.nanos()));
}

Time from_proto(const google::protobuf::Timestamp& time) {
  return Time(std::chrono::duration_cast<system_clock::duration>(seconds(time.seconds()) + nanoseconds(time.nanos())));
}

Time from_unix_micros(std::int64_t micros) {
  // The lease of a stream, which never runs out, has the latest time of all; finer units end sooner.
  constexpr auto kLast = std::chrono::floor<std::chrono::microseconds>(Time::max().time_since_epoch());
  constexpr auto kFirst = std::chrono::ceil<std::chrono::microseconds>(Time::min().time_since_epoch());
  if (micros > kLast.count()) return Time::max();
  if (micros < kFirst.count()) return Time::min();
  return Time(std::chrono::duration_cast<system_clock::duration>(std::chrono::microseconds(micros)));
}

QueueSettings from_proto(const v1::QueueSettings& settings) {
  QueueSettings out;
  if (settings.has_capacity()) out.capacity = settings.capacity();
  out.order = from_proto(settings.order());
  if (settings.has_lease_duration()) out.lease_duration = from_proto(settings.lease_duration());
  out.retry = from_proto(settings.retry());
  if (settings.has_dead_letter_queue()) out.dead_letter_queue = settings.dead_letter_queue();
  out.durability = settings.durability() == v1::DURABILITY_MEMORY ? Durability::kMemory : Durability::kSync;
  if (settings.has_time_to_live()) out.time_to_live = from_proto(settings.time_to_live());
  if (settings.has_dead_letter_expired()) out.dead_letter_expired = settings.dead_letter_expired();
  if (settings.has_dedup_window()) out.dedup_window = from_proto(settings.dedup_window());
  return out;
}

Failure from_proto(const v1::Failure& failure) {
  Failure out;
  out.reason = failure.reason();
  out.message = failure.message();
  out.stderr_tail = failure.stderr_tail();
  if (failure.has_exit_code()) out.exit_code = failure.exit_code();
  if (failure.has_signal()) out.signal = failure.signal();
  out.queue = failure.queue();
  out.stage = failure.stage();
  out.attempt = failure.attempt();
  out.time = from_proto(failure.time());
  return out;
}

QueueInfo from_proto(const v1::Queue& queue) {
  QueueInfo out;
  out.name = queue.name();
  out.settings = from_proto(queue.settings());
  out.closed = queue.state() == v1::QUEUE_STATE_CLOSED;
  out.paused = queue.paused();
  out.create_time = from_proto(queue.create_time());
  out.pipeline = queue.pipeline();
  out.waiting = queue.waiting();
  out.delayed = queue.delayed();
  out.leased = queue.leased();
  out.unfinished = queue.unfinished();
  out.bytes = queue.bytes();
  out.waiting_puts = queue.waiting_puts();
  out.waiting_gets = queue.waiting_gets();
  out.waiting_joins = queue.waiting_joins();
  if (queue.has_oldest_age()) out.oldest_age = from_proto(queue.oldest_age());
  out.counters = from_proto(queue.counters());
  out.stalls = from_proto(queue.stalls());
  return out;
}

CancelOutcome from_proto(v1::CancelOutcome outcome) {
  switch (outcome) {
    case v1::CANCEL_OUTCOME_CANCELLED:
      return CancelOutcome::kCancelled;
    case v1::CANCEL_OUTCOME_REVOKED:
      return CancelOutcome::kRevoked;
    case v1::CANCEL_OUTCOME_GONE:
      return CancelOutcome::kGone;
    default:
      return CancelOutcome::kUnknown;
  }
}

Progress from_proto(const v1::Progress& progress) {
  Progress out{.message = progress.message(), .time = from_proto(progress.time())};
  if (progress.has_fraction()) out.fraction = progress.fraction();
  return out;
}

PeekedItem from_proto(const v1::PeekedItem& item) {
  PeekedItem out;
  out.id = item.item_id();
  out.state = from_proto(item.state());
  out.payload = item.payload();
  out.payload_bytes = item.payload_bytes();
  out.attributes = {item.attributes().begin(), item.attributes().end()};
  out.priority = item.priority();
  out.attempt = item.attempt();
  out.put_time = from_proto(item.put_time());
  if (item.has_due_time()) out.due_time = from_proto(item.due_time());
  if (item.has_last_failure()) out.last_failure = from_proto(item.last_failure());
  out.consumer = item.consumer();
  if (item.has_expire_time()) out.expire_time = from_proto(item.expire_time());
  out.dead_from = item.dead_from();
  out.dedup_key = item.dedup_key();
  out.unique_key = item.unique_key();
  out.order_key = item.order_key();
  if (item.has_progress()) out.progress = from_proto(item.progress());
  return out;
}

StageInfo from_proto(const v1::Stage& stage) {
  StageInfo out;
  out.spec = {.name = stage.spec().name(),
              .input = stage.spec().input(),
              .output = stage.spec().output(),
              .handler = stage.spec().handler(),
              .retry = from_proto(stage.spec().retry())};
  if (stage.spec().has_workers()) out.spec.workers = stage.spec().workers();
  out.spec.start_workers = stage.spec().start_workers();
  out.spec.limits.assign(stage.spec().limits().begin(), stage.spec().limits().end());
  out.state = from_proto(stage.state());
  out.workers = stage.workers();
  out.busy_workers = stage.busy_workers();
  out.wakeups = stage.wakeups();
  out.idle_wakeups = stage.idle_wakeups();
  out.succeeded = stage.succeeded();
  out.failed = stage.failed();
  out.remote_workers = stage.remote_workers();
  out.remote_items = stage.remote_items();
  for (const v1::RunningItem& item : stage.running()) {
    out.running.push_back({.id = item.item_id(),
                           .start_time = from_proto(item.start_time()),
                           .pid = item.pid(),
                           .attempt = item.attempt(),
                           .worker = item.worker()});
    if (item.has_progress()) out.running.back().progress = from_proto(item.progress());
  }
  return out;
}

LimitInfo from_proto(const v1::Limit& limit) {
  LimitInfo out{.name = limit.spec().name(),
                .max_at_once = limit.spec().max_at_once(),
                .per_second = limit.spec().per_second(),
                .burst = limit.spec().burst(),
                .in_use = limit.in_use()};
  for (const v1::StageName& name : limit.stages()) out.stages.push_back(name.pipeline() + "/" + name.stage());
  for (const v1::StageName& name : limit.waiting()) out.waiting.push_back(name.pipeline() + "/" + name.stage());
  return out;
}

Schedule from_proto(const v1::Schedule& schedule) {
  const v1::ScheduleSpec& spec = schedule.spec();
  Schedule out;
  out.spec = {.name = spec.name(),
              .queue = spec.queue(),
              .cron = spec.cron(),
              .time_zone = spec.time_zone(),
              .payload = spec.payload(),
              .attributes = {spec.attributes().begin(), spec.attributes().end()},
              .priority = spec.priority(),
              .catch_up = spec.catch_up()};
  if (spec.has_every()) out.spec.every = from_proto(spec.every());
  out.paused = schedule.paused();
  out.create_time = from_proto(schedule.create_time());
  if (schedule.has_next_time()) out.next_time = from_proto(schedule.next_time());
  for (const auto& tick : schedule.upcoming()) out.upcoming.push_back(from_proto(tick));
  out.waiting = schedule.waiting();
  out.put = schedule.put();
  out.skipped = schedule.skipped();
  out.refused = schedule.refused();
  if (schedule.has_last_tick_time()) out.last_tick_time = from_proto(schedule.last_tick_time());
  out.last_error = schedule.last_error();
  return out;
}

PipelineInfo from_proto(const v1::Pipeline& pipeline) {
  PipelineInfo out;
  out.name = pipeline.name();
  for (const v1::Stage& stage : pipeline.stages()) out.stages.push_back(from_proto(stage));
  for (const v1::Queue& queue : pipeline.queues()) out.queues.push_back(from_proto(queue));
  out.create_time = from_proto(pipeline.create_time());
  out.unfinished = pipeline.unfinished();
  out.finished = pipeline.finished();
  out.stalls = from_proto(pipeline.stalls());
  return out;
}

WorkerInfo from_proto(const v1::Worker& worker) {
  return {.id = worker.worker_id(),
          .name = worker.name(),
          .host = worker.host(),
          .pipeline = worker.pipeline(),
          .stage = worker.stage(),
          .in_flight = worker.in_flight(),
          .attach_time = from_proto(worker.attach_time()),
          .done = worker.done(),
          .failed = worker.failed()};
}

HandlerInfo from_proto(const v1::Handler& handler) {
  HandlerInfo out;
  out.name = handler.name();
  out.kind = handler.kind();
  out.description = handler.description();
  if (handler.has_timeout()) out.timeout = from_proto(handler.timeout());
  return out;
}

}  // namespace sluice::internal
