// What a command does besides changing the engine's state: records to make durable, answers to give, stages to run.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/views.h"
#include "server/model/item.h"
#include "server/model/record.h"

namespace sluice::engine {

struct PutAnswer {
  absl::Status status;
  // The ids of the items put are consecutive, in the order given. 0: of a named producer, which were there before.
  model::ItemId first{};
  std::uint32_t count = 0;
  // Of a put one by one: there are items left, and another answer will come.
  bool more = false;
  // Not empty: their ids one by one, because keys of some were there already, and these are the earlier items' ids.
  std::vector<model::ItemId> ids = {};
};

struct GetAnswer {
  absl::Status status;
  std::vector<model::Delivery> items;
  bool end_of_queue = false;
};

struct CompleteAnswer {
  absl::Status status;
};

// A join may be answered many times with done = false, and then once with done = true or an error.
struct JoinAnswer {
  absl::Status status;
  bool done = false;
  std::uint64_t idle_count = 0;
  std::variant<std::monostate, QueueView, PipelineView> progress;
};

// Awaited jobs that have ended or are not there any more, and those of which progress was reported. Answered any number of
// times with done = false, and then once with done = true or an error.
struct AwaitAnswer {
  absl::Status status;
  std::vector<model::JobId> ended;
  bool done = false;
  std::vector<model::JobId> progressed = {};
};

using Answer = std::variant<PutAnswer, GetAnswer, CompleteAnswer, JoinAnswer, AwaitAnswer>;

// True for the answer after which the engine has forgotten its caller.
[[nodiscard]] bool is_final(const Answer& answer);

// Whoever waits for an answer. The engine only keeps the address and hands it back with the answer; it never calls. A caller
// has at most one command in the engine at a time, and must live until its final answer came or withdraw() returned true.
class Caller {
 public:
  // Called by the runtime, once for each answer, without its lock. Must not block.
  virtual void answer(Answer&& answer) = 0;

 protected:
  ~Caller() = default;
};

// Whoever holds leases and is told when one is taken away. The engine only keeps the address. It must live as long as it holds
// any lease that it was given, and until told() has been called as often as revoked().
class LeaseWatch {
 public:
  // The lease is void: the item was cancelled. Called in the turn itself, under the runtime's lock: must neither block nor
  // call the runtime.
  virtual void revoked(model::LeaseId lease) = 0;
  // Follows each revoked(), without the lock, once it is safe, or never will be. Must not block.
  virtual void told() {}

 protected:
  ~LeaseWatch() = default;
};

// How many workers the server should run for a stage from now on.
struct StageChange {
  std::string pipeline;
  model::StageSpec spec;
  // 0 while paused, when finished and when deleted. Surplus workers finish what they hold.
  std::uint32_t wanted_workers = 0;
  // True: the stage was deleted; nothing is kept of it.
  bool deleted = false;
};

// Every record that there is by now.
inline constexpr std::uint64_t kAllRecords = std::numeric_limits<std::uint64_t>::max();

// Of one turn: one or several commands whose records are kept together.
struct Effects {
  // To be set before the turn: the number under which its records will be kept. Greater than that of every turn that had any.
  std::uint64_t turn = 0;
  // What was said in this turn depends on the records of the turns up to this number, and on its own. Absent: nobody said
  // anything about it, so on all. Less than kAllRecords only if nothing but queues of MEMORY durability was involved. Looking
  // (the const methods of Engine) is not noted here.
  std::optional<std::uint64_t> depends_on;

  std::vector<model::Record> records;
  std::vector<std::pair<Caller*, Answer>> answers;
  std::vector<StageChange> stage_changes;
  std::vector<std::pair<LeaseWatch*, model::LeaseId>> revoked;

  void clear() {
    depends_on.reset();
    records.clear();
    answers.clear();
    stage_changes.clear();
    revoked.clear();
  }
};

}  // namespace sluice::engine
