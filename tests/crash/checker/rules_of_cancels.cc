#include <algorithm>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// One cancel of an item, for one value that it carries.
class OneCancel {
 public:
  OneCancel(const Ledger& ledger, const Operation& cancel, const Delivery& of, Findings& findings)
      : ledger_(ledger), cancel_(cancel), of_(of), life_(ledger.lives().at(of.value)), findings_(findings) {}

  void check() {
    switch (cancel_.found) {
      case Found::kNothingYet:
        return;
      case Found::kWaiting:
      case Found::kHeld:
        return check_taken_away();
      case Found::kGone:
        return check_gone();
      case Found::kNoSuchItem:
        return add("was cancelled, and the server said that it never was");
    }
  }

 private:
  void add(std::string what) { findings_.add(Wrong::kFalseCancel, of_.value, std::move(what)); }

  // Whether this is about the item that was cancelled, not about another one that carries the value elsewhere.
  [[nodiscard]] bool is_same(const Operation& end) const {
    return end.queue == cancel_.queue &&
           std::ranges::any_of(end.deliveries, [this](const Delivery& each) { return each.item == of_.item; });
  }
  // Whether it was seen where the server moves it to from the item's queue.
  [[nodiscard]] bool is_further(const Seen& seen) const { return ledger_.leads_to(cancel_.queue, seen.queue); }

  void check_taken_away() {
    for (const Seen& seen : life_.seen) {
      if (is_further(seen)) {
        add(fmt::format("was cancelled in {}, and came out of {}", cancel_.queue, seen.queue));
      } else if (seen.get->begin > cancel_.end) {
        add(fmt::format("was cancelled in {} at {}, and came out of {} after that", cancel_.queue, cancel_.end, seen.queue));
      }
    }
    for (const Ending& ending : life_.endings) {
      const Operation& end = *ending.operation;
      if (!is_same(end)) continue;
      if (end.kind == Kind::kComplete && ledger_.took_effect(end)) {
        add(fmt::format("was cancelled, and completed with token {}", ending.token));
      } else if (end.kind == Kind::kFail && end.outcome == Outcome::kOk && end.begin > cancel_.end) {
        add(fmt::format("was cancelled, and failed with token {} after that", ending.token));
      }
    }
    for (const Operation* other : life_.cancels) {
      if (other != &cancel_ && is_same(*other) && took_away(*other)) add("was cancelled twice");
    }
    for (const Operation* stored : life_.stored) {
      if (stored->begin > cancel_.end) add(fmt::format("was cancelled, and the store held it at {}", stored->begin));
    }
  }

  void check_gone() {
    for (const Seen& seen : life_.seen) {
      if (seen.queue == cancel_.queue && seen.delivery.item == of_.item && seen.get->begin > cancel_.end) {
        add(fmt::format("was said to be gone at {}, and came out of {} after that", cancel_.end, seen.queue));
      }
    }
    for (const Ending& ending : life_.endings) {
      const Operation& end = *ending.operation;
      if (end.kind == Kind::kComplete && end.outcome == Outcome::kOk && is_same(end) && end.begin > cancel_.end) {
        add(fmt::format("was said to be gone at {}, and completed after that", cancel_.end));
      }
    }
    if (!may_be_gone()) add(fmt::format("was said to be gone from {}, and nothing had taken it away", cancel_.queue));
  }

  // Whether something may have ended or moved it before the answer.
  [[nodiscard]] bool may_be_gone() const {
    const auto ended = [this](const Ending& ending) {
      return ending.operation->begin < cancel_.end && is_same(*ending.operation) && ledger_.may_have_ended(life_, ending);
    };
    const auto moved = [this](const Seen& seen) { return seen.queue != cancel_.queue && is_further(seen); };
    const auto cancelled = [this](const Operation* other) {
      return other != &cancel_ && other->begin < cancel_.end && is_same(*other) && ledger_.may_have_cancelled(life_, *other);
    };
    return std::ranges::any_of(life_.endings, ended) || std::ranges::any_of(life_.seen, moved) ||
           std::ranges::any_of(life_.cancels, cancelled) || life_.may_expire_at < cancel_.end || may_be_ended_elsewhere();
  }
  // Where the server itself moves items on, what became of it may have been cancelled there.
  [[nodiscard]] bool may_be_ended_elsewhere() const {
    return std::ranges::any_of(life_.cancels, [this](const Operation* other) {
      return other->queue != cancel_.queue && ledger_.leads_to(cancel_.queue, other->queue) &&
             ledger_.may_have_cancelled(life_, *other);
    });
  }

  const Ledger& ledger_;
  const Operation& cancel_;
  const Delivery& of_;
  const Life& life_;
  Findings& findings_;
};

}  // namespace

void find_false_cancels(const Ledger& ledger, Findings& findings) {
  for (const Operation& cancel : ledger.history()) {
    if (cancel.kind != Kind::kCancel || cancel.outcome != Outcome::kOk) continue;
    for (const Delivery& of : cancel.deliveries) {
      if (ledger.lives().at(of.value).twin_of.empty()) OneCancel(ledger, cancel, of, findings).check();
    }
  }
}

}  // namespace sluice::crash
