#include "server/rpc/join_stream.h"

#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kCancel = "cancellation of a join";
constexpr std::string_view kWritten = "written message of a join";

}  // namespace

void JoinStream::start(const engine::JoinCommand& command, Begin begin) {
  name_ = command.name;
  house_.runtime.apply(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) { (engine.*begin)(now, command, *this, effects); });
  waits_ = true;
  house_.waits.add(*this);
}

void JoinStream::refuse(const absl::Status& status) { answer(engine::JoinAnswer{.status = status}); }

void JoinStream::answer(engine::Answer&& answer) {
  const base::ReactionTimer timer(method());
  std::unique_lock lock(mutex_);
  auto& join = std::get<engine::JoinAnswer>(answer);
  over_ = engine::is_final(answer);
  if (join.status.ok()) {
    next_ = std::move(join);
  } else {
    next_.reset();
    outcome_ = std::move(join.status);
  }
  go_on(std::move(lock));
}

void JoinStream::go_on(std::unique_lock<std::mutex> lock) {
  if (busy_) return;
  if (unwanted_) next_.reset();
  if (next_) {
    busy_ = true;
    auto answer = std::exchange(next_, std::nullopt);
    lock.unlock();
    message_ = tell_(std::move(*answer));
    StartWrite(&message_);
  } else if (over_) {
    busy_ = true;
    absl::Status outcome = std::move(outcome_);
    lock.unlock();
    if (!outcome.ok() && !name_.empty()) base::annotate(outcome, kind_, name_);
    auto status = to_grpc(outcome);
    counted_.end(static_cast<absl::StatusCode>(status.error_code()));
    Finish(std::move(status));
  }
}

void JoinStream::OnWriteDone(bool ok) {
  const base::ReactionTimer timer(kWritten);
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!ok) unwanted_ = true;
  }
  if (!ok) leave();
  go_on(std::unique_lock(mutex_));
}

void JoinStream::OnCancel() {
  const base::ReactionTimer timer(kCancel);
  leave();
}

void JoinStream::leave() {
  if (take_back()) refuse(absl::CancelledError("the caller has gone"));
}

void JoinStream::OnDone() {
  if (waits_) house_.waits.remove(*this);
  delete this;
}

}  // namespace sluice::rpc
