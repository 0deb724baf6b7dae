// The part of the reference that is about items on the move: admission, delivery, retries, and what falls due.
#include <fmt/format.h>

#include <algorithm>

#include "server/base/limits.h"
#include "tests/sim/reference.h"

namespace sluice::sim {

using model::ItemState;

bool RefTransfer::needs(const std::string& queue) const {
  return std::ranges::any_of(parts, [&](const auto& part) { return part.first == queue; });
}

// Twins of items that are there need no room.
std::size_t Reference::items_for(const RefTransfer& transfer, const std::string& name) const {
  const auto part = std::ranges::find(transfer.parts, name, [](const auto& each) { return each.first; });
  if (part == transfer.parts.end()) return 0;
  if (transfer.one_by_one) return 1;
  const RefQueue& queue = queues_.at(name);
  const std::uint64_t leaving = transfer.completes_queue == name ? transfer.completes_token : 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(part->second, [&](const NewRefItem& item) { return twin_of(queue, item, leaving).empty(); }));
}

bool Reference::has_room(const RefQueue& queue, std::size_t more) const {
  if (more == 0) return true;
  return queue.has_room_for(makes(Mistake::kAdmitsOneTooMany) ? more - 1 : more);
}

bool Reference::has_ended(const RefQueue& queue) const {
  if (!makes(Mistake::kEndsBeforeTheLastReturn)) return queue.ended();
  return queue.closed && queue.count(ItemState::kLeased) == queue.items.size();
}

void Reference::transfer(int caller, RefTransfer transfer, Time give_up) {
  const std::string error = obstacle(transfer);
  if (!error.empty()) return reply(caller, error);
  transfer.callers.push_back({caller, {}});
  RefQueue* blocked = blocking(transfer, line_.size());
  if (blocked == nullptr) {
    if (!transfer.one_by_one) return carry_out(transfer);
    if (carry_out_in_part(transfer)) return;
    blocked = &queues_.at(transfer.parts.front().first);
  }
  if (give_up <= now_) {
    ++blocked->counters.rejected;
    return reply(caller, "QUEUE_FULL");
  }
  if (waiters() >= max_waiters_) return reply(caller, "LIMIT_REACHED");
  if (!transfer.completes_queue.empty()) {
    RefItem& item = *queues_.at(transfer.completes_queue).leased(transfer.completes_token);
    item.completing = true;
    item.lease_left = item.alarm.due == base::kNever ? Duration::max() : item.alarm.due - now_;
  }
  transfer.callers.front().give_up = alarm(give_up);
  line_.push_back(std::move(transfer));
}

// Why a transfer can never happen; empty if it can.
std::string Reference::obstacle(const RefTransfer& transfer) {
  for (const auto& [name, items] : transfer.parts) {
    const RefQueue* queue = find(name);
    if (queue == nullptr) return "QUEUE_NOT_FOUND";
    if (queue->closed) return "QUEUE_CLOSED";
    if (queue->settings.capacity != 0 && items_for(transfer, name) > queue->settings.capacity) return "BATCH_TOO_LARGE";
  }
  return "";
}

// The first of its queues that has no room for it, or else where it must wait behind others; null if it can happen now.
RefQueue* Reference::blocking(const RefTransfer& transfer, std::size_t ahead) {
  for (const auto& [name, items] : transfer.parts) {
    if (!has_room(queues_.at(name), items_for(transfer, name))) return &queues_.at(name);
  }
  return held_up(transfer, ahead);
}

// The first of its queues that has no room for somebody among the first `ahead` in line. Who has room here but not elsewhere
// does not hold up those behind; else two stages that share an output could block each other for good.
RefQueue* Reference::held_up(const RefTransfer& transfer, std::size_t ahead) {
  if (makes(Mistake::kLetsPutsOvertake)) return nullptr;
  for (const auto& [name, items] : transfer.parts) {
    RefQueue& queue = queues_.at(name);
    if (items_for(transfer, name) == 0) continue;
    for (std::size_t i = 0; i < ahead; ++i) {
      if (line_[i].needs(name) && !has_room(queue, items_for(line_[i], name))) return &queue;
    }
  }
  return nullptr;
}

