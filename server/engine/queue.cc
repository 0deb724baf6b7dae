#include "server/engine/queue.h"

#include <algorithm>
#include <cassert>

#include "server/engine/job.h"

namespace sluice::engine {

using model::ItemState;

model::ItemRecord Item::record(model::BodyPtr with) const {
  model::ItemRecord record;
  record.id = id;
  record.queue = queue->id;
  record.state = state;
  record.priority = priority;
  record.rank = rank;
  record.attempt = attempt;
  record.lost = lost;
  record.put_time = put_time;
  if (state == ItemState::kDelayed) record.due = due;
  record.last_failure = last_failure;
  record.options = options;
  if (job != nullptr) record.job = job->facts.id;
  record.body = std::move(with);
  return record;
}

bool Item::is_recorded() const { return queue->is_kept() || !body; }

Queue::Queue(model::QueueId queue_id, std::string queue_name, model::QueueSettings queue_settings, base::Time created)
    : id(queue_id), name(std::move(queue_name)), settings(std::move(queue_settings)), create_time(created) {}

Queue::~Queue() {
  by_age_.clear();
  const auto destroy = [](Item* item) { delete item; };
  ready.clear_and_dispose(destroy);
  held.clear_and_dispose(destroy);
  delayed.clear_and_dispose(destroy);
  leased.clear_and_dispose(destroy);
}

void Queue::place(Item& item) {
  if (item.special && item.special->line != nullptr) join_line(item);
  switch (item.state) {
    case ItemState::kWaiting: {
      // Most items are the last of their order, which makes the hint right.
      auto& waiting = item.special && item.special->held ? held : ready;
      waiting.insert(waiting.end(), item);
      if (settings.order != model::QueueOrder::kFifo) {
        item.due = item.put_time;
        by_age_.insert(by_age_.end(), item);
      }
      break;
    }
    case ItemState::kDelayed:
      delayed.insert(delayed.end(), item);
      break;
    case ItemState::kLeased:
      leased.insert(leased.end(), item);
      if (item.last_attempt) ++leased_last_attempts;
      break;
    default:
      assert(false && "a finished item has no place");
  }
}

void Queue::displace(Item& item) {
  switch (item.state) {
    case ItemState::kWaiting:
      if (item.special && item.special->held) {
        held.erase(held.iterator_to(item));
        step_out(item);
      } else {
        ready.erase(ready.iterator_to(item));
      }
      if (item.is_timed()) by_age_.erase(by_age_.iterator_to(item));
      break;
    case ItemState::kDelayed:
      delayed.erase(delayed.iterator_to(item));
      break;
    case ItemState::kLeased:
      leased.erase(leased.iterator_to(item));
      if (item.last_attempt) --leased_last_attempts;
      break;
    default:
      assert(false && "a finished item has no place");
  }
}

std::optional<base::Time> Queue::oldest_put_time() const {
  if (waiting() == 0) return std::nullopt;
  if (settings.order != model::QueueOrder::kFifo) return by_age_.begin()->due;
  base::Time oldest = base::kNever;
  if (!ready.empty()) oldest = ready.begin()->put_time;
  if (!held.empty()) oldest = std::min(oldest, held.begin()->put_time);
  return oldest;
}

Item* Queue::find(model::ItemId item) {
  if (!index) {
    index = std::make_unique<absl::flat_hash_map<std::uint64_t, Item*>>();
    index->reserve(unfinished());
    const auto add_all = [this](auto& set) {
      for (Item& each : set) index->emplace(model::number(each.id), &each);
    };
    add_all(ready);
    add_all(held);
    add_all(delayed);
    add_all(leased);
  }
  const auto found = index->find(model::number(item));
  return found == index->end() ? nullptr : found->second;
}

void Queue::recount_last_attempts() {
  leased_last_attempts = 0;
  for (Item& item : leased) {
    item.last_attempt = !settings.retry.may_come_back(item.attempt, item.lost);
    if (item.last_attempt) ++leased_last_attempts;
  }
}

model::QueueRecord Queue::record() const { return {id, name, settings, state, paused, create_time, pipeline}; }

}  // namespace sluice::engine
