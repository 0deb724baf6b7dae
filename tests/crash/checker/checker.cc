#include "tests/crash/checker/checker.h"

#include <algorithm>
#include <set>

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

// Whether a client did it.
bool is_call(const Operation& operation) {
  return operation.kind != Kind::kCrash && operation.kind != Kind::kRestart && operation.kind != Kind::kStored;
}

void count_jobs(const Operation& operation, Counts& counts) {
  std::set<std::uint64_t> submitted;
  for (const Piece& piece : operation.pieces) {
    if (operation.submitted && piece.item != 0) submitted.insert(piece.item);
  }
  counts.jobs += submitted.size();
  counts.batches += operation.batch != 0 ? 1 : 0;
  if (operation.kind != Kind::kAudit) return;
  for (const JobTold& told : operation.jobs) counts.jobs_failed += told.end != JobEnd::kSucceeded ? 1 : 0;
}

Counts count(const Ledger& ledger) {
  Counts counts;
  for (const Operation& operation : ledger.history()) {
    const bool ok = operation.outcome == Outcome::kOk;
    if (operation.kind == Kind::kCrash) ++counts.crashes;
    if (!is_call(operation)) continue;
    count_jobs(operation, counts);
    for (const Counted& counted : operation.counted) counts.expired += counted.expired;
    counts.cancelled += operation.kind == Kind::kCancel && took_away(operation) ? 1 : 0;
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
  for (const auto& [value, life] : ledger.lives()) counts.duplicates += life.twin_of.empty() ? 0 : 1;
  for (const LimitPlan& limit : ledger.plan().limits)
    counts.most_at_once = std::max(counts.most_at_once, most_held(ledger, limit).count);
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
    case Wrong::kOverLimit:
      return "over limit";
    case Wrong::kAfterClose:
      return "accepted after close";
    case Wrong::kEarlyJoin:
      return "early join";
    case Wrong::kOwed:
      return "left unanswered";
    case Wrong::kLate:
      return "late";
    case Wrong::kMiscounted:
      return "miscounted";
    case Wrong::kKeyBroken:
      return "key broken";
    case Wrong::kFalseCancel:
      return "false cancel";
    case Wrong::kNoOutcome:
      return "without outcome";
    case Wrong::kFalseOutcome:
      return "false outcome";
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
  cancelled += other.cancelled;
  expired += other.expired;
  duplicates += other.duplicates;
  most_at_once = std::max(most_at_once, other.most_at_once);
  jobs += other.jobs;
  batches += other.batches;
  jobs_failed += other.jobs_failed;
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
  find_over_limits(ledger, findings);
  find_accepted_after_close(ledger, findings);
  find_early_joins(ledger, findings);
  find_late(ledger, findings);
  find_miscounted(ledger, findings);
  find_broken_keys(ledger, findings);
  find_false_cancels(ledger, findings);
  find_false_outcomes(ledger, findings);
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
