#include "server/rpc/complete_call.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "server/base/errors.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::rpc {
namespace {

using base::Reason;

constexpr std::string_view kCancelComplete = "cancellation of QueueService/Complete";

// Of the server or the call, not of a token.
bool is_general(const absl::Status& status) {
  switch (base::reason_of(status).value_or(Reason::kInternal)) {
    case Reason::kShuttingDown:
    case Reason::kStoreFailed:
    case Reason::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

void CompleteCall::start(std::vector<engine::CompleteCommand> commands) {
  queue_ = commands.front().queue;
  about("queue", queue_);
  slots_ = std::vector<Slot>(commands.size());
  open_ = commands.size();
  house_.runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      slots_[i].call = this;
      slots_[i].lease = commands[i].lease;
      engine.complete(now, std::move(commands[i]), slots_[i], effects);
    }
  });
  if (finished()) return;
  waits_ = true;
  house_.hand_ons.add(*this);
}

void CompleteCall::Slot::answer(engine::Answer&& answer) {
  const base::ReactionTimer timer(call->method());
  result = std::move(std::get<engine::CompleteAnswer>(answer).status);
  if (call->close(1)) call->conclude();
}

bool CompleteCall::take_back(const absl::Status& status) {
  std::size_t taken = 0;
  house_.runtime.apply([&](engine::Engine& engine, base::Time now, engine::Effects& effects) {
    for (Slot& slot : slots_) {
      if (!engine.withdraw(now, slot, effects)) continue;
      slot.result = status;
      ++taken;
    }
  });
  return taken > 0 && close(taken);
}

void CompleteCall::refuse(const absl::Status&) { conclude(); }

void CompleteCall::OnCancel() {
  const base::ReactionTimer timer(kCancelComplete);
  if (take_back(absl::CancelledError("the caller has gone"))) finish(absl::CancelledError("the caller has gone"));
}

void CompleteCall::OnDone() {
  if (waits_) house_.hand_ons.remove(*this);
  Call::OnDone();
}

void CompleteCall::conclude() {
  const bool full = std::ranges::any_of(slots_, [](const Slot& slot) { return base::is(slot.result, Reason::kQueueFull); });
  if (full && out_of_time(house_.clock)) return finish(deadline_exceeded());
  const bool failed = std::ranges::none_of(slots_, [](const Slot& slot) { return slot.result.ok(); });
  if (failed && is_general(slots_.front().result)) return finish(slots_.front().result);
  if (!all(Reason::kQueueNotFound)) return finish_with_results();
  // Either the outputs' queues are missing, which is the tokens' matter, or the one that the call names.
  house_.runtime.run(
      [this](engine::Engine& engine, base::Time now, engine::Effects&) { return engine.queue(now, queue_).status(); },
      [this](const absl::Status& status) { status.ok() ? finish_with_results() : finish(status); });
}

void CompleteCall::finish_with_results() {
  v1::CompleteResponse response;
  response.mutable_results()->Reserve(static_cast<int>(slots_.size()));
  for (const Slot& slot : slots_) wire::fill(slot.lease, slot.result, *response.add_results());
  finish(response);
}

bool CompleteCall::all(Reason reason) const {
  return std::ranges::all_of(slots_, [reason](const Slot& slot) { return base::is(slot.result, reason); });
}

}  // namespace sluice::rpc
