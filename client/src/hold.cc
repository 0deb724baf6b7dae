#include "client/src/hold.h"

#include <utility>

#include "client/src/convert.h"
#include "client/src/raise.h"
#include "client/src/reporter.h"

namespace sluice::internal {
namespace {

// Of a call for one item.
v1::LeaseResult only(google::protobuf::RepeatedPtrField<v1::LeaseResult>&& results) {
  if (results.size() != 1) raise(Code::kInternal, "INTERNAL", "the server's answer has no result for the item");
  return std::move(results[0]);
}

}  // namespace

v1::LeaseResult LeasedHold::done() {
  // Without outputs there is nothing to wait for.
  return complete({}, Duration::zero(), {});
}

v1::LeaseResult LeasedHold::hand_on(v1::Completion&& completion, const DoneOptions& options) {
  return complete(std::move(completion), options.max_wait, options.stop);
}

v1::LeaseResult LeasedHold::complete(v1::Completion&& completion, std::optional<Duration> wait, const std::stop_token& stop) {
  v1::CompleteRequest request;
  request.set_queue(queue());
  if (unanswered_.empty()) unanswered_ = connection_->new_request_id();
  request.set_request_id(unanswered_);
  completion.set_lease_token(token());
  *request.add_completions() = std::move(completion);
  auto response = connection_->call(request, {.wait = wait, .stop = stop});
  unanswered_.clear();
  return only(std::move(*response.mutable_results()));
}

v1::LeaseResult LeasedHold::fail(v1::FailedLease&& failure) {
  v1::FailRequest request;
  request.set_queue(queue());
  request.set_request_id(connection_->new_request_id());
  failure.set_lease_token(token());
  *request.add_leases() = std::move(failure);
  return only(std::move(*connection_->call(request).mutable_results()));
}

v1::LeaseResult LeasedHold::release() {
  v1::ReleaseRequest request;
  request.set_queue(queue());
  request.add_lease_tokens(token());
  return only(std::move(*connection_->call(request).mutable_results()));
}

v1::LeaseResult LeasedHold::extend(std::optional<Duration> lease_duration) {
  v1::ExtendRequest request;
  request.set_queue(queue());
  request.add_lease_tokens(token());
  if (lease_duration) *request.mutable_lease_duration() = to_proto(*lease_duration);
  return only(std::move(*connection_->call(request).mutable_results()));
}

void LeasedHold::report(v1::Progress&& progress) { connection_->reporter().report(queue(), token(), std::move(progress)); }

void LeasedHold::let_go() { connection_->keeper().let_go(lease()); }

}  // namespace sluice::internal
