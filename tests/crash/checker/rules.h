// The rules of the checker, each of which looks at the whole ledger and appends what it finds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/crash/checker/ledger.h"

namespace sluice::crash {

class Findings {
 public:
  void add(Wrong wrong, const std::string& value, std::string what) { all_.push_back({wrong, value, std::move(what)}); }
  [[nodiscard]] std::vector<Finding> take() { return std::move(all_); }

 private:
  std::vector<Finding> all_;
};

// What surely was put and never ended.
void find_lost(const Ledger& ledger, Findings& findings);
// What a stream that ended in order did not answer.
void find_owed(const Ledger& ledger, Findings& findings);
// What was there and had no right to.
void find_unexpected(const Ledger& ledger, Findings& findings);
// What was handed out more often than its leases allow, or in more places than one.
void find_repeated(const Ledger& ledger, Findings& findings);
// What the store held after a crash: everything unfinished, each in one place, and nothing else.
void find_wrongly_stored(const Ledger& ledger, Findings& findings);
void find_over_capacity(const Ledger& ledger, Findings& findings);
// The most that was held at once under a limit, for sure, and when.
struct Held {
  std::uint64_t count = 0;
  Position at = 0;
};
[[nodiscard]] Held most_held(const Ledger& ledger, const LimitPlan& limit);
void find_over_limits(const Ledger& ledger, Findings& findings);
void find_accepted_after_close(const Ledger& ledger, Findings& findings);
void find_early_joins(const Ledger& ledger, Findings& findings);
// What was handed out when its time to live was over.
void find_late(const Ledger& ledger, Findings& findings);
// Queues whose account, when nothing is unfinished, is not what their items came to.
void find_miscounted(const Ledger& ledger, Findings& findings);
// Items that their keys forbid, or that a key was no reason to leave out, or that came out of turn.
void find_broken_keys(const Ledger& ledger, Findings& findings);
// What went on after it was cancelled, and cancels that say what is not so.
void find_false_cancels(const Ledger& ledger, Findings& findings);
// Jobs and batches that have no outcome, one that changed, came too early, or is not what became of their items.
void find_false_outcomes(const Ledger& ledger, Findings& findings);

}  // namespace sluice::crash
