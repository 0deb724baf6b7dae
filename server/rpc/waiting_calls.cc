#include "server/rpc/waiting_calls.h"

#include <vector>

#include "server/base/errors.h"

namespace sluice::rpc {

void WaitingCalls::add(WaitingCall& call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    if (!refusing_) return;
  }
  if (call.take_back()) call.refuse(shutting_down());
}

void WaitingCalls::remove(WaitingCall& call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(calls_.iterator_to(call));
}

void WaitingCalls::refuse_all() {
  std::vector<WaitingCall*> alone;
  {
    // Under the mutex no call can go away; after take_back() none does before it is refused.
    const std::lock_guard lock(mutex_);
    refusing_ = true;
    for (WaitingCall& call : calls_) {
      if (call.take_back()) alone.push_back(&call);
    }
  }
  for (WaitingCall* call : alone) call->refuse(shutting_down());
}

absl::Status shutting_down() {
  return base::error(base::Reason::kShuttingDown, "the server is going down; nothing was done. Try again in a moment");
}

absl::Status recovering() {
  return base::error(base::Reason::kRecovering, "the server has started and still reads its store; try again in a moment");
}

}  // namespace sluice::rpc
