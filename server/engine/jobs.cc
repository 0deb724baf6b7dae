#include "server/engine/jobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/engine/awaits.h"
#include "server/engine/life.h"

namespace sluice::engine {
namespace {

using base::Reason;
using model::BatchState;
using model::JobState;

void note_change(Step& step, Batch& batch) {
  // Whoever hears of it, hears of what is kept.
  step.depend_on(kAllRecords);
  if (batch.changed) return;
  batch.changed = true;
  step.tables.jobs.to_record.push_back(&batch);
}

void record(Step& step, Job& job) {
  step.depend_on(kAllRecords);
  job.changed = false;
  step.record(job.facts);
}

absl::Status check_callback(const Step& step, const Submission& submission) {
  if (submission.callback_queue.empty()) return absl::OkStatus();
  const auto queue = step.tables.queue(submission.callback_queue);
  if (!queue.ok()) return queue.status();
  if (!(*queue)->closed()) return absl::OkStatus();
  return base::error(Reason::kQueueClosed,
                     fmt::format("queue \"{}\" is closed and cannot take the batch's callback", submission.callback_queue));
}

absl::Status check_batch(const Step& step, const Submission& submission, std::size_t items) {
  if (submission.begins_batch) {
    if (step.tables.jobs.batches.size() >= limits::kMaxBatches) {
      return base::error(Reason::kLimitReached, fmt::format("there are {} batches, the most that the server keeps; forget "
                                                            "some, or keep them for less long",
                                                            limits::kMaxBatches));
    }
    return check_callback(step, submission);
  }
  if (submission.batch == model::BatchId{}) return absl::OkStatus();
  const Batch* batch = step.tables.jobs.find(submission.batch);
  if (batch == nullptr) return no_batch(step.tables, submission.batch);
  if (batch->facts.state != BatchState::kOpen) {
    return base::error(Reason::kBatchSealed,
                       fmt::format("batch {} takes no more jobs; begin another one", model::number(submission.batch)));
  }
  if (batch->facts.jobs + items <= limits::kMaxJobsOfBatch) return absl::OkStatus();
  return base::error(Reason::kLimitReached, fmt::format("batch {} would have more than {} jobs",
                                                        model::number(submission.batch), limits::kMaxJobsOfBatch));
}

Batch& begin_batch(Step& step, const Submission& submission, model::BatchId id) {
  Batch& batch = step.tables.jobs.batches[id];
  batch.facts.id = id;
  batch.facts.keep = submission.keep;
  batch.facts.patience = submission.patience;
  batch.facts.create_time = step.now;
  batch.facts.callback_queue = submission.callback_queue;
  batch.facts.callback = submission.callback;
  return batch;
}

// The batch that the submission is for; null if it is for none.
Batch* batch_for(Step& step, const Submission& submission, model::ItemId first) {
  if (submission.begins_batch) return &begin_batch(step, submission, model::BatchId{model::number(first)});
  return step.tables.jobs.find(submission.batch);
}

void add_to(Step& step, Batch& batch, Job& job) {
  job.batch = &batch;
  job.facts.batch = batch.facts.id;
  batch.jobs.emplace(job.facts.id, &job);
  ++batch.facts.jobs;
  ++batch.running;
  note_begin(batch, job);
  note_change(step, batch);
}

void close(Step& step, Batch& batch) {
  step.tables.timers.cancel(batch);
  batch.facts.state = BatchState::kSealed;
  if (batch.running == 0) step.tables.jobs.over.push_back(&batch);
  note_change(step, batch);
}

// Forgets the oldest of those that are more than are kept.
void make_room(Step& step) {
  Jobs& jobs = step.tables.jobs;
  while (jobs.ended.size() > limits::kMaxEndedJobs || (jobs.result_bytes > limits::kMaxResultBytes && jobs.ended.size() > 1)) {
    forget(step, *jobs.ended.front());
  }
}

void count_ended(Jobs& jobs, Job& job) {
  job.place = jobs.ended.insert(jobs.ended.end(), &job);
  jobs.result_bytes += job.result_bytes;
}

void end_job(Step& step, Job& job) {
  Jobs& jobs = step.tables.jobs;
  job.facts.state = job.facts.verdict;
  job.facts.end_time = step.now;
  --jobs.running;
  count_ended(jobs, job);
  step.tables.timers.set(job, base::add_saturating(step.now, job.facts.keep));
  record(step, job);
  note_end(step, job);
  if (Batch* batch = job.batch) {
    ++(job.facts.state == JobState::kSucceeded ? batch->facts.succeeded : batch->facts.failed);
    if (--batch->running == 0 && batch->facts.state == BatchState::kSealed) jobs.over.push_back(batch);
    note_change(step, *batch);
  }
  make_room(step);
}

void note_bad_end(Job& job, JobState state, model::ItemId item, std::shared_ptr<const model::Failure> failure) {
  if (job.facts.verdict != JobState::kSucceeded) return;
  job.facts.verdict = state;
  job.facts.failed_item = item;
  job.facts.failure = std::move(failure);
  job.changed = true;
}

JobState state_after(model::ItemState end) {
  switch (end) {
    case model::ItemState::kDone:
      return JobState::kSucceeded;
    case model::ItemState::kDeadLettered:
      return JobState::kFailed;
    case model::ItemState::kCancelled:
      return JobState::kCancelled;
    case model::ItemState::kExpired:
      return JobState::kExpired;
    default:
      return JobState::kDiscarded;
  }
}

std::shared_ptr<const model::Failure> why_ended(const Step& step, const Item& item, JobState state) {
  if (state == JobState::kFailed) return item.last_failure;
  model::Failure failure;
  if (state == JobState::kCancelled) {
    failure.reason = model::failure_reason::kCancelled;
    failure.message = fmt::format("it was cancelled in queue \"{}\"", item.queue->name);
  } else if (state == JobState::kExpired) {
    failure.reason = model::failure_reason::kExpired;
    failure.message = fmt::format("its time to live was over in queue \"{}\"", item.queue->name);
  } else {
    failure.reason = model::failure_reason::kDiscarded;
    failure.message = fmt::format("queue \"{}\" was purged, closed at once, or deleted", item.queue->name);
  }
  failure.queue = item.queue->name;
  failure.attempt = item.attempt;
  failure.time = step.now;
  return std::make_shared<const model::Failure>(std::move(failure));
}

std::shared_ptr<const model::Failure> lost(const Step& step) {
  model::Failure failure;
  failure.reason = model::failure_reason::kLost;
  failure.message = "the server ended while the job was in a queue of MEMORY durability";
  failure.time = step.now;
  return std::make_shared<const model::Failure>(std::move(failure));
}

// What the callback says of its batch, besides what it was given.
model::BodyPtr callback_of(const Batch& batch) {
  auto body = std::make_shared<model::Body>(*batch.facts.callback);
  const auto set = [&](const char* key, std::uint64_t value) {
    std::erase_if(body->attributes, [&](const auto& each) { return each.first == key; });
    body->attributes.emplace_back(key, std::to_string(value));
  };
  set("sluice-batch", model::number(batch.facts.id));
  set("sluice-batch-failed", batch.facts.failed);
  set("sluice-batch-jobs", batch.facts.jobs);
  std::ranges::sort(body->attributes);
  return body;
}

// Whatever the depth of the queue, like a dead letter: nobody is there who could wait.
void put_callback(Step& step, Batch& batch) {
  Queue* queue = step.tables.find_queue(batch.facts.callback_queue);
  if (queue == nullptr || queue->closed()) {
    batch.facts.callback_error =
        fmt::format("queue \"{}\" {}", batch.facts.callback_queue, queue == nullptr ? "was deleted" : "is closed");
    return;
  }
  admit(step, *queue, {.body = callback_of(batch)}, step.new_item_ids(1));
}

void end_batch(Step& step, Batch& batch) {
  batch.facts.state = batch.facts.abandoned ? BatchState::kAbandoned : BatchState::kDone;
  batch.facts.end_time = step.now;
  if (!batch.facts.abandoned && !batch.facts.callback_queue.empty()) put_callback(step, batch);
  batch.facts.callback.reset();
  step.tables.timers.set(batch, base::add_saturating(step.now, batch.facts.keep));
  note_change(step, batch);
  note_end(step, batch);
}

}  // namespace

absl::Status check_submission(const Step& step, const Submission& submission, std::size_t items) {
  if (step.tables.jobs.running + items > limits::kMaxRunningJobs) {
    return base::error(
        Reason::kLimitReached,
        fmt::format("there would be more than {} jobs that have not ended; try again later", limits::kMaxRunningJobs));
  }
  return check_batch(step, submission, items);
}

void begin_jobs(Step& step, const Submission& submission, const Queue& queue, model::ItemId first, std::size_t items) {
  Jobs& jobs = step.tables.jobs;
  Batch* batch = batch_for(step, submission, first);
  for (std::uint64_t i = 0; i < items; ++i) {
    const model::JobId id{model::number(first) + i};
    Job& job =
        jobs.jobs.emplace_hint(jobs.jobs.end(), std::piecewise_construct, std::forward_as_tuple(id), std::tuple())->second;
    job.facts.id = id;
    job.facts.queue = queue.name;
    job.facts.keep = submission.keep;
    job.facts.submit_time = step.now;
    if (batch != nullptr) add_to(step, *batch, job);
    record(step, job);
  }
  jobs.running += items;
  if (batch == nullptr) return;
  batch->facts.add_time = step.now;
  if (submission.seals_batch) return close(step, *batch);
  step.tables.timers.set(*batch, base::add_saturating(step.now, batch->facts.patience));
}

Job& job_of(Step& step, model::ItemId item) { return *step.tables.jobs.find(model::JobId{model::number(item)}); }

void hold(Job& job) { ++job.items; }

void let_go(Step& step, Job& job) {
  if (--job.items == 0) return end_job(step, job);
  if (job.changed) record(step, job);
}

bool takes_results(const Queue& queue) { return !queue.feeders.empty() && queue.readers.empty(); }

void add_result(Job& job, model::BodyPtr result) {
  job.changed = true;
  const std::size_t bytes = result->bytes();
  if (!job.facts.results.empty() && job.result_bytes + bytes > limits::kMaxJobResultBytes) {
    ++job.facts.results_left_out;
    return;
  }
  job.result_bytes += bytes;
  job.facts.results.push_back(std::move(result));
}

void leave_job(Step& step, Item& item) {
  Job& job = *std::exchange(item.job, nullptr);
  const JobState state = state_after(item.state);
  if (state != JobState::kSucceeded) note_bad_end(job, state, item.id, why_ended(step, item, state));
  let_go(step, job);
}

absl::Status seal(Step& step, Batch& batch) {
  if (batch.facts.state == BatchState::kOpen) close(step, batch);
  return absl::OkStatus();
}

bool end_batches(Step& step) {
  auto over = std::exchange(step.tables.jobs.over, {});
  for (Batch* batch : over) end_batch(step, *batch);
  return !over.empty();
}

void record_batches(Step& step) {
  for (Batch* batch : std::exchange(step.tables.jobs.to_record, {})) {
    batch->changed = false;
    step.record(batch->facts);
  }
}

void forget(Step& step, Job& job) {
  Jobs& jobs = step.tables.jobs;
  step.tables.timers.cancel(job);
  jobs.result_bytes -= job.result_bytes;
  jobs.ended.erase(job.place);
  if (job.batch != nullptr) job.batch->jobs.erase(job.facts.id);
  step.record(model::JobErased{job.facts.id});
  jobs.jobs.erase(job.facts.id);
}

void forget(Step& step, Batch& batch) {
  Jobs& jobs = step.tables.jobs;
  step.tables.timers.cancel(batch);
  while (!batch.jobs.empty()) forget(step, *batch.jobs.begin()->second);
  if (batch.changed) std::erase(jobs.to_record, &batch);
  step.record(model::BatchErased{batch.facts.id});
  jobs.batches.erase(batch.facts.id);
}

void fall_due(Step& step, Job& job) { forget(step, job); }

void fall_due(Step& step, Batch& batch) {
  if (batch.ended()) return forget(step, batch);
  // Somebody is about to add to it, and waits for room.
  const auto adds = [&](const Transfer& each) { return each.submission && each.submission->batch == batch.facts.id; };
  if (std::ranges::any_of(step.tables.transfers, adds)) {
    return step.tables.timers.set(batch, base::add_saturating(step.now, batch.facts.patience));
  }
  batch.facts.abandoned = true;
  close(step, batch);
}

void restore(Step& step, model::BatchRecord&& record) {
  Batch& batch = step.tables.jobs.batches[record.id];
  batch.facts = std::move(record);
  const auto& facts = batch.facts;
  if (facts.state == BatchState::kOpen) step.tables.timers.set(batch, base::add_saturating(facts.add_time, facts.patience));
  if (batch.ended()) step.tables.timers.set(batch, base::add_saturating(facts.end_time, facts.keep));
}

void restore(Step& step, model::JobRecord&& record) {
  Jobs& jobs = step.tables.jobs;
  Job& job = jobs.jobs[record.id];
  job.facts = std::move(record);
  for (const auto& result : job.facts.results) job.result_bytes += result->bytes();
  job.batch = jobs.find(job.facts.batch);
  if (job.batch != nullptr) job.batch->jobs.emplace(job.facts.id, &job);
  if (job.ended()) return;
  ++jobs.running;
  if (job.batch != nullptr) ++job.batch->running;
}

void finish_jobs(Step& step) {
  Jobs& jobs = step.tables.jobs;
  std::vector<Job*> ended;
  std::vector<Job*> without_items;
  for (auto& [id, job] : jobs.jobs) {
    if (job.ended()) ended.push_back(&job);
    if (!job.ended() && job.items == 0) without_items.push_back(&job);
  }
  std::ranges::stable_sort(ended, {}, [](const Job* job) { return job->facts.end_time; });
  for (Job* job : ended) {
    count_ended(jobs, *job);
    step.tables.timers.set(*job, base::add_saturating(job->facts.end_time, job->facts.keep));
  }
  for (Job* job : without_items) {
    note_bad_end(*job, JobState::kLost, {}, lost(step));
    end_job(step, *job);
  }
}

absl::Status no_job(const Tables& tables, model::JobId id) {
  if (model::number(id) == 0 || model::number(id) >= tables.sequence.next_item) {
    return base::error(Reason::kJobNotFound, fmt::format("there never was a job {}", model::number(id)));
  }
  return base::error(
      Reason::kJobForgotten,
      fmt::format("job {} is forgotten: it ended and was kept for its time, or there were more than are kept; or "
                  "{} is no job's id",
                  model::number(id), model::number(id)));
}

absl::Status no_batch(const Tables& tables, model::BatchId id) {
  if (model::number(id) == 0 || model::number(id) >= tables.sequence.next_item) {
    return base::error(Reason::kBatchNotFound, fmt::format("there never was a batch {}", model::number(id)));
  }
  return base::error(Reason::kBatchForgotten,
                     fmt::format("batch {} is forgotten: it ended and was kept for its time; or {} is no batch's id",
                                 model::number(id), model::number(id)));
}

JobView view_of(const Job& job) {
  JobView view{.facts = job.facts, .items = job.items, .forget_time = job.is_timed() ? job.due : base::kNever};
  if (job.reporter != nullptr) {
    view.progress = job.reporter->progress;
    view.progress_queue = job.reporter->queue->name;
  }
  return view;
}

BatchView view_of(const Batch& batch) { return {batch.facts, batch.running, batch.is_timed() ? batch.due : base::kNever}; }

}  // namespace sluice::engine
