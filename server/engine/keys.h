// The keys that items of one queue carry: what they keep out, and what they keep in order.
#pragma once

#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "server/engine/seen_keys.h"
#include "server/engine/timed.h"

namespace sluice::engine {

struct Item;
class Queue;

struct SoonerInLine {
  bool operator()(const Item* a, const Item* b) const;
};

// The items of one ordering key. Only `front` may be handed out: the soonest of those that wait, unless one of them has been
// handed out before and is not done: that one, whether it is leased, waits for its retry or has come back.
struct OrderLine {
  Item* front = nullptr;
  std::set<Item*, SoonerInLine> others;  // that wait behind it: those in Queue::held
  std::size_t items = 0;                 // of the key, delayed ones that have not joined yet among them
};

// Of a queue that an item with a key has been put into. Due when the first seen key is to be forgotten.
struct QueueKeys : Timed {
  explicit QueueKeys(Queue& owner) : Timed(TimedKind::kKeys), queue(&owner) {}

  Queue* queue;
  SeenKeys seen;
  absl::flat_hash_map<std::string, Item*> unique;  // unfinished items by their unique keys
  absl::node_hash_map<std::string, OrderLine> lines;
};

// An item that has an ordering key is about to be placed in its state: finds its place in the line of its key, which may send
// another one from its queue's `ready` to its `held`. Decides which of the two takes the item, if it waits.
void join_line(Item& item);
// An item that waited behind another is taken out of its place.
void step_out(Item& item);
// An item that is in none of its queue's sets has left its queue: the next of its key may go.
void leave_line(Item& item);

}  // namespace sluice::engine
