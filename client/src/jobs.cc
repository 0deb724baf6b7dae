#include "client/src/jobs.h"

#include <fmt/format.h>

#include <utility>

#include "client/src/convert.h"
#include "client/src/limits.h"
#include "client/src/map_engine.h"
#include "client/src/raise.h"

namespace sluice {

using internal::from_proto;
using internal::raise;

namespace internal {
namespace {

JobState state_of(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_SUCCEEDED:
      return JobState::kSucceeded;
    case v1::JOB_STATE_FAILED:
      return JobState::kFailed;
    case v1::JOB_STATE_DISCARDED:
      return JobState::kDiscarded;
    case v1::JOB_STATE_CANCELLED:
      return JobState::kCancelled;
    case v1::JOB_STATE_EXPIRED:
      return JobState::kExpired;
    case v1::JOB_STATE_LOST:
      return JobState::kLost;
    case v1::JOB_STATE_GONE:
      return JobState::kGone;
    default:
      return JobState::kRunning;
  }
}

v1::JobState state_message(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case JobState::kSucceeded:
      return v1::JOB_STATE_SUCCEEDED;
    case JobState::kFailed:
      return v1::JOB_STATE_FAILED;
    case JobState::kDiscarded:
      return v1::JOB_STATE_DISCARDED;
    case JobState::kCancelled:
      return v1::JOB_STATE_CANCELLED;
    case JobState::kExpired:
      return v1::JOB_STATE_EXPIRED;
    case JobState::kLost:
      return v1::JOB_STATE_LOST;
    case JobState::kGone:
      return v1::JOB_STATE_GONE;
  }
  return v1::JOB_STATE_UNSPECIFIED;
}

std::string sentence_of(const Job& job) {
  const Failure failure = job.failure.value_or(Failure{});
  std::string text = fmt::format("job {} failed", job.id);
  if (!failure.stage.empty()) text += fmt::format(" in stage \"{}\"", failure.stage);
  if (failure.stage.empty() && !failure.queue.empty()) text += fmt::format(" in queue \"{}\"", failure.queue);
  if (job.failed_item != 0) text += fmt::format(", item {}, attempt {}", job.failed_item, failure.attempt);
  text += ": " + failure.reason;
  if (!failure.message.empty()) text += ": " + failure.message;
  return text;
}

CallOptions call_options(const AwaitOptions& options) {
  return {.wait = options.max_wait, .stop = options.stop, .timeout = Duration::zero()};
}

}  // namespace

void Target::set(v1::SubmitJobsRequest& request) const {
  if (pipeline.empty()) {
    request.set_queue(queue);
  } else {
    request.set_pipeline(pipeline);
  }
}

Job from_proto(v1::Job&& message) {
  Job job;
  job.id = message.job_id();
  job.state = state_of(message.state());
  job.batch = message.batch_id();
  job.queue = message.queue();
  job.submit_time = from_proto(message.submit_time());
  job.end_time = from_proto(message.end_time());
  for (auto& result : *message.mutable_results()) {
    job.results.push_back(
        {std::move(*result.mutable_payload()), Attributes(result.attributes().begin(), result.attributes().end())});
  }
  job.results_left_out = message.results_left_out();
  if (message.has_failure()) job.failure = from_proto(message.failure());
  job.failed_item = message.failed_item_id();
  if (message.has_progress()) job.progress = from_proto(message.progress());
  job.progress_queue = message.progress_queue();
  return job;
}

void await(Connection& connection, v1::AwaitJobsRequest&& request, const std::function<void(Job&&)>& on_outcome,
           const AwaitOptions& options) {
  request.set_in_order(options.in_order);
  request.set_omit_results(options.omit_results);
  std::function<void(v1::Job &&)> on_progress;
  if (options.on_progress) {
    *request.mutable_progress_interval() = to_proto(options.progress_interval);
    on_progress = [&options](v1::Job&& job) { options.on_progress(from_proto(std::move(job))); };
  }
  connection.await(
      std::move(request), call_options(options), [&](v1::Job&& job) { on_outcome(from_proto(std::move(job))); }, on_progress);
}

v1::SubmitJobsResponse submit(Connection& connection, v1::SubmitJobsRequest& request, const SubmitOptions& options) {
  request.set_request_id(connection.new_request_id());
  if (options.keep) *request.mutable_keep() = to_proto(*options.keep);
  return connection.call(request, {.wait = options.max_wait, .stop = options.stop});
}

Future submit_one(const std::shared_ptr<Connection>& connection, const Target& target, NewItem item,
                  const SubmitOptions& options) {
  v1::SubmitJobsRequest request;
  target.set(request);
  *request.add_items() = to_proto(std::move(item));
  return {connection, submit(*connection, request, options).first_job_id()};
}

