#include "tests/crash/checker/ledger.h"

#include <algorithm>

namespace sluice::crash {

Ledger::Ledger(const History& history, const Plan& plan) : history_(history), plan_(plan) {
  for (const auto& [name, queue] : plan.queues) reach(name, name);
  for (const Operation& operation : history) read(operation);
  for (auto& [value, life] : lives_) {
    std::ranges::sort(life.seen, {}, [](const Seen& seen) { return seen.delivery.token; });
    std::ranges::sort(life.endings, {}, &Ending::token);
    if (life.time_to_live > 0) life.may_expire_at = moment_before(life.origins.front()->began + life.time_to_live);
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
      life.time_to_live = piece.time_to_live;
      note_twin(piece, life);
    }
  }
  for (const Piece& piece : operation.callback) {
    Life& life = lives_[piece.value];
    life.origins.push_back(&operation);
    life.origin_queue = piece.queue;
    life.comes_later = true;
  }
  for (const Delivery& delivery : operation.deliveries) {
    Life& life = lives_[delivery.value];
    if (operation.kind == Kind::kGet) {
      life.seen.push_back({&operation, operation.queue, delivery});
    } else if (operation.kind == Kind::kCancel) {
      // What was taken for another one's item is that item.
      (life.twin_of.empty() ? life : lives_[life.twin_of]).cancels.push_back(&operation);
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

void Ledger::note_twin(const Piece& piece, Life& life) {
  if (piece.item == 0 || (piece.dedup_key.empty() && piece.unique_key.empty())) return;
  const auto [first, fresh] = keyed_.emplace(piece.item, piece.value);
  if (!fresh) life.twin_of = first->second;
}

Position Ledger::moment_before(Micros time) const {
  Position moment = 0;
  for (const Operation& operation : history_) {
    if (operation.began < time) moment = std::max(moment, operation.begin);
    if (operation.end != kNever && operation.ended < time) moment = std::max(moment, operation.end);
  }
  return moment;
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

bool took_away(const Operation& cancel) {
  return cancel.outcome == Outcome::kOk && (cancel.found == Found::kWaiting || cancel.found == Found::kHeld);
}

bool Ledger::may_have_cancelled(const Life& life, const Operation& cancel) const {
  if (cancel.outcome != Outcome::kUnknown) return took_away(cancel);
  return std::ranges::none_of(life.seen, [&](const Seen& seen) { return seen.get->begin > cancel.end; }) &&
         std::ranges::none_of(life.stored, [&](const Operation* stored) { return stored->begin > cancel.end; });
}

Position Ledger::may_end_at(const Life& life) const {
  Position at = std::min(may_be_withdrawn_at(life), life.may_expire_at);
  for (const Ending& ending : life.endings) {
    // An unanswered release may have become the end of an attempt, because its stream broke.
    const bool fail = (ending.operation->kind == Kind::kFail && ending.operation->outcome != Outcome::kRefused) ||
                      (ending.operation->kind == Kind::kRelease && ending.operation->outcome == Outcome::kUnknown);
    if (fail || may_have_ended(life, ending)) at = std::min(at, ending.operation->begin);
  }
  return at;
}

Position Ledger::may_be_withdrawn_at(const Life& life) const {
  Position at = queue(life.origin_queue).keeps_expired ? kNever : life.may_expire_at;
  for (const Operation* cancel : life.cancels) {
    if (may_have_cancelled(life, *cancel)) at = std::min(at, cancel->begin);
  }
  return at;
}

bool Ledger::leads_to(const std::string& from, const std::string& to) const {
  const auto found = reachable_.find(from);
  return found != reachable_.end() && found->second.contains(to);
}

Position Ledger::next_end(Position from) const {
  Position next = kNever;
  for (const Operation* end : ends_) {
    if (end->end > from) next = std::min(next, end->begin);
  }
  return next;
}

bool Ledger::ended_between(Position from, Position to) const {
  return std::ranges::any_of(ends_, [&](const Operation* end) { return end->end > from && end->begin < to; });
}

bool Ledger::ended_in_order_between(Position from, Position to) const {
  return std::ranges::any_of(
      ends_, [&](const Operation* end) { return end->kind == Kind::kRestart && end->end > from && end->begin < to; });
}

}  // namespace sluice::crash
