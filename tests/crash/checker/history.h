// What clients did to a server and what they were told: the material of the checker. Plain data.
//
// Every operation has a begin and, if it came back, an end: positions in one log, counted over all clients. The begin is
// written before the call is made and the end after it has returned, so that what really happened lies in between.
//
// A value is the name of one piece of work, brought into the world by exactly one put or one hand-off, which makes it possible
// to follow it. An item may carry several values (a payload of several lines).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace sluice::crash {

using Position = std::uint64_t;
using Micros = std::int64_t;

inline constexpr Position kNever = std::numeric_limits<Position>::max();

enum class Kind {
  kPut,       // pieces into a queue, all or none
  kGet,       // takes from a queue
  kComplete,  // ends one delivery as done and hands its pieces on, all or nothing
  kFail,      // ends one delivery as failed
  kRelease,   // gives one delivery back, the attempt not counted
  kClose,     // of a queue or pipeline
  kJoin,      // of a queue or pipeline
  kLook,      // at a queue's depth
  kCrash,     // from the kill to the new start
  kRestart,   // from the request to end in order to the new start
  kStored,    // what the store held between a kill and the next start, or after the end
  kCancel,    // of an item
  kOutcome,   // how jobs ended
  kAudit,     // at the end: all jobs that the server knows, as they stand, batches, and what the queues have counted
};

enum class Outcome {
  kUnknown,  // no answer, or one that says so: it may have taken effect, or not, or may still
  kOk,       // it took effect
  kRefused,  // it did not, and never will
};

struct Piece {
  std::string queue;
  std::string value;
  std::uint64_t item = 0;   // that carries it, as the answer said; 0: not known
  Micros time_to_live = 0;  // 0: none
  // By which the item is told apart; empty: by none.
  std::string dedup_key;
  Micros dedup_window = 0;
  std::string unique_key;
  std::string order_key;
};

struct Delivery {
  std::string value;
  std::uint64_t item = 0;
  std::uint64_t token = 0;  // grows from delivery to delivery, over the whole server
  std::uint32_t attempt = 0;
};

// What a cancel found.
enum class Found { kNothingYet, kWaiting, kHeld, kGone, kNoSuchItem };

enum class JobEnd { kNone, kSucceeded, kFailed, kCancelled, kExpired, kOther };

struct JobTold {
  std::uint64_t job = 0;
  JobEnd end{};
  std::vector<std::string> results;  // the values of all of them
};

struct BatchTold {
  std::uint64_t batch = 0;
  bool ended = false;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::string callback_error;
};

// A queue's own account.
struct Counted {
  std::string queue;
  std::uint64_t put = 0;
  std::uint64_t unfinished = 0;
  std::uint64_t done = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t expired = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t discarded = 0;
};

struct Operation {
  Kind kind{};
  std::string actor;          // who did it
  std::string queue;          // or pipeline
  std::vector<Piece> pieces;  // kPut, kComplete: what is put or handed on; kStored: everything
  // kGet: what came; kComplete, kFail, kRelease: the item that is ended or given back; kCancel: the item, without a token
  std::vector<Delivery> deliveries;
  Found found{};                   // kCancel
  bool submitted = false;          // kPut: as jobs, whose ids are those of the items
  std::uint64_t batch = 0;         // kPut: that the jobs are, as the answer said
  std::vector<Piece> callback;     // kPut: what the server puts when all of the batch have ended
  std::vector<JobTold> jobs;       // kOutcome, kAudit
  std::vector<BatchTold> batches;  // kAudit
  std::vector<Counted> counted;    // kAudit
  std::uint64_t depth = 0;         // kLook: waiting and delayed
  std::uint64_t unfinished = 0;    // kLook: those and leased
  Outcome outcome = Outcome::kUnknown;
  std::string error;      // what a refused or unknown one was told
  bool streamed = false;  // over Produce or Consume; what it gets has no lease that could run out
  bool owed = false;      // its stream ended in order and had not answered it
  Position begin = 0;
  Position end = kNever;
  Micros began = 0;
  Micros ended = 0;  // by the same steady clock
};

using History = std::vector<Operation>;  // in the order in which they were recorded

// One line for each operation, for people.
[[nodiscard]] std::string to_text(const Operation& operation);
[[nodiscard]] std::string to_text(const History& history);

}  // namespace sluice::crash
