#include "server/rpc/duplex_stream.h"

#include <utility>

#include "server/base/errors.h"
#include "server/rpc/refusals.h"
#include "server/rpc/status.h"

namespace sluice::rpc {

void DuplexStream::start() {
  const Hold hold(*this);
  house_.waits.add(*this);
  go_on(Lock(mutex_));
}

// Taken back and refused are one thing in two steps: the hold taken here keeps the stream in between.
bool DuplexStream::take_back() {
  ++holds_;
  return true;
}

void DuplexStream::refuse(const absl::Status& status) {
  leave(End::kEnded, status);
  drop();
}

// Another thread may end the stream meanwhile, and does not see what is only about to be begun.
template <class Begin>
void DuplexStream::work(Begin begin) {
  {
    const Lock lock(mutex_);
    if (end_ != End::kNone) return;
    ++working_;
  }
  begin();
  Lock lock(mutex_);
  if (end_ != End::kNone) {
    const End how = end_;
    lock.unlock();
    let_go(how);
    lock.lock();
  }
  --working_;
}

void DuplexStream::OnReadDone(bool ok) {
  const Hold hold(*this);
  absl::Status status;
  if (ok) work([&] { status = take(request_); });
  request_.Clear();
  {
    const Lock lock(mutex_);
    reading_ = false;
  }
  if (!ok) return leave(End::kHalfClosed, status);
  if (!status.ok()) return leave(End::kEnded, status);
  go_on(Lock(mutex_));
}

void DuplexStream::OnWriteDone(bool ok) {
  const Hold hold(*this);
  {
    const Lock lock(mutex_);
    writing_ = false;
  }
  if (!ok) return leave(End::kBroken, absl::CancelledError("the caller has gone"));
  work([this] { written(); });
  go_on(Lock(mutex_));
}

void DuplexStream::OnCancel() {
  const Hold hold(*this);
  leave(End::kBroken, absl::CancelledError("the caller has gone"));
}

void DuplexStream::OnDone() {
  house_.waits.remove(*this);
  drop();
}

void DuplexStream::drop() {
  if (--holds_ == 0) delete this;
}

void DuplexStream::end(const absl::Status& status) { leave(End::kEnded, status); }

void DuplexStream::leave(End how, const absl::Status& status) {
  bool news = false;
  {
    const Lock lock(mutex_);
    if (outcome_.ok()) outcome_ = status;
    news = how > end_;
    if (news) end_ = how;
  }
  if (news) let_go(how);
  go_on(Lock(mutex_));
}

void DuplexStream::go_on(Lock lock) {
  if (end_ == End::kNone && !reading_ && wants_more()) {
    reading_ = true;
    lock.unlock();
    StartRead(&request_);
    lock.lock();
  }
  if (writing_) return;
  if (end_ != End::kBroken && has_answer()) {
    writing_ = true;
    lock.unlock();
    answer_ = answer_next();
    StartWrite(&answer_);
  } else if (end_ != End::kNone && working_ == 0 && !busy()) {
    finish(std::move(lock));
  }
}

RefusedStream::RefusedStream(const absl::Status& status) { Finish(to_grpc(status)); }

void DuplexStream::finish(Lock lock) {
  writing_ = true;
  absl::Status outcome = outcome_;
  lock.unlock();
  if (!outcome.ok() && !queue_.empty()) base::annotate(outcome, "queue", queue_);
  log_refusal(counted_.name(), outcome, *context_);
  auto status = to_grpc(outcome);
  counted_.end(static_cast<absl::StatusCode>(status.error_code()));
  Finish(std::move(status));
}

}  // namespace sluice::rpc
