#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// The clocks of the clients, which this goes by, and of the server are not the same one.
constexpr Micros kSlack = 20'000;

// What tells an item from others in the history of its put: its id, where the answer said it, or the put itself.
using ItemKey = std::pair<const Operation*, std::uint64_t>;

ItemKey key_of(const Operation& put, const Piece& piece) { return {&put, piece.item}; }

// How many items of a queue ended in some way: surely, and at most.
struct Range {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  void add(bool surely) {
    low += surely ? 1 : 0;
    ++high;
  }
};

// Acknowledged, and neither ended nor taken away by anybody, as far as clients can tell.
bool has_vanished(const Ledger& ledger, const Life& life) {
  const auto elsewhere = [&](const Seen& seen) { return seen.queue != life.origin_queue; };
  const auto ended = [&](const Ending& ending) { return ledger.may_have_ended(life, ending); };
  const auto cancelled = [&](const Operation* cancel) { return ledger.may_have_cancelled(life, *cancel); };
  return std::ranges::none_of(life.seen, elsewhere) && std::ranges::none_of(life.endings, ended) &&
         std::ranges::none_of(life.cancels, cancelled);
}

Range expired_of(const Ledger& ledger, const std::string& queue) {
  std::set<ItemKey> surely;
  std::set<ItemKey> at_most;
  for (const Operation& put : ledger.history()) {
    if (put.kind != Kind::kPut || put.outcome == Outcome::kRefused) continue;
    for (const Piece& piece : put.pieces) {
      if (piece.queue != queue || piece.time_to_live == 0) continue;
      at_most.insert(key_of(put, piece));
      // An item of several values may have been taken apart further on, and its parts have ended in several ways.
      const bool alone = std::ranges::count(put.pieces, piece.item, &Piece::item) == 1;
      if (alone && put.outcome == Outcome::kOk && has_vanished(ledger, ledger.lives().at(piece.value))) {
        surely.insert(key_of(put, piece));
      }
    }
  }
  // Of a put that was not answered the items cannot be told apart.
  std::uint64_t unknown = 0;
  for (const Operation& put : ledger.history()) {
    if (put.kind == Kind::kPut && put.outcome == Outcome::kUnknown && put.queue == queue) unknown += put.pieces.size();
  }
  return {.low = surely.size(), .high = at_most.size() + unknown};
}

// Calls that end an item of the queue.
Range ended_by(const Ledger& ledger, const std::string& queue, Kind kind) {
  Range range;
  for (const Operation& end : ledger.history()) {
    if (end.kind != kind || end.queue != queue || end.outcome == Outcome::kRefused) continue;
    const bool ok = end.outcome == Outcome::kOk;
    if (kind == Kind::kCancel && ok && !took_away(end)) continue;
    range.add(ok);
  }
  return range;
}

class OneAccount {
 public:
  OneAccount(const Ledger& ledger, const Counted& counted, Findings& findings)
      : ledger_(ledger), counted_(counted), findings_(findings) {}

  void check() {
    const std::uint64_t ended =
        counted_.done + counted_.dead_lettered + counted_.expired + counted_.cancelled + counted_.discarded;
    if (counted_.put != ended + counted_.unfinished) {
      add(fmt::format("counts {} put, {} ended and {} unfinished", counted_.put, ended, counted_.unfinished));
    }
    if (!ledger_.queue(counted_.queue).served)
      compare("done", counted_.done, ended_by(ledger_, counted_.queue, Kind::kComplete));
    compare("cancelled", counted_.cancelled, ended_by(ledger_, counted_.queue, Kind::kCancel));
    compare("expired", counted_.expired, expired_of(ledger_, counted_.queue));
  }

 private:
  void add(std::string what) { findings_.add(Wrong::kMiscounted, counted_.queue, std::move(what)); }
  void compare(const char* what, std::uint64_t count, const Range& range) {
    if (count >= range.low && count <= range.high) return;
    add(fmt::format("counts {} {}, clients from {} to {}", count, what, range.low, range.high));
  }

  const Ledger& ledger_;
  const Counted& counted_;
  Findings& findings_;
};

}  // namespace

void find_late(const Ledger& ledger, Findings& findings) {
  for (const auto& [value, life] : ledger.lives()) {
    if (life.time_to_live == 0 || life.origins.front()->outcome != Outcome::kOk) continue;
    const Micros over = life.origins.front()->ended + life.time_to_live;
    for (const Seen& seen : life.seen) {
      if (seen.queue != life.origin_queue || seen.get->began <= over + kSlack) continue;
      findings.add(Wrong::kLate, value,
                   fmt::format("came out of {} with token {} for a get that began {} us after its time to live was over",
                               seen.queue, seen.delivery.token, seen.get->began - over));
    }
  }
}

void find_miscounted(const Ledger& ledger, Findings& findings) {
  for (const Operation& audit : ledger.history()) {
    for (const Counted& counted : audit.counted) OneAccount(ledger, counted, findings).check();
  }
}

}  // namespace sluice::crash
