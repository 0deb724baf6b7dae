// The part of the reference that is about what only some items have: keys, a time to live, and the way of dead letters.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/reference.h"

namespace sluice::sim {

using model::ItemState;

bool RefQueue::may_go(const RefItem& item) const {
  if (item.order_key.empty() || !item.dead_from.empty()) return true;
  return std::ranges::none_of(items, [&](const RefItem& other) {
    if (&other == &item || other.order_key != item.order_key || !other.dead_from.empty()) return false;
    if (other.state == ItemState::kLeased || item.attempt > 0) return other.state == ItemState::kLeased;
    return other.attempt > 0 || (other.state == ItemState::kWaiting && sooner(other, item));
  });
}

RefItem* RefQueue::next_to_go() {
  RefItem* next = nullptr;
  for (RefItem& item : items) {
    const bool may = item.state == ItemState::kWaiting && may_go(item);
    if (may && (next == nullptr || sooner(item, *next))) next = &item;
  }
  return next;
}

std::string RefQueue::twin_of(const NewRefItem& fresh, Time now, std::uint64_t leaving) const {
  const auto seen = fresh.dedup_key.empty() ? seen_keys.end() : seen_keys.find(fresh.dedup_key);
  if (seen != seen_keys.end() && seen->second.first > now) return seen->second.second;
  if (fresh.unique_key.empty()) return {};
  for (const RefItem& item : items) {
    const bool is_leaving = leaving != 0 && item.state == ItemState::kLeased && item.token == leaving;
    if (item.unique_key == fresh.unique_key && item.dead_from.empty() && !is_leaving) return item.payload;
  }
  return {};
}

std::string Reference::twin_of(const RefQueue& queue, const NewRefItem& item, std::uint64_t leaving) const {
  return makes(Mistake::kPutsTwins) ? std::string() : queue.twin_of(item, now_, leaving);
}

std::string Reference::admit_or_find(RefQueue& queue, const NewRefItem& item) {
  const std::string twin = twin_of(queue, item);
  if (!twin.empty()) {
    ++queue.counters.duplicates;
    return twin;
  }
  NewRefItem fresh = item;
  if (makes(Mistake::kForgetsOrderKeys)) fresh.order_key.clear();
  admit(queue, fresh);
  const Duration window = item.dedup_window.count() > 0 ? item.dedup_window : queue.settings.dedup_window;
  if (!item.dedup_key.empty()) queue.seen_keys[item.dedup_key] = {base::add_saturating(now_, window), item.payload};
  return item.payload;
}

RefItem& Reference::move(RefQueue& from, const RefItem& item, RefQueue& to, const std::string& dead_from) {
  const NewRefItem again{.payload = item.payload,
                         .priority = item.priority,
                         .time_to_live = item.time_to_live,
                         .unique_key = item.unique_key,
                         .order_key = item.order_key};
  erase(from, again.payload);
  return admit(to, again, dead_from);
}

RefQueue* Reference::dead_letter_queue_of(const RefQueue& queue) {
  const std::string name = queue.settings.dead_letter_queue;
  if (name.empty()) return nullptr;
  if (find(name) == nullptr) {
    model::QueueSettings settings;
    settings.capacity = 0;
    settings.retry.max_attempts = 0;
    create(name, settings);
  }
  return find(name);
}

void Reference::set_alarms_anew() {
  std::map<std::uint64_t, RefItem*> by_id;
  for (auto& [name, queue] : queues_) {
    for (RefItem& item : queue.items) by_id[choices_->id(item.payload)] = &item;
  }
  for (auto& [id, item] : by_id) {
    item->alarm.order = ++last_order_;
    item->over.order = ++last_order_;
  }
}

// Terminal for its queue; an ordinary arrival, but never refused, for the dead-letter queue.
void Reference::bury(RefQueue& queue, const RefItem& item) {
  const std::string failure = item.failure;
  ++queue.counters.dead_lettered;
  RefQueue* cemetery = dead_letter_queue_of(queue);
  if (cemetery == nullptr) return erase(queue, std::string(item.payload));
  move(queue, item, *cemetery, queue.name).failure = failure;
}

void Reference::expire(RefQueue& queue, const RefItem& item) {
  ++queue.counters.expired;
  RefQueue* cemetery = queue.settings.dead_letter_expired ? dead_letter_queue_of(queue) : nullptr;
  if (cemetery == nullptr) return erase(queue, std::string(item.payload));
  move(queue, item, *cemetery, queue.name).failure = "EXPIRED";
}

std::string Reference::redrive_one(RefQueue& queue, const RefItem& item, const std::optional<std::string>& name) {
  RefQueue* to = find(name ? *name : item.dead_from);
  if (to == nullptr) return "homeless";
  if (to->closed) return "closed";
  const bool in_line = std::ranges::any_of(line_, [&](const RefTransfer& each) { return each.needs(to->name); });
  if ((!to->has_room_for(1) || in_line) && !makes(Mistake::kRedrivesIntoFullQueues)) return "full";
  if (!item.unique_key.empty() && !to->twin_of({.unique_key = item.unique_key}, now_).empty()) return "duplicate";
  ++queue.counters.redriven;
  move(queue, item, *to, "");
  return "redriven";
}

std::string Reference::redrive(const std::string& name, const std::optional<std::string>& to,
                               const std::optional<std::string>& reason, const std::vector<std::string>& payloads,
                               std::size_t limit) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  if (to == name) return "INVALID_VALUE";
  if (to && find(*to) == nullptr) return "QUEUE_NOT_FOUND";
  std::map<std::string, int> outcomes;
  const auto is_meant = [&](const RefItem& item) { return !reason || item.failure == *reason; };
  for (const std::string& payload : payloads) {
    const auto item = std::ranges::find(queue->items, payload, &RefItem::payload);
    const bool there = item != queue->items.end() && item->state == ItemState::kWaiting && is_meant(*item);
    ++outcomes[there ? redrive_one(*queue, RefItem(*item), to) : "missing"];
  }
  std::optional<RefItem> last;
  for (std::size_t seen = 0; payloads.empty() && seen < limit; ++seen) {
    std::optional<RefItem> next;
    for (const RefItem& item : queue->items) {
      const bool may = item.state == ItemState::kWaiting && queue->may_go(item) && (!last || queue->sooner(*last, item));
      if (may && (!next || queue->sooner(item, *next))) next = item;
    }
    if (!next) break;
    last = next;
    if (is_meant(*next)) ++outcomes[redrive_one(*queue, *next, to)];
  }
  std::string result = "redriven:";
  for (const auto& [outcome, count] : outcomes) result += fmt::format(" {} {}", outcome, count);
  settle();
  return result;
}

}  // namespace sluice::sim
