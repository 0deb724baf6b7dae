#include "server/rpc/told_stream.h"

#include <utility>

#include "server/rpc/status.h"

namespace sluice::rpc {

void ToldStream::wait() {
  waits_ = true;
  house_.waits.add(*this);
}

void ToldStream::write(grpc::ByteBuffer&& message) {
  message_ = std::move(message);
  StartWrite(&message_);
}

void ToldStream::finish(const absl::Status& outcome) {
  auto status = to_grpc(outcome);
  counted_.end(static_cast<absl::StatusCode>(status.error_code()));
  Finish(std::move(status));
}

void ToldStream::OnWriteDone(bool ok) {
  const base::ReactionTimer timer(reactions_.written);
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!ok) unwanted_ = true;
  }
  if (!ok) leave();
  go_on(std::unique_lock(mutex_));
}

void ToldStream::OnCancel() {
  const base::ReactionTimer timer(reactions_.cancel);
  leave();
}

void ToldStream::leave() {
  if (take_back()) refuse(absl::CancelledError("the caller has gone"));
}

void ToldStream::OnDone() {
  if (waits_) house_.waits.remove(*this);
  delete this;
}

}  // namespace sluice::rpc
