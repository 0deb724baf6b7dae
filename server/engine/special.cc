#include "server/engine/special.h"

#include <utility>

namespace sluice::engine {
namespace {

using base::Duration;
using base::Time;
using model::ItemOptions;
using model::ItemOptionsPtr;

Time end_of(Duration time_to_live, Time now) {
  return time_to_live.count() > 0 ? base::add_saturating(now, time_to_live) : base::kNever;
}

ItemOptionsPtr shared(ItemOptions&& options) {
  if (options == ItemOptions{}) return nullptr;
  return std::make_shared<const ItemOptions>(std::move(options));
}

}  // namespace

ItemOptionsPtr options_for(const Queue& queue, ItemOptionsPtr given, Time now) {
  const Duration own = given ? given->time_to_live : Duration{0};
  const Time expires = end_of(own.count() > 0 ? own : queue.settings.time_to_live, now);
  if (expires == base::kNever) return given;
  ItemOptions options = given ? *given : ItemOptions{};
  options.expires = expires;
  return shared(std::move(options));
}

// Its own time to live is over or was meant for the work; how long dead letters are kept is up to their queue.
ItemOptionsPtr options_of_dead(const Item& item, const Queue& from, const Queue& to, Time now) {
  ItemOptions options = item.options ? *item.options : ItemOptions{};
  options.dead_from = from.name;
  options.expires = end_of(to.settings.time_to_live, now);
  return shared(std::move(options));
}

ItemOptionsPtr options_of_redriven(const Item& item, const Queue& to, Time now) {
  ItemOptions options = item.options ? *item.options : ItemOptions{};
  options.dead_from.clear();
  options.not_before = {};
  options.expires = base::kNever;
  return options_for(to, shared(std::move(options)), now);
}

void enter(Tables& tables, Item& item) {
  if (!item.options) return;
  const ItemOptions& options = *item.options;
  const bool keys_count = options.dead_from.empty();
  const bool unique = keys_count && !options.unique_key.empty();
  const bool ordered = keys_count && !options.order_key.empty();
  if (!unique && !ordered && options.expires == base::kNever) return;
  item.special = std::make_unique<Special>(item);
  tables.timers.set(*item.special, options.expires);
  if (unique) item.queue->keys_here().unique.emplace(options.unique_key, &item);
  if (ordered) {
    OrderLine& line = item.queue->keys_here().lines[options.order_key];
    ++line.items;
    item.special->line = &line;
  }
}

void leave(Tables& tables, Item& item) {
  if (!item.special) return;
  tables.timers.cancel(*item.special);
  const ItemOptions& options = *item.options;
  if (options.dead_from.empty() && !options.unique_key.empty()) item.queue->keys->unique.erase(options.unique_key);
  if (item.special->line != nullptr) leave_line(item);
  item.special.reset();
}

std::optional<model::ItemId> twin_of(const Step& step, const Queue& queue, const ItemOptions& options, const Item* leaving) {
  if (!queue.keys) return std::nullopt;
  if (!options.dedup_key.empty()) {
    if (const auto seen = queue.keys->seen.find(step.now, options.dedup_key)) return seen;
  }
  if (options.unique_key.empty()) return std::nullopt;
  const auto found = queue.keys->unique.find(options.unique_key);
  if (found == queue.keys->unique.end() || found->second == leaving) return std::nullopt;
  return found->second->id;
}

void remember_key(Step& step, const Item& item) {
  if (!item.options || item.options->dedup_key.empty()) return;
  Queue& queue = *item.queue;
  QueueKeys& keys = queue.keys_here();
  const Duration own = item.options->dedup_window;
  const Time expires = base::add_saturating(step.now, own.count() > 0 ? own : queue.settings.dedup_window);
  keys.seen.remember(expires, queue.id, item.options->dedup_key, item.id, step.request_records(queue));
  step.tables.timers.set(keys, keys.seen.next());
}

void forget_keys(Step& step, QueueKeys& keys) {
  Queue& queue = *keys.queue;
  step.tables.timers.set(keys, keys.seen.forget_expired(step.now, queue.id, step.request_records(queue)));
}

}  // namespace sluice::engine
