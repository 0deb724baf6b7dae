#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

using Places = std::map<std::string, std::string>;  // value to queue

// Completions of the value that may have taken effect before the store was read.
std::vector<const Ending*> endings_before(const Ledger& ledger, const Life& life, const Operation& stored) {
  std::vector<const Ending*> endings;
  for (const Ending& ending : life.endings) {
    if (ending.operation->begin < stored.begin && ledger.may_have_ended(life, ending)) endings.push_back(&ending);
  }
  return endings;
}

bool may_be_withdrawn_before(const Ledger& ledger, const Life& life, const Operation& stored) {
  return ledger.may_be_withdrawn_at(life) < stored.begin;
}

bool surely_put_before(const Life& life, const Operation& stored) {
  const auto acknowledged = [&](const Operation* origin) {
    return origin->outcome == Outcome::kOk && origin->end < stored.begin;
  };
  const auto seen = [&](const Seen& each) { return each.get->end < stored.begin; };
  const bool at_once = !life.comes_later && life.twin_of.empty();
  return (at_once && std::ranges::any_of(life.origins, acknowledged)) || std::ranges::any_of(life.seen, seen);
}

Places places_in(const Operation& stored, Findings& findings) {
  Places places;
  for (const Piece& piece : stored.pieces) {
    const auto [place, fresh] = places.emplace(piece.value, piece.queue);
    if (fresh) continue;
    findings.add(Wrong::kTwoPlaces, piece.value, fmt::format("the store held it in {} and in {}", place->second, piece.queue));
  }
  return places;
}

// An input and an output of one completion are never there together.
void find_both_sides(const Life& life, const std::string& value, const Places& places, Findings& findings) {
  if (!places.contains(value)) return;
  for (const Ending& ending : life.endings) {
    for (const Piece& piece : ending.operation->pieces) {
      if (!places.contains(piece.value)) continue;
      findings.add(Wrong::kTwoPlaces, value,
                   fmt::format("the store held it in {} and its output {} in {}", places.at(value), piece.value, piece.queue));
    }
  }
}

// A completion that took its input out of the store has brought its outputs in.
void find_neither_side(const Ledger& ledger, const std::string& value, const Ending& ending, const Operation& stored,
                       const Places& places, Findings& findings) {
  for (const Piece& piece : ending.operation->pieces) {
    const Life& output = ledger.lives().at(piece.value);
    if (places.contains(piece.value) || may_be_withdrawn_before(ledger, output, stored)) continue;
    if (!endings_before(ledger, output, stored).empty()) continue;
    findings.add(Wrong::kLost, piece.value, fmt::format("the store held neither it nor its input {}", value));
  }
}

void check_value(const Ledger& ledger, const std::string& value, const Life& life, const Operation& stored,
                 const Places& places, Findings& findings) {
  const bool there = places.contains(value);
  const auto endings = endings_before(ledger, life, stored);
  const bool withdrawn = may_be_withdrawn_before(ledger, life, stored);
  if (!there && !withdrawn && endings.empty() && surely_put_before(life, stored)) {
    findings.add(Wrong::kLost, value, fmt::format("the store did not hold it at position {}", stored.begin));
  }
  const auto ended = [&](const Ending* ending) {
    return ending->operation->outcome == Outcome::kOk && ending->operation->end < stored.begin;
  };
  if (there && std::ranges::any_of(endings, ended)) {
    findings.add(Wrong::kDuplicate, value, fmt::format("the store held it in {} after it was completed", places.at(value)));
  }
  find_both_sides(life, value, places, findings);
  if (!there && !withdrawn && endings.size() == 1) find_neither_side(ledger, value, *endings.front(), stored, places, findings);
}

}  // namespace

void find_wrongly_stored(const Ledger& ledger, Findings& findings) {
  for (const Operation& stored : ledger.history()) {
    if (stored.kind != Kind::kStored) continue;
    const Places places = places_in(stored, findings);
    for (const auto& [value, life] : ledger.lives()) check_value(ledger, value, life, stored, places, findings);
  }
}

}  // namespace sluice::crash
