#include "tests/crash/checker/checker.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/crash/checker/ledger.h"
#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

std::uint64_t redeliveries(const Ledger& ledger) {
  std::uint64_t count = 0;
  for (const auto& [value, life] : ledger.lives()) {
    for (std::size_t i = 1; i < life.seen.size(); ++i) count += life.seen[i].queue == life.seen[i - 1].queue ? 1 : 0;
  }
  return count;
}

Counts count(const Ledger& ledger) {
  Counts counts;
  for (const Operation& operation : ledger.history()) {
    const bool ok = operation.outcome == Outcome::kOk;
    if (operation.kind == Kind::kCrash) ++counts.crashes;
    if (operation.kind == Kind::kCrash || operation.kind == Kind::kRestart || operation.kind == Kind::kStored) continue;
    ++counts.operations;
    counts.streamed += operation.streamed ? 1 : 0;
    counts.unknown += operation.outcome == Outcome::kUnknown ? 1 : 0;
    counts.refused += operation.outcome == Outcome::kRefused ? 1 : 0;
    counts.joins += ok && operation.kind == Kind::kJoin ? 1 : 0;
    counts.completed += ok && operation.kind == Kind::kComplete ? 1 : 0;
    if (!ledger.took_effect(operation)) continue;
    if (operation.kind == Kind::kPut) counts.values_put += operation.pieces.size();
    if (operation.kind == Kind::kComplete) counts.handed_on += operation.pieces.size();
  }
  counts.redelivered = redeliveries(ledger);
  return counts;
}

}  // namespace

const char* name_of(Wrong wrong) {
  switch (wrong) {
    case Wrong::kLost:
      return "lost";
    case Wrong::kUnexpected:
      return "unexpected";
    case Wrong::kDuplicate:
      return "duplicate";
    case Wrong::kTwoPlaces:
      return "in two places";
    case Wrong::kOverCapacity:
      return "over capacity";
    case Wrong::kAfterClose:
      return "accepted after close";
    case Wrong::kEarlyJoin:
      return "early join";
    case Wrong::kOwed:
      return "left unanswered";
  }
  return "?";
}

Counts& Counts::operator+=(const Counts& other) {
  operations += other.operations;
  streamed += other.streamed;
  unknown += other.unknown;
  refused += other.refused;
  values_put += other.values_put;
  handed_on += other.handed_on;
  completed += other.completed;
  redelivered += other.redelivered;
  crashes += other.crashes;
  joins += other.joins;
  return *this;
}

std::uint64_t Verdict::count(Wrong wrong) const {
  return static_cast<std::uint64_t>(std::ranges::count(findings, wrong, &Finding::wrong));
}

Verdict check(const History& history, const Plan& plan) {
  const Ledger ledger(history, plan);
  Findings findings;
  find_lost(ledger, findings);
  find_unexpected(ledger, findings);
  find_owed(ledger, findings);
  find_repeated(ledger, findings);
  find_wrongly_stored(ledger, findings);
  find_over_capacity(ledger, findings);
  find_accepted_after_close(ledger, findings);
  find_early_joins(ledger, findings);
  return {findings.take(), count(ledger)};
}

std::string to_text(const Verdict& verdict, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, verdict.findings.size()); ++i) {
    const Finding& finding = verdict.findings[i];
    text += fmt::format("{}: {}: {}\n", name_of(finding.wrong), finding.value, finding.what);
  }
  if (verdict.findings.size() > limit) text += fmt::format("... and {} more\n", verdict.findings.size() - limit);
  return text;
}

}  // namespace sluice::crash
