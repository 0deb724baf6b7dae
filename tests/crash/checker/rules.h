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
void find_accepted_after_close(const Ledger& ledger, Findings& findings);
void find_early_joins(const Ledger& ledger, Findings& findings);

}  // namespace sluice::crash
