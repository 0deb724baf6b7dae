// Jobs and batches as the engine holds them.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <vector>

#include "server/engine/commands.h"
#include "server/engine/timed.h"
#include "server/model/job.h"

namespace sluice::engine {

class Caller;
struct Awaiter;
struct Batch;
struct Item;

// Timed, once it has ended, by when it is forgotten.
struct Job : Timed {
  Job() : Timed(TimedKind::kJob) {}

  model::JobRecord facts;
  // Its items that have not ended; and one more while an item of it is being replaced by its outputs.
  std::uint64_t items = 0;
  Batch* batch = nullptr;
  std::size_t result_bytes = 0;
  bool changed = false;             // facts are not what was recorded
  std::vector<Awaiter*> awaiters;   // while it runs
  const Item* reporter = nullptr;   // its item that something was reported of last; null: nothing of those that are held
  std::list<Job*>::iterator place;  // among the ended ones

  [[nodiscard]] bool ended() const { return facts.state != model::JobState::kRunning; }
};

// Timed by when it is abandoned while it is open, by when it is forgotten once it has ended.
struct Batch : Timed {
  Batch() : Timed(TimedKind::kBatch) {}

  model::BatchRecord facts;
  std::uint32_t running = 0;
  std::map<model::JobId, Job*> jobs;  // that are not forgotten
  std::vector<Awaiter*> awaiters;
  bool changed = false;  // is in the list of batches to record

  [[nodiscard]] bool ended() const { return facts.state >= model::BatchState::kDone; }
};

// Somebody who waits for jobs. Gets the ids of those that have ended; what became of them is looked up when it is told. Timed
// by when it may be told of progress, while there is some.
struct Awaiter : Timed {
  Awaiter() : Timed(TimedKind::kAwait) {}

  Caller* caller = nullptr;
  bool in_order = false;
  Batch* batch = nullptr;               // whose jobs it awaits, also those to come
  std::vector<model::JobId> jobs;       // all of them, in their order
  std::size_t told = 0;                 // how many of them it was told of; in order: the first of these
  std::vector<model::JobId> ended;      // to be told at the end of the command
  bool noted = false;                   // is in the list of those to be told
  base::Duration progress_interval{0};  // 0: is not told of progress
  base::Time progress_told{};           // when it was the last time
  std::set<model::JobId> progressed;    // since then
  bool tells_progress = false;          // at the end of the command
  std::list<Awaiter>::iterator self;
};

// All jobs and batches. Owns them.
struct Jobs {
  std::map<model::JobId, Job> jobs;
  std::map<model::BatchId, Batch> batches;
  std::list<Job*> ended;  // in the order of their ends
  std::uint64_t running = 0;
  std::uint64_t result_bytes = 0;  // of ended ones

  std::list<Awaiter> awaiters;
  // Of the present command.
  std::vector<Awaiter*> to_tell;
  std::vector<Batch*> to_record;
  std::vector<Batch*> over;  // whose last job has ended

  // Null if there is none.
  [[nodiscard]] Job* find(model::JobId id) {
    const auto found = jobs.find(id);
    return found == jobs.end() ? nullptr : &found->second;
  }
  [[nodiscard]] Batch* find(model::BatchId id) {
    const auto found = batches.find(id);
    return found == batches.end() ? nullptr : &found->second;
  }
};

}  // namespace sluice::engine
