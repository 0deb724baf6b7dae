#include "server/rpc/call.h"

#include <algorithm>
#include <cassert>

#include <grpc/support/time.h>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/rpc/refusals.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kEnd = "end of a call";
constexpr std::string_view kCancelCall = "cancellation of a call";

// Not from deadline(): what clients may ask for does not fit into its nanoseconds. A duration, because our clock and gRPC's may
// differ.
base::Duration left_until(gpr_timespec deadline) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return base::Duration::max();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  const std::chrono::seconds seconds(left.tv_sec);
  if (seconds >= limits::kMaxWait) return base::Duration::max();
  return std::max(base::Duration(0), base::Duration(seconds) + base::Duration(left.tv_nsec / 1000));
}

}  // namespace

wire::CallTime Call::start_time(const base::Clock& clock) {
  const base::Time now = clock.now();
  deadline_ = base::add_saturating(now, left_until(context_->raw_deadline()));
  return {now, deadline_};
}

void Call::about(std::string_view key, std::string_view name) {
  key_ = key;
  name_ = name;
}

void Call::finish(const google::protobuf::MessageLite& response) {
  *response_ = serialize(response);
  finish_with(grpc::Status::OK);
}

void Call::finish(absl::Status status) {
  if (!key_.empty()) base::annotate(status, key_, name_);
  log_refusal(method(), status, *context_);
  finish_with(to_grpc(status));
}

void Call::finish_with(grpc::Status status) {
  const bool before = finished_.exchange(true);
  assert(!before);
  if (before) return;
  counted_.end(static_cast<absl::StatusCode>(status.error_code()));
  Finish(std::move(status));
}

void Call::OnDone() {
  const base::ReactionTimer timer(kEnd);
  delete this;
}

absl::Status deadline_exceeded() { return absl::DeadlineExceededError("the call's deadline passed while it waited"); }

void EngineCall::wait() {
  // Most commands are answered by now. Even so the call lives: its method has not returned it yet.
  if (finished()) return;
  waits_ = true;
  house_.waits.add(*this);
}

void EngineCall::OnCancel() {
  const base::ReactionTimer timer(kCancelCall);
  if (take_back()) finish(absl::CancelledError("the caller has gone"));
}

void EngineCall::OnDone() {
  if (waits_) house_.waits.remove(*this);
  Call::OnDone();
}

}  // namespace sluice::rpc
