// Judges a history, in the manner of Jepsen's total-queue: what was promised (docs/reliability.md) against what was seen.
//
// A pure function, and a sound one: it complains only about what no correct server could have shown, whatever happened
// between the begin and the end of each operation. The history must go on until every queue has been drained.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/crash/checker/history.h"

namespace sluice::crash {

// What the checker has to know of a queue.
struct QueuePlan {
  std::uint64_t capacity = 0;   // 0: unbounded
  std::uint64_t in_flight = 0;  // the most that is leased at once: by so many the depth may exceed the capacity
  Micros lease = 0;             // the shortest that is asked for
  bool keeps_expired = false;   // as dead letters
  bool in_order = false;        // first in, first out
  bool served = false;          // the server itself ends items of it
  // Where the server itself takes items from here: its stages' outputs, the dead-letter queue.
  std::vector<std::string> leads_to = {};
};

// How many items at most the workers of some stages may hold together.
struct LimitPlan {
  std::string name;
  std::uint64_t at_once = 0;
  std::vector<std::string> queues;  // that these stages read, and nobody else takes from
};

struct Plan {
  std::map<std::string, QueuePlan> queues;
  // The queues that a pipeline's join waits for.
  std::map<std::string, std::vector<std::string>> pipelines;
  // The queues in which an item is still of its job; its dead letters are in the queue of that name and ".dead".
  std::vector<std::string> job_queues = {};
  // Where an item becomes a result of its job; empty: nowhere.
  std::string result_queue = {};
  std::vector<LimitPlan> limits = {};
};

enum class Wrong {
  kLost,          // acknowledged, and neither finished nor there
  kUnexpected,    // there, and never put, or refused
  kDuplicate,     // handed out again without a lost lease, or after it was finished, or as two items
  kTwoPlaces,     // in two stages
  kOverCapacity,  // deeper than the capacity and what was in flight
  kOverLimit,     // more held at once than a limit allows
  kAfterClose,    // accepted after an acknowledged close
  kEarlyJoin,     // returned while something was unfinished
  kOwed,          // never answered by a stream that ended in order
  kLate,          // handed out when its time to live was over
  kMiscounted,    // by its queue
  kKeyBroken,     // a second item of a key that allows one, none where one was due, or two out of order
  kFalseCancel,   // of what goes on all the same, or a cancel that misses what is there
  kNoOutcome,     // a job that never ended, or is not known
  kFalseOutcome,  // of a job or batch: not what became of its items
};
inline constexpr std::array kAllWrongs = {Wrong::kLost,         Wrong::kUnexpected, Wrong::kDuplicate,   Wrong::kTwoPlaces,
                                          Wrong::kOverCapacity, Wrong::kOverLimit,  Wrong::kAfterClose,  Wrong::kEarlyJoin,
                                          Wrong::kOwed,         Wrong::kLate,       Wrong::kMiscounted,  Wrong::kKeyBroken,
                                          Wrong::kFalseCancel,  Wrong::kNoOutcome,  Wrong::kFalseOutcome};
[[nodiscard]] const char* name_of(Wrong wrong);

struct Finding {
  Wrong wrong{};
  std::string value;  // or the queue's name
  std::string what;   // a sentence
};

// For the report; none of these is a fault by itself.
struct Counts {
  std::uint64_t operations = 0;
  std::uint64_t streamed = 0;  // of these, over streams
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t values_put = 0;   // surely
  std::uint64_t handed_on = 0;    // values that a complete put downstream
  std::uint64_t completed = 0;    // acknowledged
  std::uint64_t redelivered = 0;  // with a cause
  std::uint64_t crashes = 0;
  std::uint64_t joins = 0;
  std::uint64_t cancelled = 0;     // acknowledged
  std::uint64_t expired = 0;       // as their queues say
  std::uint64_t duplicates = 0;    // not put, because their key was in use
  std::uint64_t most_at_once = 0;  // held surely under a limit
  std::uint64_t jobs = 0;          // whose submission was acknowledged
  std::uint64_t batches = 0;
  std::uint64_t jobs_failed = 0;  // in whatever way

  Counts& operator+=(const Counts& other);
};

struct Verdict {
  std::vector<Finding> findings;
  Counts counts;

  [[nodiscard]] std::uint64_t count(Wrong wrong) const;
  [[nodiscard]] bool good() const { return findings.empty(); }
};

[[nodiscard]] Verdict check(const History& history, const Plan& plan);

// The findings, at most `limit` of them, one a line.
[[nodiscard]] std::string to_text(const Verdict& verdict, std::size_t limit = 20);

}  // namespace sluice::crash
