// All that the engine knows, and the step that a command takes through it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/base/errors.h"
#include "server/engine/engine.h"
#include "server/engine/job.h"
#include "server/engine/pipeline.h"
#include "server/engine/queue.h"
#include "server/engine/timed.h"

namespace sluice::engine {

// Deterministic randomness for jitter: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  // In [0, 1).
  double roll();

 private:
  std::uint64_t state_;
};

// Numbers that are given once.
struct Sequence {
  std::uint64_t next_item = 1;
  std::uint64_t next_lease = 1;
  std::uint32_t next_queue = 1;
  // What the journal knows: numbers below these may have been given.
  model::SequenceRecord reserved;
  std::uint64_t recorded_in = 0;  // the turn of its last record
};

// Which queues take the dead letters of others: those whose name says so, and those that the settings of others name.
class DeadLetterQueues {
 public:
  // A queue with such settings comes or goes; an update is both.
  void add(const model::QueueSettings& settings);
  void remove(const model::QueueSettings& settings);
  [[nodiscard]] bool contains(std::string_view queue) const;

 private:
  // How many queues name each that does not say by its name what it is.
  std::map<std::string, std::size_t, std::less<>> named_;
};

using Waiting = std::variant<Transfer*, GetWaiter*, JoinWaiter*, Awaiter*>;

struct Tables {
  explicit Tables(const EngineOptions& engine_options);

  // INVALID errors of base/errors.h where there is none of this name.
  [[nodiscard]] absl::StatusOr<Queue*> queue(std::string_view name) const;
  [[nodiscard]] absl::StatusOr<Pipeline*> pipeline(std::string_view name) const;
  // Null if there is none.
  [[nodiscard]] Queue* find_queue(std::string_view name) const;
  // Null unless `lease` is the present right to an item of that queue.
  [[nodiscard]] Item* find_leased(std::string_view queue, model::LeaseId lease) const;

  [[nodiscard]] Item* find_leased(const Queue& queue, model::LeaseId lease) const;

  // Anything that waits must be known by its caller, so that it can be withdrawn.
  // LIMIT_REACHED when as many wait as are allowed.
  [[nodiscard]] absl::Status check_may_wait() const;

  EngineOptions options;
  Dice dice;
  Sequence sequence;
  std::map<std::string, std::unique_ptr<Queue>, std::less<>> queues;
  std::map<std::string, std::unique_ptr<Pipeline>, std::less<>> pipelines;
  std::map<std::string, std::shared_ptr<Limit>, std::less<>> limits;
  std::map<std::string, std::unique_ptr<Schedule>, std::less<>> schedules;
  // Remote workers in the order of their coming.
  std::map<model::WorkerId, std::shared_ptr<RemoteWorker>> workers;
  std::uint64_t last_worker = 0;
  DeadLetterQueues dead_letter_queues;
  std::list<Transfer> transfers;  // that wait
  Jobs jobs;
  // Behind what it points to, so that it lets go first.
  Timers timers;
  absl::flat_hash_map<std::uint32_t, Queue*> queues_by_id;
  absl::flat_hash_map<std::uint64_t, Item*> leases;
  absl::flat_hash_map<Caller*, Waiting> waiting;
  bool store_full = false;
  std::uint64_t bytes = 0;           // of all unfinished items
  std::uint64_t resident_bytes = 0;  // of those whose bodies are in memory

  std::vector<model::ItemErased> lost;  // recorded items of queues that are not kept, from load to the end of the restore

  // Queues that the present command changed: to be settled, to have their counters recorded, and all of them.
  std::vector<Queue*> to_settle;
  std::vector<std::shared_ptr<Limit>> limits_to_settle;
  std::vector<Queue*> to_count;
  std::vector<Queue*> touched;
};

// One command on its way through the tables: when it happens and what comes of it.
struct Step {
  Tables& tables;
  base::Time now;
  Effects& out;

  template <class R>
  void record(R&& record) {
    out.records.emplace_back(std::forward<R>(record));
  }
  // The item as it is now, if the journal is to have it. `with_body`: false where the journal has the body already.
  void record_item(const Item& item, bool with_body);
  void record_end(const Item& item);
  // Where records of the queue's requests go; null if it is not kept.
  std::vector<model::Record>* request_records(const Queue& queue) { return queue.is_kept() ? &out.records : nullptr; }
  void answer(Caller* caller, Answer answer) { out.answers.emplace_back(caller, std::move(answer)); }

  // What this command says depends on the queue as it is now.
  void involve(const Queue& queue) {
    depend_on(queue.is_kept() ? kAllRecords : std::max(queue.recorded_in, tables.sequence.recorded_in));
  }
  void depend_on(std::uint64_t turn);
  // Ends the command: whoever has not said what it depends on depends on everything.
  void note_dependence();

  // The queue changed: what waits for it is looked at before the command ends. Involves it.
  void touch(Queue& queue);
  // The same, and its counters are recorded.
  model::QueueCounters& count(Queue& queue);

  // Fresh numbers; a block of them is recorded ahead of its use.
  model::ItemId new_item_ids(std::uint64_t n);
  model::LeaseId new_lease_id();
  model::QueueId new_queue_id();

  bool involved = false;

 private:
  void reserve();
};

}  // namespace sluice::engine
