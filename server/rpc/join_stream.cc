#include "server/rpc/join_stream.h"

#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "server/log/log.h"
#include "server/rpc/refusals.h"

namespace sluice::rpc {
namespace {

constexpr ToldStream::Reactions kReactions{.cancel = "cancellation of a join", .written = "written message of a join"};

const std::vector<engine::Stall>& stalls_of(const engine::JoinAnswer& join) {
  static const std::vector<engine::Stall> none;
  if (const auto* queue = std::get_if<engine::QueueView>(&join.progress)) return queue->stalls;
  if (const auto* pipeline = std::get_if<engine::PipelineView>(&join.progress)) return pipeline->stalls;
  return none;
}

}  // namespace

JoinStream::JoinStream(Method method, std::string_view kind, grpc::CallbackServerContext* context, House& house, Tell tell)
    : ToldStream(method, context, house, kReactions), kind_(kind), tell_(std::move(tell)) {}

void JoinStream::start(const engine::JoinCommand& command, Begin begin) {
  name_ = command.name;
  house_.runtime.apply(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) { (engine.*begin)(now, command, *this, effects); });
  wait();
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
    write(tell_(std::move(*answer)));
  } else if (over_) {
    busy_ = true;
    absl::Status outcome = std::move(outcome_);
    lock.unlock();
    if (!outcome.ok() && !name_.empty()) base::annotate(outcome, kind_, name_);
    tell_of_end(outcome);
    finish(outcome);
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

}  // namespace sluice::rpc
