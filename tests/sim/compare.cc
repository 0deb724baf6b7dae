#include "tests/sim/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/sim/names.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

using model::ItemState;

template <class Value>
void same(const Value& engine, const Value& reference, const std::string& queue, const char* what) {
  if (engine == reference) return;
  throw Mismatch(fmt::format("queue {}: {} is {}, must be {}", queue, what, engine, reference));
}

void compare_view(const engine::QueueView& view, const RefQueue& queue, const Reference& reference) {
  const auto in_line = [&](const auto& each) { return each.needs(queue.name); };
  const auto here = [&](const auto& each) { return each.queue == queue.name; };
  const std::string& name = queue.name;
  same<std::size_t>(view.waiting, queue.count(ItemState::kWaiting), name, "waiting");
  same<std::size_t>(view.delayed, queue.count(ItemState::kDelayed), name, "delayed");
  same<std::size_t>(view.leased, queue.count(ItemState::kLeased), name, "leased");
  same<std::size_t>(view.waiting_puts, std::ranges::count_if(reference.line(), in_line), name, "waiting_puts");
  same<std::size_t>(view.waiting_gets, std::ranges::count_if(reference.gets(), here), name, "waiting_gets");
  same<std::size_t>(view.waiting_joins, std::ranges::count_if(reference.joins(), here), name, "waiting_joins");
  same(view.idle_count, queue.idle_count, name, "idle_count");
  same(view.state == model::QueueState::kClosed, queue.closed, name, "closed");
  same(view.paused, queue.paused, name, "paused");
  same(view.settings == queue.settings, true, name, "settings as expected");
  std::size_t bytes = 0;
  for (const RefItem& item : queue.items) bytes += item.payload.size();
  same<std::size_t>(view.bytes, bytes, name, "bytes");
}

void compare_counters(const model::QueueCounters& engine, const RefQueue& queue) {
  const model::QueueCounters& reference = queue.counters;
  same(engine.put, reference.put, queue.name, "counter put");
  same(engine.done, reference.done, queue.name, "counter done");
  same(engine.delivered, reference.delivered, queue.name, "counter delivered");
  same(engine.failed, reference.failed, queue.name, "counter failed");
  same(engine.lease_lost, reference.lease_lost, queue.name, "counter lease_lost");
  same(engine.retried, reference.retried, queue.name, "counter retried");
  same(engine.dead_lettered, reference.dead_lettered, queue.name, "counter dead_lettered");
  same(engine.discarded, reference.discarded, queue.name, "counter discarded");
  same(engine.rejected, reference.rejected, queue.name, "counter rejected");
  same(engine.cancelled, reference.cancelled, queue.name, "counter cancelled");
  same(engine.expired, reference.expired, queue.name, "counter expired");
  same(engine.redriven, reference.redriven, queue.name, "counter redriven");
  same(engine.duplicates, reference.duplicates, queue.name, "counter duplicates");
}

void compare_item(const engine::PeekedItem& seen, const RefItem& item, const std::string& queue) {
  if (name_of(*seen.body) != item.payload) {
    throw Mismatch(fmt::format("queue {}: {} stands where {} must be", queue, name_of(*seen.body), item.payload));
  }
  const std::string_view failure = seen.last_failure == nullptr ? std::string_view() : seen.last_failure->reason;
  if (seen.attempt != item.attempt || seen.priority != item.priority || failure != item.failure) {
    throw Mismatch(fmt::format("queue {}: {} has attempt {} priority {} failure '{}', must be {} {} '{}'", queue, item.payload,
                               seen.attempt, seen.priority, failure, item.attempt, item.priority, item.failure));
  }
  const model::ItemOptions none;
  const model::ItemOptions& options = seen.options == nullptr ? none : *seen.options;
  if (options.expires != item.over.due || options.dead_from != item.dead_from || options.unique_key != item.unique_key ||
      options.order_key != item.order_key) {
    throw Mismatch(fmt::format("queue {}: {} has options of another item", queue, item.payload));
  }
  const bool ticking = item.state != ItemState::kWaiting && !item.completing && item.alarm.due != base::kNever;
  if (ticking && seen.due != item.alarm.due) {
    throw Mismatch(fmt::format("queue {}: {} is due at {}, must be {}", queue, item.payload,
                               seen.due ? seen.due->time_since_epoch().count() : 0, item.alarm.due.time_since_epoch().count()));
  }
}

