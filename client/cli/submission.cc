#include "client/cli/submission.h"

#include <iterator>
#include <utility>

#include "client/cli/attributes.h"
#include "client/cli/target.h"
#include "client/src/jobs.h"
#include "client/src/limits.h"

namespace sluice::cli {
namespace {

// Of a call; a queue that holds less says so, and gets less.
constexpr std::size_t kJobsAtOnce = 1'000;

}  // namespace

Submission::Submission(Session& session, const SubmitArguments& arguments, std::stop_token stop, OnSubmitted on_submitted)
    : session_(session),
      arguments_(arguments),
      stop_(std::move(stop)),
      on_submitted_(std::move(on_submitted)),
      most_(kJobsAtOnce) {
  if (is_pipeline(session, arguments.target, arguments.queue, arguments.pipeline)) {
    target_.set_pipeline(arguments.target);
  } else {
    target_.set_queue(arguments.target);
  }
  for (const std::string& text : arguments.attributes) {
    if (const auto attribute = parse_attribute(text)) (*model_.mutable_attributes())[attribute->first] = attribute->second;
  }
}

void Submission::add(std::string payload) {
  // One is kept until it is known whether it is the last.
  if (gathered_.size() >= most_ || gathered_bytes_ >= internal::kMaxPartBytes) {
    gathered_bytes_ = 0;
    send(std::exchange(gathered_, {}), false);
  }
  gathered_.push_back(model_);
  gathered_.back().set_payload(std::move(payload));
  gathered_bytes_ += gathered_.back().ByteSizeLong();
}

void Submission::finish() {
  if (!gathered_.empty()) send(std::exchange(gathered_, {}), true);
}

v1::NewBatch Submission::new_batch(bool open) const {
  v1::NewBatch batch;
  batch.set_open(open);
  batch.set_callback_queue(arguments_.callback_queue);
  if (!arguments_.callback_queue.empty()) batch.mutable_callback()->set_payload(arguments_.callback);
  return batch;
}

void Submission::send(std::vector<v1::NewItem> items, bool last) {
  v1::SubmitJobsRequest request = target_;
  for (const auto& item : items) *request.add_items() = item;
  if (arguments_.batch && batch_ == 0) *request.mutable_new_batch() = new_batch(!last);
  if (arguments_.batch && batch_ != 0) {
    request.set_batch_id(batch_);
    request.set_last(last);
  }
  v1::SubmitJobsResponse response;
  try {
    response = internal::submit(*session_.connection(), request,
                                {.max_wait = arguments_.wait, .keep = arguments_.keep, .stop = stop_});
  } catch (const InvalidArgument& error) {
    if (error.reason() != "BATCH_TOO_LARGE" || items.size() == 1) throw;
    // More than the queue can hold at once.
    most_ = items.size() / 2;
    const auto half = items.begin() + static_cast<std::ptrdiff_t>(most_);
    send({std::make_move_iterator(items.begin()), std::make_move_iterator(half)}, false);
    return send({std::make_move_iterator(half), std::make_move_iterator(items.end())}, last);
  }
  batch_ = response.batch_id();
  jobs_ += response.count();
  on_submitted_(response);
}

}  // namespace sluice::cli
