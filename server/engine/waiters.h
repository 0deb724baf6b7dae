// Commands that wait. Each is an entry in a list of the queue (or pipeline) that it waits for, and remembers its own place.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/commands.h"
#include "server/engine/effects.h"
#include "server/engine/timed.h"

namespace sluice::engine {

struct Item;
class Queue;
struct Pipeline;
struct RemoteWorker;
struct Schedule;
struct Stage;

// Items on their way into queues: a put, or a completion with its outputs. Happens as a whole or not at all, except for a put
// one by one, which has one part and goes in as there is room.
struct Transfer : Timed {
  Transfer() : Timed(TimedKind::kTransfer) {}

  struct Part {
    std::string queue;
    std::vector<model::NewItem> items;
    // While waiting: its place in the line of this queue.
    Queue* at = nullptr;
    std::list<Transfer*>::iterator place{};
  };
  struct Asker {
    Caller* caller = nullptr;
    base::Time give_up = base::kNever;
  };

  std::vector<Part> parts;    // each queue once
  Item* completes = nullptr;  // the leased item that ends with it; null for a put
  model::LeaseId lease{};     // of `completes`
  std::string request_id;
  bool one_by_one = false;
  bool keyed = false;                            // some items have keys that may keep them out
  std::shared_ptr<const Submission> submission;  // null: its items are no jobs
  std::vector<model::BodyPtr> results;           // of a completion, for the item's job
  std::size_t admitted = 0;                      // one by one: how many items of the part are in
  std::string producer;                          // of whom they are, one by one; empty: of somebody without a name
  std::uint64_t position = 0;                    // how many of the producer's items come before them
  Schedule* schedule = nullptr;                  // whose ticks they are, one by one; nobody asks then
  // Several when a request was repeated while it waited. Each gives up for itself; the rest get the answer.
  std::vector<Asker> askers;

  // While waiting: its place in Tables::transfers. It also stands in the line of every queue that it has a part for, behind
  // the same others everywhere, and is carried out when it is the first in all of them and all have room.
  std::list<Transfer>::iterator self;
};

struct GetWaiter : Timed {
  GetWaiter(GetCommand get, Caller& who) : Timed(TimedKind::kGet), command(std::move(get)), caller(&who) {}

  GetCommand command;
  Caller* caller;
  Queue* at = nullptr;
  Stage* stage = nullptr;                // whose worker it is; null: nobody's
  std::shared_ptr<RemoteWorker> worker;  // null: not a stage's remote worker
  std::list<GetWaiter>* line = nullptr;  // the queue's, or the stage's (gate.h)
  std::list<GetWaiter>::iterator self;
};

// Due when the next progress may be told; rests, without a timer, while there is nothing to tell.
struct JoinWaiter : Timed {
  JoinWaiter(base::Duration progress_interval, Caller& who)
      : Timed(TimedKind::kJoin), interval(progress_interval), caller(&who) {}

  base::Duration interval;
  Caller* caller;
  std::uint64_t told_version = 0;  // what the last progress told
  base::Time told{};               // when it was told
  bool resting = false;            // which of the lists of Joins it is in
  Queue* queue = nullptr;          // either this
  Pipeline* pipeline = nullptr;    // or this
  std::list<JoinWaiter>::iterator self;
};

// Due when the oldest request that a queue remembers is to be forgotten.
struct RequestTimer : Timed {
  explicit RequestTimer(Queue& owner) : Timed(TimedKind::kRequests), queue(&owner) {}
  Queue* queue;
};

// All joins of a queue or a pipeline.
struct Joins {
  std::list<JoinWaiter> telling;
  std::list<JoinWaiter> resting;

  [[nodiscard]] bool empty() const { return telling.empty() && resting.empty(); }
  [[nodiscard]] std::size_t size() const { return telling.size() + resting.size(); }
  // Any of them; there is one.
  JoinWaiter& any() { return telling.empty() ? resting.front() : telling.front(); }
};

}  // namespace sluice::engine