std::vector<const RefItem*> in_state(const RefQueue& queue, ItemState state) {
  std::vector<const RefItem*> items;
  for (const RefItem& item : queue.items) {
    if (item.state == state) items.push_back(&item);
  }
  return items;
}

void bring_body_back(engine::PeekedItem& item, const engine::testing::RecordStore& store) {
  if (item.body != nullptr) return;
  const auto record = store.items().find(item.id);
  if (record == store.items().end()) throw Mismatch("an item has its payload neither in memory nor in a record");
  item.body = record->second.body;
}

void compare_items(const engine::Engine& engine, const engine::testing::RecordStore& store, const RefQueue& queue) {
  const auto seen = engine.peek(queue.name, std::nullopt, 0, queue.items.size() + 1);
  if (!seen.ok() || seen->size() != queue.items.size()) throw Mismatch(fmt::format("queue {}: peek fails", queue.name));
  std::vector<const RefItem*> expected = queue.in_order();
  auto delayed = in_state(queue, ItemState::kDelayed);
  std::ranges::sort(delayed, {}, [](const RefItem* item) { return std::pair(item->alarm.due, item->payload); });
  auto leased = in_state(queue, ItemState::kLeased);
  std::ranges::sort(leased, {}, &RefItem::token);
  for (const RefItem* item : delayed) expected.push_back(item);
  for (const RefItem* item : leased) expected.push_back(item);
  std::vector<engine::PeekedItem> sorted = *seen;
  for (auto& item : sorted) bring_body_back(item, store);
  // Delayed ones that are due together may stand in any order.
  std::ranges::sort(sorted.begin() + static_cast<std::ptrdiff_t>(queue.count(ItemState::kWaiting)),
                    sorted.end() - static_cast<std::ptrdiff_t>(leased.size()), {},
                    [](const engine::PeekedItem& item) { return std::pair(*item.due, name_of(*item.body)); });
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (sorted[i].state != expected[i]->state) throw Mismatch(fmt::format("queue {}: states differ", queue.name));
    compare_item(sorted[i], *expected[i], queue.name);
  }
}

void compare_item_record(const model::ItemRecord& kept, const RefItem& item, const model::QueueRecord& queue) {
  if (kept.queue != queue.id || kept.state != item.state) {
    throw Mismatch(fmt::format("{} is recorded in another queue than {}, or in another state", item.payload, queue.name));
  }
  const bool other_due = item.state == ItemState::kDelayed && kept.due != item.alarm.due;
  if (kept.attempt != item.attempt || kept.priority != item.priority || other_due) {
    throw Mismatch(fmt::format("{} is recorded with another attempt, priority or due time", item.payload));
  }
}

void compare_schedule(const model::ScheduleState& seen, const RefSchedule& schedule) {
  same(seen.counters.put, schedule.counters.put, schedule.queue, "number of ticks put");
  same(seen.counters.skipped, schedule.counters.skipped, schedule.queue, "number of ticks skipped");
  same(seen.counters.refused, schedule.counters.refused, schedule.queue, "number of ticks refused");
  same(seen.paused, schedule.paused, schedule.queue, "schedule paused");
  same(seen.waiting == schedule.waiting, true, schedule.queue, "the same ticks waiting");
  same(seen.next == schedule.next.due, true, schedule.queue, "the next tick as expected");
  same(seen.last_tick == schedule.last_tick, true, schedule.queue, "the last tick as expected");
}

std::string text_of(const Reply& reply) {
  std::string text = fmt::format("caller {} gets {}", reply.caller, reply.outcome);
  if (reply.count > 0) text += fmt::format(" count {} first {}", reply.count, reply.first);
  for (std::size_t i = 0; i < reply.payloads.size(); ++i) text += fmt::format(" {}:{}", reply.payloads[i], reply.attempts[i]);
  if (reply.idle_count > 0) text += fmt::format(" idle {}", reply.idle_count);
  return text;
}

