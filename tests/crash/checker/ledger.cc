#include "tests/crash/checker/ledger.h"

#include <algorithm>

namespace sluice::crash {

Ledger::Ledger(const History& history, const Plan& plan) : history_(history), plan_(plan) {
  for (const auto& [name, queue] : plan.queues) reach(name, name);
  for (const Operation& operation : history) read(operation);
  for (auto& [value, life] : lives_) {
    std::ranges::sort(life.seen, {}, [](const Seen& seen) { return seen.delivery.token; });
    std::ranges::sort(life.endings, {}, &Ending::token);
    if (!life.was_there()) continue;
    for (const Operation* origin : life.origins) effective_.insert(origin);
  }
}

void Ledger::read(const Operation& operation) {
  const bool brings = operation.kind == Kind::kPut || operation.kind == Kind::kComplete;
  if (brings && operation.outcome == Outcome::kOk) effective_.insert(&operation);
  if (operation.kind == Kind::kCrash || operation.kind == Kind::kRestart) ends_.push_back(&operation);
  for (const Piece& piece : operation.pieces) {
    Life& life = lives_[piece.value];
    if (operation.kind == Kind::kStored) {
      life.stored.push_back(&operation);
    } else {
      life.origins.push_back(&operation);
      life.origin_queue = piece.queue;
    }
  }
  for (const Delivery& delivery : operation.deliveries) {
    Life& life = lives_[delivery.value];
    if (operation.kind == Kind::kGet) {
      life.seen.push_back({&operation, operation.queue, delivery});
    } else {
      life.endings.push_back({&operation, delivery.token});
    }
  }
}

void Ledger::reach(const std::string& from, const std::string& at) {
  for (const std::string& next : queue(at).leads_to) {
    if (reachable_[from].insert(next).second) reach(from, next);
  }
}

const QueuePlan& Ledger::queue(const std::string& name) const {
  static const QueuePlan none;
  const auto found = plan_.queues.find(name);
  return found == plan_.queues.end() ? none : found->second;
}

bool Ledger::may_have_ended(const Life& life, const Ending& ending) const {
  const Operation& operation = *ending.operation;
  if (operation.kind != Kind::kComplete || operation.outcome == Outcome::kRefused) return false;
  if (operation.outcome == Outcome::kOk) return true;
  if (life.last_token() > ending.token) return false;
  return std::ranges::none_of(life.stored, [&](const Operation* stored) { return stored->begin > operation.end; });
}

bool Ledger::leads_to(const std::string& from, const std::string& to) const {
  const auto found = reachable_.find(from);
  return found != reachable_.end() && found->second.contains(to);
}

bool Ledger::ended_between(Position from, Position to) const {
  return std::ranges::any_of(ends_, [&](const Operation* end) { return end->end > from && end->begin < to; });
}

bool Ledger::ended_in_order_between(Position from, Position to) const {
  return std::ranges::any_of(
      ends_, [&](const Operation* end) { return end->kind == Kind::kRestart && end->end > from && end->begin < to; });
}

}  // namespace sluice::crash
