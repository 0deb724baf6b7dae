#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// When the holder of a delivery may have held it no longer: it had begun to end it or to give it back, its stream was about to
// break, somebody had begun to cancel it, or the server was about to end.
Position held_until(const Ledger& ledger, const Life& life, const Seen& seen) {
  Position until = std::min(ledger.next_end(seen.get->begin), ledger.may_be_withdrawn_at(life));
  for (const Ending& ending : life.endings) {
    if (ending.token == seen.delivery.token) until = std::min(until, ending.operation->begin);
  }
  return until;
}

}  // namespace

// Counts from when a client had heard of an item until it began to end it. The server counts from before that until after it,
// so that it never has fewer than this.
Held most_held(const Ledger& ledger, const LimitPlan& limit) {
  std::vector<std::pair<Position, int>> changes;
  for (const auto& [value, life] : ledger.lives()) {
    for (const Seen& seen : life.seen) {
      const Position until = held_until(ledger, life, seen);
      if (!std::ranges::count(limit.queues, seen.queue) || until <= seen.get->end) continue;
      // An item of several values counts once.
      const auto& deliveries = seen.get->deliveries;
      const auto first = std::ranges::find(deliveries, seen.delivery.token, &Delivery::token);
      if (first->value != value) continue;
      changes.emplace_back(seen.get->end, 1);
      changes.emplace_back(until, -1);
    }
  }
  std::ranges::sort(changes);
  Held most;
  int now = 0;
  for (const auto& [at, change] : changes) {
    now += change;
    if (now > static_cast<int>(most.count)) most = {static_cast<std::uint64_t>(now), at};
  }
  return most;
}

void find_over_limits(const Ledger& ledger, Findings& findings) {
  for (const LimitPlan& limit : ledger.plan().limits) {
    const Held most = most_held(ledger, limit);
    if (most.count <= limit.at_once) continue;
    findings.add(Wrong::kOverLimit, limit.name,
                 fmt::format("{} were held at {}, {} are allowed", most.count, most.at, limit.at_once));
  }
}

}  // namespace sluice::crash
