#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// The clocks of the clients, which this goes by, and of the server are not the same one.
constexpr Micros kSlack = 20'000;

// An acknowledged put of a value that has keys.
struct Put {
  const Operation* operation = nullptr;
  const Piece* piece = nullptr;
  const Life* life = nullptr;
};

std::vector<Put> keyed_puts(const Ledger& ledger) {
  std::vector<Put> puts;
  for (const Operation& operation : ledger.history()) {
    if (operation.kind != Kind::kPut || operation.outcome != Outcome::kOk) continue;
    for (const Piece& piece : operation.pieces) {
      if (piece.item == 0 || (piece.dedup_key.empty() && piece.unique_key.empty() && piece.order_key.empty())) continue;
      puts.push_back({&operation, &piece, &ledger.lives().at(piece.value)});
    }
  }
  return puts;
}

// Whether `second` came surely within, or surely after, the window of `first`, which was put.
bool is_within(const Put& first, const Put& second) {
  return second.operation->ended + kSlack < first.operation->began + first.piece->dedup_window;
}
bool is_after(const Put& first, const Put& second) {
  return second.operation->began > first.operation->ended + first.piece->dedup_window + kSlack;
}

// Whether the item surely was unfinished during the whole of the later put, or surely had ended before it.
bool is_there(const Ledger& ledger, const Put& first, const Put& second) {
  const auto moved = [&](const Seen& seen) { return seen.queue != first.piece->queue; };
  return first.operation->end < second.operation->begin && std::ranges::none_of(first.life->seen, moved) &&
         ledger.may_end_at(*first.life) > second.operation->end;
}
bool has_ended(const Put& first, const Put& second) {
  const auto done = [&](const Ending& ending) {
    const Operation& end = *ending.operation;
    return end.kind == Kind::kComplete && end.outcome == Outcome::kOk && end.end < second.operation->begin;
  };
  const auto cancelled = [&](const Operation* cancel) { return took_away(*cancel) && cancel->end < second.operation->begin; };
  return std::ranges::any_of(first.life->endings, done) || std::ranges::any_of(first.life->cancels, cancelled);
}

// Whether a key gave reason for the second put to be answered with the first one's item, or left no choice.
struct Reason {
  bool may = false;
  bool must = false;
};

Reason reason_for(const Ledger& ledger, const Put& first, const Put& second) {
  Reason reason;
  if (!first.piece->dedup_key.empty() && first.piece->dedup_key == second.piece->dedup_key) {
    reason.may = !is_after(first, second);
    reason.must = is_within(first, second);
  }
  if (!first.piece->unique_key.empty() && first.piece->unique_key == second.piece->unique_key) {
    reason.may = reason.may || !has_ended(first, second);
    reason.must = reason.must || is_there(ledger, first, second);
  }
  return reason;
}

// Holds each put against those before it. The keys are their producers' own, so that these came one after the other.
void check_twins(const Ledger& ledger, const std::vector<Put>& puts, Findings& findings) {
  std::map<std::string, std::vector<const Put*>> put_by_key;
  for (const Put& put : puts) {
    const std::string& twin = put.life->twin_of;
    bool may = false;
    for (const std::string* key : {&put.piece->dedup_key, &put.piece->unique_key}) {
      if (key->empty()) continue;
      for (const Put* first : put_by_key[*key]) {
        const Reason reason = reason_for(ledger, *first, put);
        if (first->piece->value == twin) may = may || reason.may;
        if (!reason.must || !twin.empty()) continue;
        findings.add(Wrong::kKeyBroken, put.piece->value,
                     fmt::format("was put, although {} had its key {}", first->piece->value, *key));
      }
      if (twin.empty()) put_by_key[*key].push_back(&put);
    }
    if (!twin.empty() && !may) {
      findings.add(Wrong::kKeyBroken, put.piece->value, fmt::format("was taken for {}, which no longer had its key", twin));
    }
    if (!twin.empty() && put.life->was_there()) {
      findings.add(Wrong::kKeyBroken, put.piece->value, fmt::format("was there, although it was taken for {}", twin));
    }
  }
}

// In the item's own queue; null if it was never handed out there.
const Seen* first_seen(const Put& put) {
  const auto& seen = put.life->seen;
  const auto found = std::ranges::find(seen, put.piece->queue, &Seen::queue);
  return found == seen.end() ? nullptr : &*found;
}

void check_order(const Ledger& ledger, const Put& first, const Put& second, Findings& findings) {
  const Seen* a = first_seen(first);
  const Seen* b = first_seen(second);
  if (a == nullptr || b == nullptr) return;
  const std::string& key = first.piece->order_key;
  if (ledger.queue(first.piece->queue).in_order && first.operation->end < second.operation->begin &&
      b->delivery.token < a->delivery.token) {
    findings.add(Wrong::kKeyBroken, second.piece->value,
                 fmt::format("was handed out before {}, which came first in the order of {}", first.piece->value, key));
  }
  const Put& earlier = a->delivery.token < b->delivery.token ? first : second;
  const Seen& later = a->delivery.token < b->delivery.token ? *b : *a;
  const auto moved = [&](const Seen& seen) { return seen.queue != earlier.piece->queue; };
  if (std::ranges::any_of(earlier.life->seen, moved) || ledger.may_end_at(*earlier.life) < later.get->end) return;
  findings.add(Wrong::kKeyBroken, later.delivery.value,
               fmt::format("was handed out with token {} while {} of the same key {} had not ended", later.delivery.token,
                           earlier.piece->value, key));
}

void check_orders(const Ledger& ledger, const std::vector<Put>& puts, Findings& findings) {
  std::map<std::string, std::vector<const Put*>> of_key;
  for (const Put& put : puts) {
    if (put.piece->order_key.empty() || !put.life->twin_of.empty()) continue;
    for (const Put* earlier : of_key[put.piece->order_key]) check_order(ledger, *earlier, put, findings);
    of_key[put.piece->order_key].push_back(&put);
  }
}

}  // namespace

void find_broken_keys(const Ledger& ledger, Findings& findings) {
  const std::vector<Put> puts = keyed_puts(ledger);
  check_twins(ledger, puts, findings);
  check_orders(ledger, puts, findings);
}

}  // namespace sluice::crash