JobBatch submit_batch(Connection& connection, const Target& target, std::span<const NewItem> items,
                      const BatchOptions& options) {
  v1::SubmitJobsRequest request;
  target.set(request);
  for (const NewItem& item : items) *request.add_items() = to_proto(item);
  auto& batch = *request.mutable_new_batch();
  batch.set_callback_queue(options.callback_queue);
  if (!options.callback_queue.empty()) *batch.mutable_callback() = to_proto(options.callback);
  const auto response = submit(connection, request, options);
  return {.id = response.batch_id(), .jobs = response.count()};
}

std::vector<std::string> map(const std::shared_ptr<Connection>& connection, const Target& target,
                             std::span<const std::string> inputs, const MapOptions& options) {
  std::vector<std::string> results;
  results.reserve(inputs.size());
  MapEngine engine(
      connection, target, [&results](Job&& job) { results.push_back(job.value()); }, options);
  for (const std::string& input : inputs) engine.add({.payload = input});
  engine.finish();
  return results;
}

}  // namespace internal

JobFailed::JobFailed(const Job& failed, const std::string& message)
    : Error(Code::kAborted, failed.failure ? failed.failure->reason : std::string("FAILED"), message,
            {{"job", std::to_string(failed.id)}, {"stage", failed.failure ? failed.failure->stage : std::string()}}),
      job(failed) {}

std::string Job::value() const {
  if (state == JobState::kGone) {
    raise(Code::kNotFound, failure ? failure->reason : "JOB_FORGOTTEN", failure ? failure->message : "the job is forgotten");
  }
  if (state != JobState::kSucceeded) throw JobFailed(*this, internal::sentence_of(*this));
  return results.empty() ? std::string() : results.front().payload;
}

Future::Future(std::shared_ptr<internal::Connection> connection, JobId id) : connection_(std::move(connection)), id_(id) {}

std::string Future::get(const AwaitOptions& options) const { return wait(options).value(); }

Job Future::wait(const AwaitOptions& options) const {
  Job outcome;
  Jobs(connection_)
      .await(
          std::span(&id_, 1), [&outcome](Job&& job) { outcome = std::move(job); }, options);
  return outcome;
}

Job Future::look() const { return Jobs(connection_).get(id_); }

Jobs::Jobs(std::shared_ptr<internal::Connection> connection) : connection_(std::move(connection)) {}

Job Jobs::get(JobId id) const {
  v1::GetJobRequest request;
  request.set_job_id(id);
  return from_proto(std::move(*connection_->call(request).mutable_job()));
}

void Jobs::await(std::span<const JobId> ids, const std::function<void(Job&&)>& on_outcome, const AwaitOptions& options) const {
  v1::AwaitJobsRequest request;
  for (const JobId id : ids) request.add_job_ids(id);
  internal::await(*connection_, std::move(request), on_outcome, options);
}

void Jobs::await_batch(BatchId batch, const std::function<void(Job&&)>& on_outcome, const AwaitOptions& options) const {
  v1::AwaitJobsRequest request;
  request.set_batch_id(batch);
  internal::await(*connection_, std::move(request), on_outcome, options);
}

JobBatch Jobs::batch(BatchId id) const {
  v1::GetBatchRequest request;
  request.set_batch_id(id);
  const auto response = connection_->call(request);
  const auto& batch = response.batch();
  const bool abandoned = batch.state() == v1::BATCH_STATE_ABANDONED;
  return {.id = batch.batch_id(),
          .ended = abandoned || batch.state() == v1::BATCH_STATE_DONE,
          .abandoned = abandoned,
          .jobs = batch.jobs(),
          .succeeded = batch.succeeded(),
          .failed = batch.failed(),
          .callback_error = batch.callback_error()};
}

std::vector<Job> Jobs::list(std::optional<JobState> state, std::size_t most) const {
  std::vector<Job> jobs;
  v1::ListJobsRequest request;
  request.set_page_size(internal::kPageSize);
  if (state) request.set_state(internal::state_message(*state));
  while (true) {
    auto response = connection_->call(request);
    for (auto& job : *response.mutable_jobs()) {
      if (jobs.size() < most) jobs.push_back(from_proto(std::move(job)));
    }
    if (response.next_page_token().empty() || jobs.size() >= most) return jobs;
    request.set_page_token(response.next_page_token());
  }
}

std::uint64_t Jobs::forget(std::span<const JobId> ids) const {
  v1::ForgetJobsRequest request;
  for (const JobId id : ids) request.add_job_ids(id);
  return connection_->call(request).forgotten();
}

}  // namespace sluice
