#include "tests/sim/reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/limits.h"

namespace sluice::sim {

using model::ItemState;

namespace {

std::string put_key(const std::string& request_id) { return request_id.empty() ? "" : "put " + request_id; }

std::string lease_key(std::uint64_t token, const std::string& request_id) {
  return request_id.empty() ? "" : fmt::format("lease {} {}", token, request_id);
}

}  // namespace

bool RefQueue::allows_another(const RefItem& item) const {
  const std::uint32_t counted = settings.retry.max_lost_attempts == 0 ? item.attempt : item.attempt - item.lost;
  return settings.retry.max_attempts == 0 || counted < settings.retry.max_attempts;
}

bool RefQueue::allows_another_after_loss(const RefItem& item) const {
  const std::uint32_t most = settings.retry.max_lost_attempts;
  return most == 0 ? allows_another(item) : item.lost < most;
}

Duration RefQueue::longest_backoff(std::uint32_t attempt) const {
  const auto& retry = settings.retry;
  auto wait = static_cast<double>(retry.initial_backoff.count());
  const auto most = static_cast<double>(retry.max_backoff.count());
  for (std::uint32_t i = 1; i < attempt && wait < most; ++i) wait *= retry.multiplier;
  return Duration{static_cast<Duration::rep>(std::min(wait, most))};
}

std::size_t RefQueue::count(ItemState state) const {
  return static_cast<std::size_t>(std::ranges::count(items, state, &RefItem::state));
}

bool RefQueue::has_room_for(std::size_t more) const {
  return settings.capacity == 0 || count(ItemState::kWaiting) + count(ItemState::kDelayed) + more <= settings.capacity;
}

bool RefQueue::ended() const {
  return closed && std::ranges::all_of(items, [this](const RefItem& item) {
           if (item.state != ItemState::kLeased) return false;
           RefItem lost = item;
           ++lost.lost;
           return !allows_another(item) && !allows_another_after_loss(lost);
         });
}

bool RefQueue::sooner(const RefItem& a, const RefItem& b) const {
  if (settings.order == model::QueueOrder::kPriority && a.priority != b.priority) return a.priority < b.priority;
  return a.place < b.place;
}

std::vector<const RefItem*> RefQueue::in_order() const {
  std::vector<const RefItem*> waiting;
  for (const RefItem& item : items) {
    if (item.state == ItemState::kWaiting) waiting.push_back(&item);
  }
  std::ranges::sort(waiting, [this](const RefItem* a, const RefItem* b) {
    const bool a_goes = may_go(*a);
    return a_goes != may_go(*b) ? a_goes : sooner(*a, *b);
  });
  return waiting;
}

RefItem* RefQueue::leased(std::uint64_t token) {
  const auto found = std::ranges::find_if(
      items, [token](const RefItem& item) { return item.state == ItemState::kLeased && item.token == token; });
  return found == items.end() ? nullptr : &*found;
}

void Reference::begin(Time now, const Choices* choices) {
  now_ = now;
  choices_ = choices;
  replies_.clear();
  complaints_.clear();
}

RefQueue* Reference::find(const std::string& name) {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : &found->second;
}

std::size_t Reference::waiters() const {
  std::size_t sum = gets_.size() + joins_.size();
  for (const RefTransfer& transfer : line_) sum += transfer.callers.size();
  return sum;
}

std::string Reference::create(const std::string& name, const model::QueueSettings& settings) {
  if (find(name) != nullptr) return "QUEUE_EXISTS";
  queues_[name] = {.name = name, .settings = settings};
  return "OK";
}

std::string Reference::update(const std::string& name, const model::QueueSettingsPatch& patch) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  if (patch.order && *patch.order != queue->settings.order) return "SETTING_IMMUTABLE";
  const model::QueueSettings settings = patch.applied_to(queue->settings);
  if (settings.durability != queue->settings.durability && !queue->items.empty()) return "QUEUE_NOT_EMPTY";
  queue->settings = settings;
  refuse_too_large(*queue);
  settle();
  return "OK";
}

