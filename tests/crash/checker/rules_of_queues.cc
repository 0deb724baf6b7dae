#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// The first acknowledged close of each queue or pipeline.
std::map<std::string, const Operation*> closes(const History& history) {
  std::map<std::string, const Operation*> first;
  for (const Operation& operation : history) {
    if (operation.kind != Kind::kClose || operation.outcome != Outcome::kOk) continue;
    const auto [known, fresh] = first.emplace(operation.queue, &operation);
    if (!fresh && operation.end < known->second->end) known->second = &operation;
  }
  return first;
}

// The queues that a join of this name waits for.
std::vector<std::string> covered_by(const Plan& plan, const std::string& name) {
  const auto pipeline = plan.pipelines.find(name);
  return pipeline == plan.pipelines.end() ? std::vector<std::string>{name} : pipeline->second;
}

// From after `from` until before `until`, a value was surely unfinished.
struct Unfinished {
  Position from = 0;
  Position until = kNever;
  std::string value;
};

// Of values put into these queues that the server does not move on by itself.
std::vector<Unfinished> surely_unfinished(const Ledger& ledger, const std::vector<std::string>& queues) {
  std::vector<Unfinished> all;
  for (const auto& [value, life] : ledger.lives()) {
    if (life.comes_later || !life.twin_of.empty() || !std::ranges::count(queues, life.origin_queue)) continue;
    const auto elsewhere = [&life = life](const Seen& seen) { return seen.queue != life.origin_queue; };
    if (std::ranges::any_of(life.seen, elsewhere)) continue;
    for (const Operation* origin : life.origins) {
      if (origin->outcome == Outcome::kOk) all.push_back({origin->end, ledger.may_end_at(life), value});
    }
  }
  std::ranges::sort(all, {}, &Unfinished::from);
  return all;
}

// A join is right if there was a moment, from its begin to its end, in which nothing was surely unfinished.
void check_moment(const Operation& join, const std::vector<Unfinished>& unfinished, Findings& findings) {
  Position moment = join.begin;
  const Unfinished* last = nullptr;
  for (const Unfinished& each : unfinished) {
    if (each.from > moment) break;
    if (each.until > moment) {
      moment = each.until;
      last = &each;
    }
    if (moment >= join.end) {
      return findings.add(
          Wrong::kEarlyJoin, join.queue,
          fmt::format("the join at {} returned at {} while {} was unfinished", join.begin, join.end, last->value));
    }
  }
}

// After the join of what was closed before, nothing can be there any more.
void check_after(const Ledger& ledger, const Operation& join, const std::vector<std::string>& queues, Findings& findings) {
  for (const Operation& later : ledger.history()) {
    if (later.begin < join.end || !std::ranges::count(queues, later.queue)) continue;
    const bool left = later.kind == Kind::kLook && later.unfinished > 0;
    const bool came = later.kind == Kind::kGet && !later.deliveries.empty();
    if (!left && !came) continue;
    findings.add(Wrong::kEarlyJoin, join.queue,
                 left ? fmt::format("{} unfinished in {} after its close and join", later.unfinished, later.queue)
                      : fmt::format("{} came out of {} after its close and join", later.deliveries.front().value, later.queue));
  }
}

}  // namespace

void find_over_capacity(const Ledger& ledger, Findings& findings) {
  for (const Operation& look : ledger.history()) {
    if (look.kind != Kind::kLook) continue;
    const QueuePlan& queue = ledger.queue(look.queue);
    if (queue.capacity == 0 || look.unfinished <= queue.capacity + queue.in_flight) continue;
    findings.add(Wrong::kOverCapacity, look.queue,
                 fmt::format("{} waited and {} were leased, with a capacity of {} and at most {} in flight", look.depth,
                             look.unfinished - look.depth, queue.capacity, queue.in_flight));
  }
}

void find_accepted_after_close(const Ledger& ledger, Findings& findings) {
  const auto closed = closes(ledger.history());
  for (const Operation& operation : ledger.history()) {
    if (operation.kind == Kind::kStored || !ledger.took_effect(operation)) continue;
    for (const Piece& piece : operation.pieces) {
      const auto close = closed.find(piece.queue);
      if (close == closed.end() || operation.begin < close->second->end) continue;
      findings.add(Wrong::kAfterClose, piece.value,
                   fmt::format("was put into {} at {}, after its close was acknowledged at {}", piece.queue, operation.begin,
                               close->second->end));
    }
  }
}

void find_early_joins(const Ledger& ledger, Findings& findings) {
  const auto closed = closes(ledger.history());
  for (const Operation& join : ledger.history()) {
    if (join.kind != Kind::kJoin || join.outcome != Outcome::kOk) continue;
    const auto queues = covered_by(ledger.plan(), join.queue);
    check_moment(join, surely_unfinished(ledger, queues), findings);
    const auto close = closed.find(join.queue);
    if (close != closed.end() && close->second->end < join.begin) check_after(ledger, join, queues, findings);
  }
}

}  // namespace sluice::crash