// Whose refusal it is when a transfer that waits gives up: one without room, or the first if all have and others go before it.
RefQueue& Reference::still_full(const RefTransfer& waiting) {
  RefQueue* full = blocking(waiting, 0);
  return full != nullptr ? *full : queues_.at(waiting.parts.front().first);
}

void Reference::carry_out(const RefTransfer& transfer) {
  const bool put = transfer.completes_queue.empty();
  if (!put) {
    RefQueue& queue = queues_.at(transfer.completes_queue);
    ++queue.counters.done;
    erase(queue, queue.leased(transfer.completes_token)->payload);
  }
  RefRequest request{.expires = now_ + limits::kRequestIdWindow};
  for (const auto& [name, items] : transfer.parts) {
    RefQueue& queue = queues_.at(name);
    if (request.first.empty() && !transfer.keyed) request.first = items.front().payload;
    request.count += static_cast<std::uint32_t>(items.size());
    for (const NewRefItem& item : items) {
      const std::string there = admit_or_find(queue, item);
      if (transfer.keyed) request.payloads.push_back(there);
    }
  }
  const std::string& memory = put ? transfer.parts.front().first : transfer.completes_queue;
  if (!transfer.request.empty()) queues_.at(memory).requests[transfer.request] = request;
  for (const WaitingCaller& waiting : transfer.callers) {
    Reply done{.caller = waiting.caller, .outcome = "ok"};
    if (put) done.count = request.count;
    if (put) done.first = request.first;
    if (put) done.payloads = request.payloads;
    done.attempts.resize(done.payloads.size());
    replies_.push_back(std::move(done));
  }
}

bool Reference::carry_out_in_part(RefTransfer& transfer) {
  auto& [name, items] = transfer.parts.front();
  RefQueue& queue = queues_.at(name);
  Reply told{.caller = transfer.callers.empty() ? 0 : transfer.callers.front().caller, .outcome = "in part"};
  if (!transfer.keyed) told.first = items.front().payload;
  for (; !items.empty() && (has_room(queue, 1) || !twin_of(queue, items.front()).empty()); ++told.count) {
    const std::string there = admit_or_find(queue, items.front());
    if (transfer.keyed) told.payloads.push_back(there);
    items.erase(items.begin());
  }
  told.attempts.resize(told.payloads.size());
  if (items.empty()) told.outcome = "ok";
  if (!transfer.schedule.empty()) {
    note_put(schedules_.at(transfer.schedule), told.count);
  } else {
    replies_.push_back(std::move(told));
  }
  return items.empty();
}

// Takes a transfer out of the line. An empty outcome answers nobody.
void Reference::refuse(std::size_t index, const std::string& outcome) {
  const RefTransfer transfer = line_[index];
  line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(index));
  stop_holding(transfer);
  if (outcome.empty()) return;
  if (!transfer.schedule.empty()) note_refused(schedules_.at(transfer.schedule));
  for (const WaitingCaller& waiting : transfer.callers) reply(waiting.caller, outcome);
}

void Reference::stop_holding(const RefTransfer& transfer) {
  if (transfer.completes_queue.empty()) return;
  RefItem* item = queues_.at(transfer.completes_queue).leased(transfer.completes_token);
  // A mistaken reference may have lost it.
  if (item == nullptr) return complaints_.push_back("a completion waits whose item is not held");
  item->completing = false;
  item->alarm = alarm(base::add_saturating(now_, item->lease_left));
}

void Reference::end_line_of(const std::string& queue, const std::string& outcome) {
  for (std::size_t i = 0; i < line_.size();) {
    if (line_[i].needs(queue)) {
      refuse(i, outcome);
    } else {
      ++i;
    }
  }
}