// Items of a queue of MEMORY durability whose payloads are nowhere but in the store.
std::size_t recorded_for_their_bodies(const engine::testing::RecordStore& store, model::QueueId queue) {
  return static_cast<std::size_t>(
      std::ranges::count_if(store.items(), [&](const auto& entry) { return entry.second.queue == queue; }));
}

}  // namespace

void compare_state(const engine::Engine& engine, const engine::testing::RecordStore& store, const Reference& reference) {
  const auto views = engine.list_queues(reference.now(), "", "", 1'000);
  if (views.size() != reference.queues().size()) {
    throw Mismatch(fmt::format("there are {} queues, must be {}", views.size(), reference.queues().size()));
  }
  std::set<std::uint64_t> tokens;
  auto expected = reference.queues().begin();
  for (const engine::QueueView& view : views) {
    const auto& [name, queue] = *expected++;
    same(view.name, name, name, "name");
    compare_view(view, queue, reference);
    compare_counters(view.counters, queue);
    compare_items(engine, store, queue);
    for (const RefItem& item : queue.items) {
      if (item.state == ItemState::kLeased && (item.token == 0 || !tokens.insert(item.token).second)) {
        throw Mismatch(fmt::format("queue {}: {} is leased without a token of its own", name, item.payload));
      }
    }
  }
  if (engine.next_due() > reference.next_due()) throw Mismatch("the timer is set too late");
}

void compare_records(const engine::testing::RecordStore& store, const Reference& reference, const ItemIds& ids) {
  if (!store.complaints().empty()) throw Mismatch("records: " + store.complaints().front());
  same(store.queues().size(), reference.queues().size(), "all", "number of queue records");
  std::size_t items = 0;
  for (const auto& [name, queue] : reference.queues()) {
    const model::QueueRecord* record = store.queue(name);
    if (record == nullptr) throw Mismatch(fmt::format("queue {} has no record", name));
    same(record->state == model::QueueState::kClosed, queue.closed, name, "recorded as closed");
    same(record->paused, queue.paused, name, "recorded as paused");
    same(record->settings == queue.settings, true, name, "recorded with its settings");
    const auto counters = store.counters().find(record->id);
    const model::CountersRecord kept = counters == store.counters().end() ? model::CountersRecord{} : counters->second;
    if (queue.settings.durability == model::Durability::kMemory) {
      same(kept == model::CountersRecord{.queue = kept.queue}, true, name, "recorded without counters");
      items += recorded_for_their_bodies(store, record->id);
      continue;
    }
    compare_counters(kept.counters, queue);
    same(kept.idle_count, queue.idle_count, name, "recorded idle_count");
    for (const RefItem& item : queue.items) {
      ++items;
      const auto id = ids.find(item.payload);
      const auto found = id == ids.end() ? store.items().end() : store.items().find(id->second);
      if (found == store.items().end()) throw Mismatch(fmt::format("{} of queue {} has no record", item.payload, name));
      compare_item_record(found->second, item, *record);
    }
  }
  same(store.items().size(), items, "all", "number of item records");
  same(store.schedules().size(), reference.schedules().size(), "all", "number of schedule records");
  for (const auto& [name, schedule] : reference.schedules()) compare_schedule(store.schedules().at(name).state, schedule);
}

void compare_schedules(const engine::Engine& engine, const Reference& reference) {
  const auto views = engine.list_schedules("", 1'000);
  same(views.size(), reference.schedules().size(), "all", "number of schedules");
  for (const engine::ScheduleView& view : views) compare_schedule(view.state, reference.schedules().at(view.spec.name));
}

void compare_replies(std::vector<Reply> engine, std::vector<Reply> reference) {
  std::ranges::stable_sort(engine, {}, &Reply::caller);
  std::ranges::stable_sort(reference, {}, &Reply::caller);
  for (std::size_t i = 0; i < std::max(engine.size(), reference.size()); ++i) {
    const std::string given = i < engine.size() ? text_of(engine[i]) : "no answer";
    const std::string expected = i < reference.size() ? text_of(reference[i]) : "no answer";
    if (given != expected) throw Mismatch(fmt::format("{}; must be: {}", given, expected));
  }
}

}  // namespace sluice::sim
