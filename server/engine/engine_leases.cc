// Commands on the leases of one consumer, many at a time: what follows from them is done once, not for each.
#include <algorithm>
#include <vector>

#include "server/engine/engine.h"
#include "server/engine/life.h"
#include "server/engine/state.h"
#include "server/engine/transfer.h"

namespace sluice::engine {

absl::StatusOr<std::vector<absl::Status>> Engine::finish(base::Time now, std::string_view queue,
                                                         std::span<const model::LeaseId> leases, Effects& out) {
  using Results = std::vector<absl::Status>;
  return state_->with_queue(now, queue, out, [&](Step& step, Queue& found) -> absl::StatusOr<Results> {
    Results results;
    results.reserve(leases.size());
    for (const model::LeaseId lease : leases) {
      Item* item = step.tables.find_leased(found, lease);
      if (item != nullptr && item->completion == nullptr) {
        engine::finish(step, *item);
        results.emplace_back();
      } else {
        results.push_back(State::lease_lost(queue, lease));
      }
    }
    return results;
  });
}

absl::Status Engine::lose(base::Time now, std::string_view queue, std::span<const model::LeaseId> leases, Effects& out) {
  return state_->with_queue(now, queue, out, [&](Step& step, Queue& found) -> absl::Status {
    const auto status = absl::CancelledError("the consumer is lost");
    std::vector<Item*> held;
    for (const model::LeaseId lease : leases) {
      Item* item = step.tables.find_leased(found, lease);
      if (item == nullptr) continue;
      refuse_completion(step, *item, status);
      held.push_back(item);
    }
    std::ranges::sort(held);
    held.erase(std::unique(held.begin(), held.end()), held.end());
    lose_leases(step, found, std::move(held), model::failure_reason::kConsumerLost,
                "the stream by which its consumer held it broke");
    return absl::OkStatus();
  });
}

}  // namespace sluice::engine
