// Jobs and batches, as they are stored.
#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

std::int64_t micros(base::Time time) { return time.time_since_epoch().count(); }
base::Time time_of(std::int64_t micros) { return base::Time{base::Duration{micros}}; }

store::JobState to_store(model::JobState state) {
  switch (state) {
    case model::JobState::kRunning:
      return store::JOB_STATE_RUNNING;
    case model::JobState::kSucceeded:
      return store::JOB_STATE_SUCCEEDED;
    case model::JobState::kFailed:
      return store::JOB_STATE_FAILED;
    case model::JobState::kDiscarded:
      return store::JOB_STATE_DISCARDED;
    case model::JobState::kLost:
      return store::JOB_STATE_LOST;
    case model::JobState::kCancelled:
      return store::JOB_STATE_CANCELLED;
    case model::JobState::kExpired:
      return store::JOB_STATE_EXPIRED;
  }
  return store::JOB_STATE_RUNNING;
}

model::JobState from_store(store::JobState state) {
  switch (state) {
    case store::JOB_STATE_SUCCEEDED:
      return model::JobState::kSucceeded;
    case store::JOB_STATE_FAILED:
      return model::JobState::kFailed;
    case store::JOB_STATE_DISCARDED:
      return model::JobState::kDiscarded;
    case store::JOB_STATE_LOST:
      return model::JobState::kLost;
    case store::JOB_STATE_CANCELLED:
      return model::JobState::kCancelled;
    case store::JOB_STATE_EXPIRED:
      return model::JobState::kExpired;
    default:
      return model::JobState::kRunning;
  }
}

store::BatchState to_store(model::BatchState state) {
  switch (state) {
    case model::BatchState::kOpen:
      return store::BATCH_STATE_OPEN;
    case model::BatchState::kSealed:
      return store::BATCH_STATE_SEALED;
    case model::BatchState::kDone:
      return store::BATCH_STATE_DONE;
    case model::BatchState::kAbandoned:
      return store::BATCH_STATE_ABANDONED;
  }
  return store::BATCH_STATE_OPEN;
}

model::BatchState from_store(store::BatchState state) {
  switch (state) {
    case store::BATCH_STATE_SEALED:
      return model::BatchState::kSealed;
    case store::BATCH_STATE_DONE:
      return model::BatchState::kDone;
    case store::BATCH_STATE_ABANDONED:
      return model::BatchState::kAbandoned;
    default:
      return model::BatchState::kOpen;
  }
}

}  // namespace

void to_store(const model::JobRecord& record, store::Job& out) {
  out.Clear();
  out.set_state(to_store(record.state));
  out.set_batch_id(model::number(record.batch));
  out.set_queue(record.queue);
  out.set_keep(record.keep.count());
  out.set_submit_time(micros(record.submit_time));
  out.set_end_time(micros(record.end_time));
  for (const auto& result : record.results) to_store(*result, *out.add_results());
  out.set_results_left_out(record.results_left_out);
  out.set_verdict(to_store(record.verdict));
  if (record.failure) to_store(*record.failure, *out.mutable_failure());
  out.set_failed_item_id(model::number(record.failed_item));
}

model::JobRecord from_store(store::Job&& stored) {
  model::JobRecord record;
  record.state = from_store(stored.state());
  record.batch = model::BatchId{stored.batch_id()};
  record.queue = std::move(*stored.mutable_queue());
  record.keep = base::Duration{stored.keep()};
  record.submit_time = time_of(stored.submit_time());
  record.end_time = time_of(stored.end_time());
  for (auto& result : *stored.mutable_results()) record.results.push_back(from_store(std::move(result)));
  record.results_left_out = stored.results_left_out();
  record.verdict = from_store(stored.verdict());
  if (stored.has_failure()) {
    record.failure = std::make_shared<const model::Failure>(from_store(std::move(*stored.mutable_failure())));
  }
  record.failed_item = model::ItemId{stored.failed_item_id()};
  return record;
}

void to_store(const model::BatchRecord& record, store::Batch& out) {
  out.Clear();
  out.set_state(to_store(record.state));
  out.set_abandoned(record.abandoned);
  out.set_jobs(record.jobs);
  out.set_succeeded(record.succeeded);
  out.set_failed(record.failed);
  out.set_keep(record.keep.count());
  out.set_patience(record.patience.count());
  out.set_create_time(micros(record.create_time));
  out.set_add_time(micros(record.add_time));
  out.set_end_time(micros(record.end_time));
  out.set_callback_queue(record.callback_queue);
  if (record.callback) to_store(*record.callback, *out.mutable_callback());
  out.set_callback_error(record.callback_error);
}

model::BatchRecord from_store(store::Batch&& stored) {
  model::BatchRecord record;
  record.state = from_store(stored.state());
  record.abandoned = stored.abandoned();
  record.jobs = stored.jobs();
  record.succeeded = stored.succeeded();
  record.failed = stored.failed();
  record.keep = base::Duration{stored.keep()};
  record.patience = base::Duration{stored.patience()};
  record.create_time = time_of(stored.create_time());
  record.add_time = time_of(stored.add_time());
  record.end_time = time_of(stored.end_time());
  record.callback_queue = std::move(*stored.mutable_callback_queue());
  if (stored.has_callback()) record.callback = from_store(std::move(*stored.mutable_callback()));
  record.callback_error = std::move(*stored.mutable_callback_error());
  return record;
}

}  // namespace sluice::journal
