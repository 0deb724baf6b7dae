#include "server/wire/jobs.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "server/wire/failure.h"
#include "server/wire/item.h"
#include "server/wire/page.h"
#include "server/wire/progress.h"
#include "server/wire/time.h"
#include "server/wire/utf8.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;
constexpr DurationRange kKeeps{limits::kMinJobKeep, limits::kMaxJobKeep};
constexpr DurationRange kPatiences{limits::kMinBatchPatience, limits::kMaxBatchPatience};
// What the server adds to a callback.
constexpr std::size_t kCallbackAttributes = 3;

void read_target(Reader& reader, const v1::SubmitJobsRequest& request, std::string& queue, std::string& pipeline) {
  if (request.has_pipeline()) {
    pipeline = reader.name({kRequest, "pipeline"}, request.pipeline());
  } else {
    queue = reader.name({kRequest, "queue"}, request.queue());
  }
}

// Each is a job of its own, so none may be taken for another.
void check_alone(Reader& reader, const Field& at, const model::NewItem& item) {
  if (!item.options) return;
  const bool deduplicated = !item.options->dedup_key.empty();
  if (!deduplicated && item.options->unique_key.empty()) return;
  reader.complain(Reason::kInvalidValue, {at, deduplicated ? "dedup_key" : "unique_key"},
                  "is for items that are put; a job is told apart by the call's request_id");
}

model::BodyPtr read_callback(Reader& reader, const Field& at, v1::NewBatch& batch) {
  if (batch.callback_queue().empty()) {
    if (batch.has_callback()) reader.complain(Reason::kInvalidValue, {at, "callback"}, "has no callback_queue to go to");
    return nullptr;
  }
  const Field field(at, "callback");
  auto item = read_new_item(reader, field, *batch.mutable_callback());
  const std::size_t bytes = item.body->bytes();
  const std::size_t attributes = item.body->attributes.size();
  if (bytes > limits::kMaxCallbackBytes) {
    reader.complain(Reason::kPayloadTooLarge, field,
                    fmt::format("has {} bytes; at most {} are allowed", bytes, limits::kMaxCallbackBytes));
  }
  if (attributes + kCallbackAttributes > limits::kMaxAttributes) {
    reader.complain(
        Reason::kAttributesTooLarge, field,
        fmt::format("has {} attributes; at most {} are allowed", attributes, limits::kMaxAttributes - kCallbackAttributes));
  }
  return item.body;
}

void read_batch(Reader& reader, v1::SubmitJobsRequest& request, engine::Submission& submission) {
  submission.seals_batch = request.last();
  if (request.has_batch_id()) {
    submission.batch = model::BatchId{request.batch_id()};
    if (request.batch_id() == 0) reader.complain(Reason::kInvalidValue, {kRequest, "batch_id"}, "is 0, which is no batch's id");
    return;
  }
  if (!request.has_new_batch()) {
    if (request.last()) reader.complain(Reason::kInvalidValue, {kRequest, "last"}, "is set, but the jobs are of no batch");
    return;
  }
  const Field field(kRequest, "new_batch");
  auto& batch = *request.mutable_new_batch();
  submission.begins_batch = true;
  submission.seals_batch = request.last() || !batch.open();
  if (batch.has_patience()) submission.patience = reader.duration({field, "patience"}, batch.patience(), kPatiences);
  if (!batch.callback_queue().empty()) {
    submission.callback_queue = reader.name({field, "callback_queue"}, batch.callback_queue());
  }
  submission.callback = read_callback(reader, field, batch);
}

v1::JobState state_message(model::JobState state) {
  switch (state) {
    case model::JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case model::JobState::kSucceeded:
      return v1::JOB_STATE_SUCCEEDED;
    case model::JobState::kFailed:
      return v1::JOB_STATE_FAILED;
    case model::JobState::kDiscarded:
      return v1::JOB_STATE_DISCARDED;
    case model::JobState::kCancelled:
      return v1::JOB_STATE_CANCELLED;
    case model::JobState::kExpired:
      return v1::JOB_STATE_EXPIRED;
    case model::JobState::kLost:
      return v1::JOB_STATE_LOST;
  }
  return v1::JOB_STATE_UNSPECIFIED;
}

std::optional<model::JobState> read_state(Reader& reader, v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_UNSPECIFIED:
      return std::nullopt;
    case v1::JOB_STATE_RUNNING:
      return model::JobState::kRunning;
    case v1::JOB_STATE_SUCCEEDED:
      return model::JobState::kSucceeded;
    case v1::JOB_STATE_FAILED:
      return model::JobState::kFailed;
    case v1::JOB_STATE_DISCARDED:
      return model::JobState::kDiscarded;
    case v1::JOB_STATE_CANCELLED:
      return model::JobState::kCancelled;
    case v1::JOB_STATE_EXPIRED:
      return model::JobState::kExpired;
    case v1::JOB_STATE_LOST:
      return model::JobState::kLost;
    default:
      reader.complain(Reason::kInvalidValue, {kRequest, "state"},
                      fmt::format("{} is no state of a job that is there", int{state}));
      return std::nullopt;
  }
}

v1::BatchState state_message(model::BatchState state) {
  switch (state) {
    case model::BatchState::kOpen:
      return v1::BATCH_STATE_OPEN;
    case model::BatchState::kSealed:
      return v1::BATCH_STATE_SEALED;
    case model::BatchState::kDone:
      return v1::BATCH_STATE_DONE;
    case model::BatchState::kAbandoned:
      return v1::BATCH_STATE_ABANDONED;
  }
  return v1::BATCH_STATE_UNSPECIFIED;
}

