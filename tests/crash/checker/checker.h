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
  // Where the server itself takes items from here: its stages' outputs, the dead-letter queue.
  std::vector<std::string> leads_to = {};
};

struct Plan {
  std::map<std::string, QueuePlan> queues;
  // The queues that a pipeline's join waits for.
  std::map<std::string, std::vector<std::string>> pipelines;
};

enum class Wrong {
  kLost,          // acknowledged, and neither finished nor there
  kUnexpected,    // there, and never put, or refused
  kDuplicate,     // handed out again without a lost lease, or after it was finished, or as two items
  kTwoPlaces,     // in two stages
  kOverCapacity,  // deeper than the capacity and what was in flight
  kAfterClose,    // accepted after an acknowledged close
  kEarlyJoin,     // returned while something was unfinished
  kOwed,          // never answered by a stream that ended in order
};
inline constexpr std::array kAllWrongs = {Wrong::kLost,         Wrong::kUnexpected, Wrong::kDuplicate, Wrong::kTwoPlaces,
                                          Wrong::kOverCapacity, Wrong::kAfterClose, Wrong::kEarlyJoin, Wrong::kOwed};
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
