// One queue: its items by state, whoever waits for it, and its counts.
#pragma once

#include <boost/intrusive/set.hpp>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/histogram.h"
#include "server/engine/item.h"
#include "server/engine/keys.h"
#include "server/engine/producer_log.h"
#include "server/engine/request_log.h"
#include "server/engine/waiters.h"
#include "server/model/counters.h"
#include "server/model/queue_settings.h"

namespace sluice::engine {

struct Stage;

// In which order waiting items are handed out: by rank, and in a PRIORITY queue by priority first. FIFO and LIFO differ only
// in the ranks that items are given.
struct SoonerItem {
  bool operator()(const Item& a, const Item& b) const;
};
struct SoonerDue {
  bool operator()(const Item& a, const Item& b) const { return a.due != b.due ? a.due < b.due : a.id < b.id; }
};
struct SmallerLease {
  bool operator()(const Item& a, const Item& b) const { return a.lease < b.lease; }
};

template <class Compare>
using ItemSet = boost::intrusive::multiset<Item, boost::intrusive::base_hook<PlaceHook>, boost::intrusive::compare<Compare>>;

// Data with the rules that concern one queue alone. What crosses queues is in life.h, transfer.h and flow.h.
class Queue {
 public:
  Queue(model::QueueId queue_id, std::string queue_name, model::QueueSettings queue_settings, base::Time created);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[nodiscard]] std::size_t depth() const { return waiting() + delayed.size(); }
  [[nodiscard]] std::size_t waiting() const { return ready.size() + held.size(); }
  [[nodiscard]] std::size_t unfinished() const { return depth() + leased.size(); }
  // Whether the journal has its items, counts and requests.
  [[nodiscard]] bool is_kept() const { return settings.durability == model::Durability::kSync; }
  [[nodiscard]] bool closed() const { return state == model::QueueState::kClosed; }
  // Whether `n` more may be put now.
  [[nodiscard]] bool has_room_for(std::size_t n) const {
    return n == 0 || settings.capacity == 0 || depth() + n <= settings.capacity;
  }
  // How many may be put now.
  [[nodiscard]] std::size_t room() const {
    if (settings.capacity == 0) return std::numeric_limits<std::size_t>::max();
    return settings.capacity > depth() ? settings.capacity - depth() : 0;
  }
  // Closed, and no item can be handed out any more: neither one that is here nor one that could come back.
  [[nodiscard]] bool ended() const { return closed() && depth() == 0 && leased.size() == leased_last_attempts; }
  // Nobody takes items: no get waits, nothing is leased.
  [[nodiscard]] bool untouched_by_consumers() const { return gets.empty() && leased.empty(); }

  // Puts an item that is in none of the sets into the one of its state, or takes it out.
  void place(Item& item);
  void displace(Item& item);
  // Whatever its state; null if it is not here. The first call makes an index of all items, which is kept up to date from then
  // on, until the queue is empty.
  [[nodiscard]] Item* find(model::ItemId item);
  // An item has come into the queue, or leaves it.
  void note_arrival(Item& item) {
    if (index) index->emplace(model::number(item.id), &item);
  }
  void note_departure(const Item& item) {
    if (index && index->erase(model::number(item.id)) > 0 && index->empty()) index.reset();
  }
  // Made when there is none.
  ProducerLog& producers_here() {
    if (!producers) producers = std::make_unique<ProducerLog>();
    return *producers;
  }
  QueueKeys& keys_here() {
    if (!keys) keys = std::make_unique<QueueKeys>(*this);
    return *keys;
  }
  // When the longest-waiting item was put.
  [[nodiscard]] std::optional<base::Time> oldest_put_time() const;
  // Recounts what depends on the retry policy, after it changed.
  void recount_last_attempts();

  [[nodiscard]] model::QueueRecord record() const;
  [[nodiscard]] model::CountersRecord counters_record() const { return {id, counters, idle_count}; }

  const model::QueueId id;
  const std::string name;
  model::QueueSettings settings;
  model::QueueState state = model::QueueState::kOpen;
  bool paused = false;
  base::Time create_time;
  std::string pipeline;              // that created it
  std::uint64_t bytes = 0;           // of its items' bodies
  std::uint64_t resident_bytes = 0;  // of those in memory
  model::QueueCounters counters;
  std::uint64_t idle_count = 0;
  base::Histogram wait_times;  // from the put of an item to its first delivery; since the server started

  ItemSet<SoonerItem> ready;
  ItemSet<SoonerItem> held;  // waiting too, each behind another of its ordering key
  ItemSet<SoonerDue> delayed;
  ItemSet<SmallerLease> leased;
  std::size_t leased_last_attempts = 0;  // leased items that cannot come back by themselves

  std::list<Transfer*> puts;  // in order of arrival; owned by Tables::transfers
  std::list<GetWaiter> gets;
  Joins joins;
  RequestLog requests;
  std::unique_ptr<ProducerLog> producers;                            // null: no producer with a name ever put anything
  RequestTimer request_timer{*this};                                 // of both
  std::unique_ptr<QueueKeys> keys;                                   // null: no item with a key was ever put
  std::unique_ptr<absl::flat_hash_map<std::uint64_t, Item*>> index;  // by item id; null until somebody looks for one

  // Stages that take from this queue, and stages that put into it; owned by their pipelines.
  std::vector<Stage*> readers;
  std::vector<Stage*> feeders;

  std::uint64_t version = 0;      // grows with every change: whether there is progress to tell
  bool was_idle = true;           // nothing was unfinished after the last command
  bool needs_settling = false;    // is in the list of queues to settle
  bool counters_changed = false;  // a CountersRecord is due at the end of the command
  std::uint64_t recorded_in = 0;  // the last turn with records that this queue had to do with

 private:
  // Waiting items by the time of their put, where `ready` has another order.
  TimedSet by_age_;
};

inline bool SoonerItem::operator()(const Item& a, const Item& b) const {
  if (a.priority != b.priority && a.queue->settings.order == model::QueueOrder::kPriority) return a.priority < b.priority;
  return a.rank < b.rank;
}

}  // namespace sluice::engine
