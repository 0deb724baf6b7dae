#include <algorithm>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

bool surely_put(const Ledger& ledger, const Life& life) {
  if (!life.twin_of.empty()) return false;
  return std::ranges::any_of(life.origins, [&](const Operation* origin) { return ledger.took_effect(*origin); });
}

bool may_have_ended(const Ledger& ledger, const Life& life) {
  return std::ranges::any_of(life.endings, [&](const Ending& ending) { return ledger.may_have_ended(life, ending); });
}

// Whether something gave the server the right to hand out again what it had handed out as `first`.
bool has_cause(const Ledger& ledger, const Life& life, const Seen& first, const Seen& again) {
  if (ledger.ended_between(first.get->begin, again.get->end)) return true;
  if (!first.get->streamed && again.get->ended - first.get->began >= ledger.queue(first.queue).lease) return true;
  return std::ranges::any_of(life.endings, [&](const Ending& ending) {
    return ending.operation->kind != Kind::kComplete && ending.operation->outcome != Outcome::kRefused &&
           ending.token == first.delivery.token;
  });
}

// Whether the attempt of `first` need not have been counted: it was given back, by its client or by a server that ended in
// order.
bool may_be_uncounted(const Ledger& ledger, const Life& life, const Seen& first, const Seen& again) {
  if (first.get->streamed && ledger.ended_in_order_between(first.get->begin, again.get->end)) return true;
  return std::ranges::any_of(life.endings, [&](const Ending& ending) {
    return ending.operation->kind == Kind::kRelease && ending.operation->outcome != Outcome::kRefused &&
           ending.token == first.delivery.token;
  });
}

void compare(const Ledger& ledger, const std::string& value, const Life& life, const Seen& first, const Seen& again,
             Findings& findings) {
  const Delivery& a = first.delivery;
  const Delivery& b = again.delivery;
  if (a.token == b.token) {
    return findings.add(Wrong::kDuplicate, value, fmt::format("token {} was given twice in {}", a.token, again.queue));
  }
  if (first.queue != again.queue) {
    if (ledger.leads_to(first.queue, again.queue)) return;
    return findings.add(Wrong::kTwoPlaces, value, fmt::format("was in {} and then in {}", first.queue, again.queue));
  }
  if (a.item != b.item) {
    return findings.add(Wrong::kDuplicate, value, fmt::format("is item {} and item {} of {}", a.item, b.item, first.queue));
  }
  if (b.attempt < a.attempt || (b.attempt == a.attempt && !may_be_uncounted(ledger, life, first, again))) {
    return findings.add(Wrong::kDuplicate, value,
                        fmt::format("attempt {} in {} came after attempt {}", b.attempt, first.queue, a.attempt));
  }
  if (!has_cause(ledger, life, first, again)) {
    findings.add(Wrong::kDuplicate, value,
                 fmt::format("attempt {} in {} came without a lost lease of attempt {}", b.attempt, first.queue, a.attempt));
  }
}

// What an acknowledged completion, or one whose output was there, forbids afterwards.
void find_after_end(const Ledger& ledger, const std::string& value, const Life& life, Findings& findings) {
  const Ending* done = nullptr;
  for (const Ending& ending : life.endings) {
    if (ending.operation->kind != Kind::kComplete || !ledger.took_effect(*ending.operation)) continue;
    if (done != nullptr) {
      findings.add(Wrong::kDuplicate, value,
                   fmt::format("was completed with token {} and again with {}", done->token, ending.token));
    }
    done = &ending;
    const auto after = std::ranges::find_if(life.seen, [&](const Seen& seen) { return seen.delivery.token > ending.token; });
    if (after == life.seen.end()) continue;
    const bool handed_on = !ending.operation->pieces.empty();
    findings.add(handed_on ? Wrong::kTwoPlaces : Wrong::kDuplicate, value,
                 fmt::format("was {} with token {}, and handed out in {} with token {} after that",
                             handed_on ? "handed on" : "completed", ending.token, after->queue, after->delivery.token));
  }
}

}  // namespace

void find_lost(const Ledger& ledger, Findings& findings) {
  for (const auto& [value, life] : ledger.lives()) {
    if (!surely_put(ledger, life) || may_have_ended(ledger, life) || ledger.may_be_withdrawn_at(life) != kNever) continue;
    findings.add(Wrong::kLost, value,
                 life.seen.empty() ? fmt::format("was put into {} and never seen", life.origin_queue)
                                   : fmt::format("was last seen in {} with token {} and never ended", life.seen.back().queue,
                                                 life.last_token()));
  }
}

void find_owed(const Ledger& ledger, Findings& findings) {
  for (const Operation& operation : ledger.history()) {
    if (!operation.owed) continue;
    const bool put = operation.kind == Kind::kPut;
    findings.add(Wrong::kOwed, put ? operation.pieces.front().value : operation.deliveries.front().value,
                 fmt::format("the stream of {} ended in order and had not said what became of its {}", operation.actor,
                             put ? "put" : "end"));
  }
}

void find_unexpected(const Ledger& ledger, Findings& findings) {
  for (const auto& [value, life] : ledger.lives()) {
    if (!life.was_there()) continue;
    if (life.origins.empty()) {
      findings.add(Wrong::kUnexpected, value, "was there and never put");
      continue;
    }
    const bool refused =
        std::ranges::all_of(life.origins, [](const Operation* origin) { return origin->outcome == Outcome::kRefused; });
    if (refused) {
      findings.add(Wrong::kUnexpected, value, fmt::format("was there, although {} refused it", life.origin_queue));
    }
    for (const Seen& seen : life.seen) {
      if (seen.queue == life.origin_queue || ledger.leads_to(life.origin_queue, seen.queue)) continue;
      findings.add(Wrong::kUnexpected, value, fmt::format("was put into {} and came out of {}", life.origin_queue, seen.queue));
    }
  }
}

void find_repeated(const Ledger& ledger, Findings& findings) {
  for (const auto& [value, life] : ledger.lives()) {
    for (std::size_t i = 1; i < life.seen.size(); ++i) compare(ledger, value, life, life.seen[i - 1], life.seen[i], findings);
    find_after_end(ledger, value, life, findings);
  }
}

}  // namespace sluice::crash