std::string Reference::remove(const std::string& name, bool force) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  if (!force && !queue->items.empty()) return "QUEUE_NOT_EMPTY";
  std::string result = fmt::format("discarded: {}", queue->items.size());
  end_line_of(name, "QUEUE_NOT_FOUND");
  // Completions of its own items cannot happen any more either.
  for (std::size_t i = line_.size(); i-- > 0;) {
    if (line_[i].completes_queue == name) refuse(i, "QUEUE_NOT_FOUND");
  }
  for (const RefGet& get : gets_) {
    if (get.queue == name) reply(get.caller.caller, "QUEUE_NOT_FOUND");
  }
  for (const RefJoin& join : joins_) {
    if (join.queue == name) reply(join.caller, "QUEUE_NOT_FOUND");
  }
  std::erase_if(gets_, [&](const RefGet& get) { return get.queue == name; });
  std::erase_if(joins_, [&](const RefJoin& join) { return join.queue == name; });
  queues_.erase(name);
  settle();
  return result;
}

std::string Reference::close(const std::string& name, bool immediate) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  queue->closed = true;
  end_line_of(name, "QUEUE_CLOSED");
  if (immediate) discard_depth(*queue);
  settle();
  return "OK";
}

std::string Reference::pause(const std::string& name, bool paused) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  queue->paused = paused;
  settle();
  return "OK";
}

std::string Reference::purge(const std::string& name) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  const std::uint64_t discarded = discard_depth(*queue);
  settle();
  return fmt::format("discarded: {}", discarded);
}

void Reference::put(int caller, const std::string& name, const std::vector<NewRefItem>& items, Time give_up,
                    const std::string& request_id, bool one_by_one) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return reply(caller, "QUEUE_NOT_FOUND");
  RefTransfer put;
  put.one_by_one = one_by_one && !makes(Mistake::kPutsOneByOneAllOrNone);
  put.parts = {{name, items}};
  put.keyed = std::ranges::any_of(items, &NewRefItem::keyed);
  put.request = put_key(request_id);
  if (repeats(*queue, put.request, caller, give_up, true)) return;
  transfer(caller, std::move(put), give_up);
  settle();
}

void Reference::complete(int caller, const std::string& name, std::uint64_t token,
                         const std::vector<std::pair<std::string, NewRefItem>>& outputs, Time give_up,
                         const std::string& request_id) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return reply(caller, "QUEUE_NOT_FOUND");
  RefTransfer completion;
  completion.completes_queue = name;
  completion.completes_token = token;
  completion.request = lease_key(token, request_id);
  if (repeats(*queue, completion.request, caller, give_up, false)) return;
  const RefItem* item = queue->leased(token);
  if (item == nullptr && makes(Mistake::kTakesOldTokens)) return reply(caller, "ok");
  if (item == nullptr || item->completing) return reply(caller, "LEASE_LOST");
  for (const auto& [output, fresh] : outputs) {
    auto part = std::ranges::find(completion.parts, output, [](const auto& each) { return each.first; });
    if (part == completion.parts.end()) part = completion.parts.insert(part, {output, {}});
    part->second.push_back(fresh);
    completion.keyed = completion.keyed || fresh.keyed();
  }
  transfer(caller, std::move(completion), give_up);
  settle();
}

bool Reference::repeats(RefQueue& queue, const std::string& key, int caller, Time give_up, bool put) {
  if (key.empty() || makes(Mistake::kForgetsRequests)) return false;
  const auto remembered = queue.requests.find(key);
  if (remembered != queue.requests.end() && remembered->second.expires > now_) {
    Reply again{.caller = caller, .outcome = "ok"};
    if (put) again.count = remembered->second.count;
    if (put) again.first = remembered->second.first;
    if (put) again.payloads = remembered->second.payloads;
    again.attempts.resize(again.payloads.size());
    replies_.push_back(std::move(again));
    return true;
  }
  RefTransfer* waiting = waiting_request(queue.name, key);
  if (waiting == nullptr) return false;
  if (give_up <= now_) {
    ++still_full(*waiting).counters.rejected;
    reply(caller, "QUEUE_FULL");
  } else if (waiters() >= max_waiters_) {
    reply(caller, "LIMIT_REACHED");
  } else {
    waiting->callers.push_back({caller, alarm(give_up)});
  }
  return true;
}