void Reference::refuse_too_large(const RefQueue& queue) {
  if (queue.settings.capacity == 0 || makes(Mistake::kShrinkRefusesNobody)) return;
  for (std::size_t i = 0; i < line_.size();) {
    if (items_for(line_[i], queue.name) > queue.settings.capacity) {
      refuse(i, "BATCH_TOO_LARGE");
    } else {
      ++i;
    }
  }
}

RefItem& Reference::admit(RefQueue& queue, const NewRefItem& fresh, const std::string& dead_from) {
  RefItem item{.payload = fresh.payload, .priority = fresh.priority, .place = fresh_place(queue)};
  item.time_to_live = fresh.time_to_live;
  item.unique_key = fresh.unique_key;
  item.order_key = fresh.order_key;
  item.dead_from = dead_from;
  const bool own = dead_from.empty() && fresh.time_to_live.count() > 0;
  const Duration time_to_live = own ? fresh.time_to_live : queue.settings.time_to_live;
  if (time_to_live.count() > 0) item.over = alarm(base::add_saturating(now_, time_to_live));
  const Time ready = std::max(fresh.not_before, base::add_saturating(now_, fresh.delay));
  if (ready > now_) {
    item.state = ItemState::kDelayed;
    item.alarm = alarm(ready);
  }
  queue.items.push_back(std::move(item));
  ++queue.counters.put;
  return queue.items.back();
}

std::int64_t Reference::fresh_place(const RefQueue& queue) {
  ++last_place_;
  return queue.settings.order == model::QueueOrder::kLifo ? -last_place_ : last_place_;
}

void Reference::deliver(RefQueue& queue, const RefGet& get) {
  Reply answer{.caller = get.caller.caller, .outcome = "ok"};
  std::size_t bytes = 0;
  for (RefItem* next = queue.next_to_go(); next != nullptr; next = queue.next_to_go()) {
    RefItem& item = *next;
    bytes += item.payload.size() + choices_->failure_bytes(item.payload);
    const bool too_many = !answer.payloads.empty() && bytes > get.max_bytes;
    if (answer.payloads.size() == get.max_items || (too_many && !makes(Mistake::kGetsTooManyBytes))) break;
    item.state = ItemState::kLeased;
    item.token = choices_->token(item.payload);
    item.alarm = alarm(base::add_saturating(now_, get.lease.value_or(queue.settings.lease_duration)));
    ++item.attempt;
    ++queue.counters.delivered;
    answer.payloads.push_back(item.payload);
    answer.attempts.push_back(item.attempt);
  }
  replies_.push_back(std::move(answer));
}

// FIFO and PRIORITY: at its old place. LIFO: on top.
void Reference::put_back(RefQueue& queue, RefItem& item) {
  item.state = ItemState::kWaiting;
  item.token = 0;
  item.alarm = {};
  if (queue.settings.order == model::QueueOrder::kLifo) item.place = fresh_place(queue);
}

void Reference::lose_lease(RefQueue& queue, std::uint64_t token, const std::string& reason) {
  RefItem& item = *queue.leased(token);
  item.failure = reason;
  ++queue.counters.lease_lost;
  ++item.lost;
  retry_or_bury(queue, item, queue.allows_another_after_loss(item), Duration{0}, 0.0);
}

void Reference::lose_leases(RefQueue& queue, const std::vector<std::uint64_t>& tokens, const std::string& reason) {
  std::vector<const RefItem*> held;
  for (const std::uint64_t token : tokens) {
    const RefItem* item = queue.leased(token);
    if (item != nullptr && std::ranges::find(held, item) == held.end()) held.push_back(item);
  }
  // They go back in such an order that, one on top of the other, they lie as they did before.
  const bool lifo = (queue.settings.order == model::QueueOrder::kLifo) != makes(Mistake::kLostItemsLieTurnedOver);
  std::ranges::sort(held, [lifo](const auto* a, const auto* b) { return lifo ? a->place > b->place : a->place < b->place; });
  std::vector<std::uint64_t> sorted;
  for (const RefItem* item : held) sorted.push_back(item->token);
  for (const std::uint64_t token : sorted) lose_lease(queue, token, reason);
}