void fill(const model::Body& body, v1::JobResult& result) {
  result.set_payload(body.payload);
  for (const auto& [key, value] : body.attributes) (*result.mutable_attributes())[utf8_repaired(key)] = utf8_repaired(value);
}

template <class Request>
JobPage read_page(Reader& reader, const Request& request) {
  JobPage page;
  page.after = read_last_id(reader, request.page_token());
  page.size = reader.count_or({kRequest, "page_size"}, request.page_size(), limits::kDefaultPageSize, limits::kMaxPageSize);
  return page;
}

void check_ids(Reader& reader, int jobs, bool batch) {
  const auto most = static_cast<int>(limits::kMaxAwaitedJobs);
  if (jobs > most) {
    reader.complain(Reason::kInvalidValue, {kRequest, "job_ids"},
                    fmt::format("has {} entries; at most {} are allowed", jobs, most));
  } else if (jobs == 0 && !batch) {
    reader.complain(Reason::kInvalidValue, {kRequest, "job_ids"}, "is empty, and there is no batch_id; name one job at least");
  }
}

}  // namespace

absl::StatusOr<engine::PutCommand> submit_of(v1::SubmitJobsRequest& request, const CallTime& time) {
  Reader reader;
  engine::PutCommand command;
  auto submission = std::make_shared<engine::Submission>();
  read_target(reader, request, command.queue, submission->pipeline);
  command.give_up = read_give_up(reader, request, time);
  command.request_id = read_request_id(reader, request.request_id());
  if (request.has_keep()) submission->keep = reader.duration({kRequest, "keep"}, request.keep(), kKeeps);
  read_batch(reader, request, *submission);
  if (check_batch(reader, "items", request.items_size())) command.items.reserve(static_cast<std::size_t>(request.items_size()));
  for (int i = 0; i < request.items_size() && reader.ok(); ++i) {
    const Field field(kRequest, "items", static_cast<std::size_t>(i));
    command.items.push_back(read_new_item(reader, field, *request.mutable_items(i)));
    check_alone(reader, field, command.items.back());
  }
  if (!reader.ok()) return reader.status();
  command.submission = std::move(submission);
  return command;
}

absl::StatusOr<engine::AwaitCommand> await_of(const v1::AwaitJobsRequest& request) {
  Reader reader;
  check_ids(reader, request.job_ids_size(), request.batch_id() != 0);
  if (!reader.ok()) return reader.status();
  engine::AwaitCommand command{.batch = model::BatchId{request.batch_id()}, .in_order = request.in_order()};
  if (request.has_progress_interval()) {
    command.progress_interval = reader.duration({kRequest, "progress_interval"}, request.progress_interval(),
                                                {limits::kMinProgressInterval, limits::kMaxProgressInterval});
    if (!reader.ok()) return reader.status();
  }
  command.jobs.reserve(static_cast<std::size_t>(request.job_ids_size()));
  for (const std::uint64_t id : request.job_ids()) command.jobs.push_back(model::JobId{id});
  return command;
}

absl::Status check(const v1::ForgetJobsRequest& request) {
  Reader reader;
  check_ids(reader, request.job_ids_size(), request.batch_id() != 0);
  return reader.status();
}

absl::StatusOr<JobPage> page_of(const v1::ListJobsRequest& request) {
  Reader reader;
  JobPage page = read_page(reader, request);
  page.batch = model::BatchId{request.batch_id()};
  page.state = read_state(reader, request.state());
  if (!reader.ok()) return reader.status();
  return page;
}

absl::StatusOr<JobPage> page_of(const v1::ListBatchesRequest& request) {
  Reader reader;
  JobPage page = read_page(reader, request);
  if (!reader.ok()) return reader.status();
  return page;
}

void fill(const engine::JobView& view, bool with_results, v1::Job& job) {
  const auto& facts = view.facts;
  job.set_job_id(model::number(facts.id));
  job.set_state(state_message(facts.state));
  job.set_batch_id(model::number(facts.batch));
  job.set_queue(facts.queue);
  job.set_items(view.items);
  set_time(facts.submit_time, *job.mutable_submit_time());
  if (facts.failure) *job.mutable_failure() = failure_message(*facts.failure);
  job.set_failed_item_id(model::number(facts.failed_item));
  if (view.progress) {
    fill(*view.progress, *job.mutable_progress());
    job.set_progress_queue(view.progress_queue);
  }
  if (facts.state == model::JobState::kRunning) return;
  set_time(facts.end_time, *job.mutable_end_time());
  set_time(view.forget_time, *job.mutable_forget_time());
  job.set_results_left_out(facts.results_left_out);
  if (!with_results) return;
  for (const auto& result : facts.results) fill(*result, *job.add_results());
}

void fill(const engine::BatchView& view, v1::Batch& batch) {
  const auto& facts = view.facts;
  batch.set_batch_id(model::number(facts.id));
  batch.set_state(state_message(facts.state));
  batch.set_jobs(facts.jobs);
  batch.set_succeeded(facts.succeeded);
  batch.set_failed(facts.failed);
  set_time(facts.create_time, *batch.mutable_create_time());
  if (facts.state >= model::BatchState::kDone) set_time(facts.end_time, *batch.mutable_end_time());
  batch.set_callback_queue(facts.callback_queue);
  batch.set_callback_error(facts.callback_error);
}

void fill_gone(model::JobId id, const absl::Status& status, v1::Job& job) {
  job.set_job_id(model::number(id));
  job.set_state(v1::JOB_STATE_GONE);
  const auto reason = base::reason_of(status).value_or(Reason::kInternal);
  job.mutable_failure()->set_reason(std::string(base::info(reason).name));
  job.mutable_failure()->set_message(std::string(status.message()));
}

}  // namespace sluice::wire
