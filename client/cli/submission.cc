#include "client/cli/submission.h"

#include <utility>

#include "client/cli/attributes.h"
#include "client/cli/target.h"
#include "client/src/limits.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kJobsAtOnce = 1'000;

v1::SubmitJobsRequest call_of(Session& session, const SubmitArguments& arguments) {
  v1::SubmitJobsRequest call;
  if (is_pipeline(session, arguments.target, arguments.queue, arguments.pipeline)) {
    call.set_pipeline(arguments.target);
  } else {
    call.set_queue(arguments.target);
  }
  if (!arguments.batch) return call;
  v1::NewBatch& batch = *call.mutable_new_batch();
  batch.set_callback_queue(arguments.callback_queue);
  if (!arguments.callback_queue.empty()) batch.mutable_callback()->set_payload(arguments.callback);
  return call;
}

v1::NewItem model_of(const SubmitArguments& arguments) {
  v1::NewItem model;
  for (const std::string& text : arguments.attributes) {
    if (const auto attribute = parse_attribute(text)) (*model.mutable_attributes())[attribute->first] = attribute->second;
  }
  return model;
}

}  // namespace

Submission::Submission(Session& session, const SubmitArguments& arguments, std::stop_token stop,
                       internal::JobSubmitter::OnSubmitted on_submitted)
    : model_(model_of(arguments)),
      submitter_(*session.connection(), call_of(session, arguments), kJobsAtOnce,
                 {.max_wait = arguments.wait, .keep = arguments.keep, .stop = std::move(stop)},
                 [this, on_submitted = std::move(on_submitted)](const v1::SubmitJobsResponse& response) {
                   jobs_ += response.count();
                   on_submitted(response);
                 }) {}

void Submission::add(std::string payload) {
  // One is kept until it is known whether it is the last.
  if (gathered_.size() >= submitter_.most() || gathered_bytes_ >= internal::kMaxPartBytes) {
    gathered_bytes_ = 0;
    submitter_.send(std::exchange(gathered_, {}), false);
  }
  gathered_.push_back(model_);
  gathered_.back().set_payload(std::move(payload));
  gathered_bytes_ += gathered_.back().ByteSizeLong();
}

void Submission::finish() { submitter_.send(std::exchange(gathered_, {}), true); }

}  // namespace sluice::cli