void Reference::retry_or_bury(RefQueue& queue, RefItem& item, bool retry, std::optional<Duration> delay, double jitter) {
  if (!retry) return bury(queue, item);
  if (item.is_over(now_)) return expire(queue, item);
  ++queue.counters.retried;
  put_back(queue, item);
  if (delay->count() <= 0) return;
  item.state = ItemState::kDelayed;
  const Time latest = base::add_saturating(now_, *delay);
  // One microsecond for rounding.
  const auto least = static_cast<Duration::rep>(static_cast<double>(delay->count()) * (1.0 - jitter)) - 1;
  const Time chosen = jitter > 0.0 ? choices_->due(item.payload) : latest;
  if (least <= 0 && chosen <= now_) {  // nothing is left of so short a delay
    item.state = ItemState::kWaiting;
    return;
  }
  if (chosen > latest || chosen < now_ + Duration{least}) {
    complaints_.push_back(fmt::format("{} is due {} us from now; the policy allows {} to {}", item.payload,
                                      (chosen - now_).count(), least, delay->count()));
  }
  item.alarm = alarm(chosen);
}

void Reference::erase(RefQueue& queue, const std::string& payload) {
  std::erase_if(queue.items, [&](const RefItem& item) { return item.payload == payload; });
}

std::uint64_t Reference::discard_depth(RefQueue& queue) {
  const auto discarded = std::erase_if(queue.items, [](const RefItem& item) { return item.state != ItemState::kLeased; });
  queue.counters.discarded += discarded;
  return discarded;
}

void Reference::settle() {
  // Before puts that wait are admitted: they do not count as unfinished yet.
  for (auto& [name, queue] : queues_) note_idle(queue);
  for (bool more = true; more;) {
    more = false;
    for (; admit_waiting(); more = true) note_empty_moments();
    for (auto& [name, queue] : queues_) {
      while (serve_waiting(queue)) more = true;
    }
  }
  for (auto& [name, queue] : queues_) note_idle(queue);
}

void Reference::note_idle(RefQueue& queue) {
  const std::size_t ignored = makes(Mistake::kJoinIgnoresWhatIsHeld) ? queue.count(ItemState::kLeased) : 0;
  const bool idle = queue.items.size() == ignored;
  if (idle && !queue.was_idle) ++queue.idle_count;
  if (!idle && queue.empty_moment) ++queue.empty_moments;
  queue.empty_moment = false;
  queue.was_idle = idle;
  if (!idle) return;
  for (const RefJoin& join : joins_) {
    if (join.queue != queue.name) continue;
    replies_.push_back({.caller = join.caller, .outcome = "done", .idle_count = queue.idle_count});
  }
  std::erase_if(joins_, [&](const RefJoin& join) { return join.queue == queue.name; });
}

// One admission emptied a queue, and the next, in the same command, may fill it again. Whether it was idle in between is the
// engine's choice: nobody could see it.
void Reference::note_empty_moments() {
  for (auto& [name, queue] : queues_) {
    if (!queue.items.empty()) {
      if (queue.empty_moment) ++queue.empty_moments;
      queue.empty_moment = false;
      queue.was_idle = false;
    } else if (!queue.was_idle) {
      queue.empty_moment = true;
      std::erase_if(joins_, [&, of = &name](const RefJoin& join) {
        const auto idle_count = join.queue == *of ? choices_->done(join.caller) : std::nullopt;
        if (idle_count) replies_.push_back({.caller = join.caller, .outcome = "done", .idle_count = *idle_count});
        return idle_count.has_value();
      });
    }
  }
}

void Reference::finish(const std::function<std::uint64_t(const std::string&)>& idle_count) {
  for (auto& [name, queue] : queues_) {
    if (queue.empty_moments == 0) continue;
    const std::uint64_t chosen = idle_count(name);
    if (chosen >= queue.idle_count && chosen <= queue.idle_count + queue.empty_moments) queue.idle_count = chosen;
    queue.empty_moments = 0;
  }
}

