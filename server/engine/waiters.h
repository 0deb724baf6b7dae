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

// Items on their way into queues: a put, or a completion with its outputs. Happens as a whole or not at all.
struct Transfer : Timed {
  Transfer() : Timed(TimedKind::kTransfer) {}

  struct Part {
    std::string queue;
    std::vector<model::NewItem> items;
  };

  std::vector<Part> parts;    // each queue once
  Item* completes = nullptr;  // the leased item that ends with it; null for a put
  model::LeaseId lease{};     // of `completes`
  std::string request_id;
  base::Time give_up = base::kNever;
  // Several when a request was repeated while it waited: all get the answer.
  std::vector<Caller*> callers;

  // While waiting:
  Queue* at = nullptr;
  std::list<Transfer>::iterator self;
};

struct GetWaiter : Timed {
  GetWaiter(GetCommand get, Caller& who) : Timed(TimedKind::kGet), command(std::move(get)), caller(&who) {}

  GetCommand command;
  Caller* caller;
  Queue* at = nullptr;
  std::list<GetWaiter>::iterator self;
};

// Due when the next progress may be told.
struct JoinWaiter : Timed {
  JoinWaiter(base::Duration progress_interval, Caller& who)
      : Timed(TimedKind::kJoin), interval(progress_interval), caller(&who) {}

  base::Duration interval;
  Caller* caller;
  std::uint64_t told_version = 0;  // what the last progress told
  Queue* queue = nullptr;          // either this
  Pipeline* pipeline = nullptr;    // or this
  std::list<JoinWaiter>::iterator self;
};

}  // namespace sluice::engine