RefTransfer* Reference::waiting_request(const std::string& queue, const std::string& key) {
  for (RefTransfer& transfer : line_) {
    const std::string& of = transfer.completes_queue.empty() ? transfer.parts.front().first : transfer.completes_queue;
    if (of == queue && transfer.request == key) return &transfer;
  }
  return nullptr;
}

void Reference::get(int caller, const std::string& name, std::uint32_t max_items, std::size_t max_bytes, Time give_up,
                    std::optional<Duration> lease) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return reply(caller, "QUEUE_NOT_FOUND");
  const RefGet get{
      .caller = {caller, alarm(give_up)}, .queue = name, .max_items = max_items, .max_bytes = max_bytes, .lease = lease};
  // Whoever waits while there is something to take waits for the end of a pause.
  if (!queue->paused && queue->next_to_go() != nullptr) {
    deliver(*queue, get);
    return settle();
  }
  if (has_ended(*queue)) return reply(caller, "end");
  if (give_up <= now_) return reply(caller, "none");
  if (waiters() >= max_waiters_) return reply(caller, "LIMIT_REACHED");
  gets_.push_back(get);
}

std::string Reference::fail(const std::string& name, std::uint64_t token, bool do_not_retry,
                            std::optional<Duration> retry_delay, const std::string& reason, const std::string& request_id) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  const std::string key = lease_key(token, request_id);
  const auto remembered = queue->requests.find(key);
  RefItem* item = queue->leased(token);
  if (item == nullptr || item->completing) {
    const bool again = !key.empty() && remembered != queue->requests.end() && remembered->second.expires > now_;
    return again ? "OK" : "LEASE_LOST";
  }
  if (!key.empty()) queue->requests[key] = {.expires = now_ + limits::kRequestIdWindow};
  ++queue->counters.failed;
  item->failure = reason;
  const double jitter = retry_delay ? 0.0 : queue->settings.retry.jitter;
  const Duration delay = retry_delay.value_or(queue->longest_backoff(item->attempt));
  const auto& final_codes = queue->settings.retry.final_exit_codes;
  const bool final = do_not_retry || std::ranges::find(final_codes, exit_code_of(token)) != final_codes.end();
  retry_or_bury(*queue, *item, !final && queue->allows_another(*item), delay, jitter);
  settle();
  return "OK";
}

std::string Reference::extend(const std::string& name, std::uint64_t token, std::optional<Duration> duration) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  RefItem* item = queue->leased(token);
  if (item == nullptr) return "LEASE_LOST";
  const Duration left = duration.value_or(queue->settings.lease_duration);
  if (item->completing) {
    item->lease_left = left;
  } else {
    item->alarm = alarm(base::add_saturating(now_, left));
  }
  return "OK";
}

std::string Reference::release(const std::string& name, std::uint64_t token) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  RefItem* item = queue->leased(token);
  if (item == nullptr || item->completing) return "LEASE_LOST";
  if (!makes(Mistake::kReleaseCountsAsAttempt)) --item->attempt;
  if (item->is_over(now_)) {
    expire(*queue, *item);
  } else {
    put_back(*queue, *item);
  }
  settle();
  return "OK";
}

std::string Reference::cancel(const std::string& name, const std::vector<std::string>& payloads, int unknown) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  std::string result = "cancelled:";
  for (const std::string& payload : payloads) {
    const auto item = std::ranges::find(queue->items, payload, &RefItem::payload);
    if (item == queue->items.end()) {
      result += " gone";
      continue;
    }
    const bool held = item->state == ItemState::kLeased;
    result += held ? " revoked" : " cancelled";
    if (held && makes(Mistake::kCancelLeavesWhatIsHeld)) continue;
    for (std::size_t i = line_.size(); i-- > 0;) {
      if (held && line_[i].completes_queue == name && line_[i].completes_token == item->token) refuse(i, "LEASE_LOST");
    }
    ++queue->counters.cancelled;
    erase(*queue, payload);
  }
  for (; unknown > 0; --unknown) result += " unknown";
  settle();
  return result;
}