// Admits the first in line for whom that is possible; true if there is one.
bool Reference::admit_waiting() {
  for (std::size_t i = 0; i < line_.size(); ++i) {
    if (blocking(line_[i], i) != nullptr) continue;
    if (line_[i].one_by_one) {
      if (carry_out_in_part(line_[i])) line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    const RefTransfer admitted = line_[i];
    line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!admitted.completes_queue.empty()) {
      queues_.at(admitted.completes_queue).leased(admitted.completes_token)->completing = false;
    }
    carry_out(admitted);
    return true;
  }
  return false;
}

bool Reference::serve_waiting(RefQueue& queue) {
  auto first = std::ranges::find(gets_, queue.name, &RefGet::queue);
  if (first == gets_.end()) return false;
  while (makes(Mistake::kServesTheLatestGet)) {
    const auto later = std::ranges::find(first + 1, gets_.end(), queue.name, &RefGet::queue);
    if (later == gets_.end()) break;
    first = later;
  }
  const RefGet get = *first;
  if (!queue.paused && queue.next_to_go() != nullptr) {
    gets_.erase(first);
    deliver(queue, get);
    return true;
  }
  if (!has_ended(queue)) return false;
  gets_.erase(first);
  reply(get.caller.caller, "end");
  return true;
}

Time Reference::next_due() const {
  Time next = base::kNever;
  for (const auto& [name, queue] : queues_) {
    for (const RefItem& item : queue.items) {
      const bool ticking = item.state != ItemState::kWaiting && !item.completing;
      if (ticking) next = std::min(next, item.alarm.due);
      if (item.state != ItemState::kLeased) next = std::min(next, item.over.due);
    }
  }
  for (const RefTransfer& transfer : line_) {
    for (const WaitingCaller& waiting : transfer.callers) next = std::min(next, waiting.give_up.due);
  }
  for (const RefGet& get : gets_) next = std::min(next, get.caller.give_up.due);
  for (const auto& [name, schedule] : schedules_) next = std::min(next, schedule.next.due);
  return next;
}

void Reference::run_due() {
  while (do_first_due()) settle();
}

bool Reference::do_first_due() {
  Alarm first{now_, ~std::uint64_t{0}};
  std::function<void()> action;
  const auto consider = [&](const Alarm& alarm, auto what) {
    if (alarm.due > first.due || (alarm.due == first.due && alarm.order > first.order)) return;
    first = alarm;
    action = what;
  };
  for (auto& [name, queue] : queues_) {
    for (RefItem& item : queue.items) {
      if (item.state != ItemState::kLeased || makes(Mistake::kExpiresWhatIsHeld)) {
        consider(item.over, [this, &queue = queue, &item] { expire(queue, item); });
      }
      if (item.state == ItemState::kDelayed) {
        consider(item.alarm, [&item] { item.state = ItemState::kWaiting; });
      } else if (item.state == ItemState::kLeased && (!item.completing || makes(Mistake::kLeaseRunsOutWhileCompleting))) {
        consider(item.alarm, [this, &queue = queue, token = item.token] { lose_lease(queue, token, "LEASE_EXPIRED"); });
      }
    }
  }
  for (std::size_t i = 0; i < line_.size(); ++i) {
    for (const WaitingCaller& waiting : line_[i].callers) {
      consider(waiting.give_up, [this, i, caller = waiting.caller] {
        ++still_full(line_[i]).counters.rejected;
        std::erase_if(line_[i].callers, [caller](const WaitingCaller& each) { return each.caller == caller; });
        reply(caller, "QUEUE_FULL");
        if (line_[i].callers.empty()) refuse(i, "");
      });
    }
  }
  for (const RefGet& get : gets_) {
    consider(get.caller.give_up, [this, caller = get.caller.caller] {
      std::erase_if(gets_, [caller](const RefGet& each) { return each.caller.caller == caller; });
      reply(caller, "none");
    });
  }
  for (auto& [name, schedule] : schedules_) {
    consider(schedule.next, [this, &schedule = schedule] { fall_due(schedule); });
  }
  if (!action) return false;
  action();
  return true;
}

}  // namespace sluice::sim
