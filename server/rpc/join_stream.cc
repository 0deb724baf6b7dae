#include "server/rpc/join_stream.h"

#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "server/log/log.h"
#include "server/rpc/refusals.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kCancel = "cancellation of a join";
constexpr std::string_view kWritten = "written message of a join";

const std::vector<engine::Stall>& stalls_of(const engine::JoinAnswer& join) {
  static const std::vector<engine::Stall> none;
  if (const auto* queue = std::get_if<engine::QueueView>(&join.progress)) return queue->stalls;
  if (const auto* pipeline = std::get_if<engine::PipelineView>(&join.progress)) return pipeline->stalls;
  return none;
}

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
    tell_of_stall(join);
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
    tell_of_end(outcome);
    auto status = to_grpc(outcome);
    counted_.end(static_cast<absl::StatusCode>(status.error_code()));
    Finish(std::move(status));
  }
}

void JoinStream::tell_of_stall(const engine::JoinAnswer& join) {
  const auto& stalls = stalls_of(join);
  if (stalls.empty() || join.done || std::exchange(stall_told_, true)) return;
  log::info("a join does not get on", {{kind_, name_}, {"why", stalls.front().message}});
}

void JoinStream::tell_of_end(const absl::Status& outcome) {
  log_refusal(method(), outcome, *context_);
  if (!outcome.ok() || !log::enabled(log::Level::kDebug)) return;
  log::debug("a join is done",
             {{kind_, name_},
              {"took_s", std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun_)}});
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