std::string Reference::finish_many(const std::string& name, const std::vector<std::uint64_t>& tokens) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  std::string result = "finished:";
  bool stopped = false;
  for (const std::uint64_t token : tokens) {
    const RefItem* item = queue->leased(token);
    if (stopped || item == nullptr || item->completing) {
      result += " LEASE_LOST";
      stopped = makes(Mistake::kFinishStopsAtALostLease);
      continue;
    }
    ++queue->counters.done;
    erase(*queue, std::string(item->payload));
    result += " OK";
  }
  settle();
  return result;
}

std::string Reference::lose(const std::string& name, const std::vector<std::uint64_t>& tokens) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return "QUEUE_NOT_FOUND";
  for (std::size_t i = line_.size(); i-- > 0;) {
    const bool of_these = line_[i].completes_queue == name && std::ranges::count(tokens, line_[i].completes_token) > 0;
    if (of_these) refuse(i, "CANCELLED");
  }
  lose_leases(*queue, tokens, "CONSUMER_LOST");
  settle();
  return "OK";
}

void Reference::join(int caller, const std::string& name, std::optional<std::uint64_t> since) {
  RefQueue* queue = find(name);
  if (queue == nullptr) return reply(caller, "QUEUE_NOT_FOUND");
  if (queue->items.empty() || (since && queue->idle_count > *since)) {
    replies_.push_back({.caller = caller, .outcome = "done", .idle_count = queue->idle_count});
    return;
  }
  if (waiters() >= max_waiters_) return reply(caller, "LIMIT_REACHED");
  joins_.push_back({caller, name});
  replies_.push_back({.caller = caller, .outcome = "progress", .idle_count = queue->idle_count});
}

bool Reference::withdraw(int caller) {
  const auto is_caller = [caller](const WaitingCaller& each) { return each.caller == caller; };
  for (std::size_t i = 0; i < line_.size(); ++i) {
    if (std::erase_if(line_[i].callers, is_caller) == 0) continue;
    if (line_[i].callers.empty() && !makes(Mistake::kKeepsWithdrawnPuts)) refuse(i, "");
    settle();
    return true;
  }
  if (std::erase_if(gets_, [&](const RefGet& get) { return is_caller(get.caller); }) > 0) return true;
  return std::erase_if(joins_, [&](const RefJoin& join) { return join.caller == caller; }) > 0;
}

// The queue is there again, and nothing of what was in it or is known of it.
void Reference::forget_memory(RefQueue& queue) {
  if (queue.settings.durability != model::Durability::kMemory || makes(Mistake::kRestartKeepsWhatIsInMemory)) return;
  queue.items.clear();
  queue.counters = {};
  queue.idle_count = 0;
  queue.was_idle = true;
  queue.requests.clear();
  queue.seen_keys.clear();
}

void Reference::restart() {
  line_.clear();
  if (!makes(Mistake::kRestartKeepsWaiters)) gets_.clear();
  joins_.clear();
  for (auto& [name, queue] : queues_) forget_memory(queue);
  set_alarms_anew();
  for (auto& [name, queue] : queues_) {
    if (makes(Mistake::kRestartForgetsKeys)) queue.seen_keys.clear();
    std::vector<std::uint64_t> held;
    for (RefItem& item : queue.items) {
      item.completing = false;
      if (item.state == ItemState::kLeased) held.push_back(item.token);
      if (item.state == ItemState::kLeased && makes(Mistake::kRestartForgetsAttempts)) --item.attempt;
      if (item.state == ItemState::kDelayed && makes(Mistake::kRestartForgetsDelays)) item.state = ItemState::kWaiting;
    }
    lose_leases(queue, held, "SERVER_RESTARTED");
  }
  restart_schedules();
  settle();
}

}  // namespace sluice::sim
