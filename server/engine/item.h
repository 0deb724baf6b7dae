// An unfinished item, as the engine holds it. model/states.h shows its life.
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/timed.h"
#include "server/model/item.h"
#include "server/model/progress.h"
#include "server/model/record.h"
#include "server/model/states.h"

namespace sluice::engine {

class Queue;
class LeaseWatch;
struct Item;
struct Job;
struct Limit;
struct OrderLine;
struct RemoteWorker;
struct Transfer;
using Limits = std::vector<std::shared_ptr<Limit>>;

// Who holds a leased item.
struct Holder {
  base::Time since{};
  std::string consumer;
  std::string stage;
  std::shared_ptr<RemoteWorker> worker;  // null: not a stage's remote worker
  LeaseWatch* watch = nullptr;           // null: nobody is told of its end
  std::shared_ptr<const Limits> limits;  // of the stage; null: none
};

// What is noted of an item with options in force. Due at the end of its time to live, whatever its state is then.
struct Special : Timed {
  explicit Special(Item& owner) : Timed(TimedKind::kExpiry), item(&owner) {}

  Item* item;
  OrderLine* line = nullptr;  // of its ordering key; null: none
  bool held = false;          // while waiting: behind another of its key
};

struct PlaceTag;
using PlaceHook = boost::intrusive::set_base_hook<boost::intrusive::tag<PlaceTag>, boost::intrusive::optimize_size<true>>;

// Always in exactly one of its queue's three sets, by its state. Timed by its delay or its lease.
struct Item : Timed, PlaceHook {
  Item(Queue& owner, model::ItemId item_id) : Timed(TimedKind::kItem), queue(&owner), id(item_id) {}

  Queue* queue;
  model::ItemId id;
  std::int64_t priority = 0;
  std::int64_t rank = 0;  // smaller is sooner among equal priorities
  base::Time put_time{};
  model::BodyPtr body;  // null: only the journal has it
  std::size_t body_bytes = 0;
  std::shared_ptr<const model::Failure> last_failure;
  model::ItemOptionsPtr options;     // null: none
  std::unique_ptr<Special> special;  // null: no options in force
  Job* job = nullptr;                // null: none; it was put
  std::uint32_t attempt = 0;
  std::uint32_t lost = 0;  // of these attempts, with their consumer
  model::ItemState state = model::ItemState::kWaiting;

  // While leased:
  bool last_attempt = false;  // the retry policy allows no further one
  bool counts = false;        // in the limits of its holder
  model::LeaseId lease{};
  Transfer* completion = nullptr;  // that waits for room; the lease stands still meanwhile
  base::Duration lease_left{0};    // while a completion waits: what the lease has left afterwards
  std::shared_ptr<const Holder> holder;
  model::ProgressPtr progress;  // null: nothing was reported

  // Of the body, what is in memory.
  [[nodiscard]] std::size_t resident_bytes() const { return body ? body_bytes : 0; }
  // Whether the journal has the item: that of a kept queue, and one that has its body nowhere else.
  [[nodiscard]] bool is_recorded() const;
  // `with`: null where the journal has the body already.
  [[nodiscard]] model::ItemRecord record(model::BodyPtr with) const;
};

}  // namespace sluice::engine
