// A history sorted by values: where each came from, where it was seen, how it ended.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/history.h"

namespace sluice::crash {

// A value as a get delivered it.
struct Seen {
  const Operation* get = nullptr;
  std::string queue;
  Delivery delivery;
};

// The end of a delivery of a value, or the attempt at it.
struct Ending {
  const Operation* operation = nullptr;  // kComplete, kFail or kRelease
  std::uint64_t token = 0;
};

struct Life {
  std::vector<const Operation*> origins;  // one, unless the clients made a mistake
  std::string origin_queue;
  std::string twin_of;              // another value, whose item the put was answered with: this one was not put
  Micros time_to_live = 0;          // 0: none
  Position may_expire_at = kNever;  // the first moment at which its time may have been over
  bool comes_later = false;         // a batch's callback: put by the server, when the jobs have ended
  std::vector<Seen> seen;           // by token
  std::vector<Ending> endings;      // by token
  std::vector<const Operation*> cancels;
  std::vector<const Operation*> stored;  // in the order of the history

  [[nodiscard]] bool was_there() const { return !seen.empty() || !stored.empty(); }
  [[nodiscard]] std::uint64_t last_token() const { return seen.empty() ? 0 : seen.back().delivery.token; }
};

// Whether the cancel says that it has ended the item.
[[nodiscard]] bool took_away(const Operation& cancel);

class Ledger {
 public:
  // Both must outlive it.
  Ledger(const History& history, const Plan& plan);

  [[nodiscard]] const std::map<std::string, Life>& lives() const { return lives_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const QueuePlan& queue(const std::string& name) const;

  // Whether a put or complete took effect for sure: it was acknowledged, or something of it was there.
  [[nodiscard]] bool took_effect(const Operation& operation) const { return effective_.contains(&operation); }
  // Whether a complete may have ended `life`: not refused, and nothing afterwards shows that it did not.
  [[nodiscard]] bool may_have_ended(const Life& life, const Ending& ending) const;
  // The same for a cancel.
  [[nodiscard]] bool may_have_cancelled(const Life& life, const Operation& cancel) const;
  // The first moment at which somebody may have ended the item in its queue, or moved it to a dead-letter queue.
  [[nodiscard]] Position may_end_at(const Life& life) const;
  // The first moment at which it may have ended without whoever held it, and without a trace.
  [[nodiscard]] Position may_be_withdrawn_at(const Life& life) const;
  // A place that an item can go to from `from` without a client's doing.
  [[nodiscard]] bool leads_to(const std::string& from, const std::string& to) const;
  // The first moment after this one at which the server may not have been there any more.
  [[nodiscard]] Position next_end(Position from) const;
  // Whether an end of the server, a crash or one in order, lies between, or is part of, these positions.
  [[nodiscard]] bool ended_between(Position from, Position to) const;
  [[nodiscard]] bool ended_in_order_between(Position from, Position to) const;

 private:
  void read(const Operation& operation);
  void note_twin(const Piece& piece, Life& life);
  // The last moment that surely was before this time.
  [[nodiscard]] Position moment_before(Micros time) const;
  void reach(const std::string& from, const std::string& at);

  const History& history_;
  const Plan& plan_;
  std::map<std::string, Life> lives_;
  std::set<const Operation*> effective_;
  std::map<std::uint64_t, std::string> keyed_;  // items that have keys, with their values
  std::vector<const Operation*> ends_;          // of the server
  std::map<std::string, std::set<std::string>> reachable_;
};

}  // namespace sluice::crash
