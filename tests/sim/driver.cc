#include "tests/sim/driver.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::sim {
namespace {

using model::ItemState;

constexpr std::size_t kRemembered = 20;
// So many commands share an engine; then a new one begins.
constexpr std::uint64_t kCommandsOfAWorld = 4'000;

const std::vector<std::string> kNames = {"a", "b", "c", "d", "e"};
const std::vector<std::string> kSchedules = {"s", "t"};
const std::vector<std::string> kZones = {"", "Europe/Berlin", "Europe/Berlin", "America/New_York"};

template <class Element>
void remember(std::deque<Element>& deque, Element element) {
  deque.push_back(std::move(element));
  if (deque.size() > kRemembered) deque.pop_front();
}

// What the reference holds, a line for each queue.
std::string picture_of(const Reference& reference) {
  static constexpr std::string_view kStates = "WDL";
  std::string text = "what must be there now:\n";
  for (const auto& [name, queue] : reference.queues()) {
    text += fmt::format("  {}{}{} {} idle {}:", name, queue.closed ? " closed" : "", queue.paused ? " paused" : "",
                        describe(queue.settings), queue.idle_count);
    for (const RefItem& item : queue.items) {
      text += fmt::format(" {}{}{}", kStates[static_cast<std::size_t>(item.state)], item.payload, item.completing ? "!" : "");
    }
    text += "; in line:";
    for (const RefTransfer& transfer : reference.line()) {
      if (transfer.needs(name) && !transfer.callers.empty()) text += fmt::format(" #{}", transfer.callers.front().caller);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Driver::Driver(std::uint64_t seed, Sabotage sabotage)
    : random_(seed), world_(seed, 5 + random_.below(25), std::move(sabotage)) {
  change_mood();
  for (int i = 0; i < 3; ++i) create();
}

// Puts prevail, or gets do, or neither; so queues run full and empty.
void Driver::change_mood() {
  const std::uint32_t puts = random_.chance(50) ? 40 : 12;
  const std::uint32_t gets = random_.chance(50) ? 40 : 12;
  const std::uint32_t ends = random_.chance(50) ? 30 : 8;
  //          create update remove close pause purge put again get complete again fail extend release finish lose join withdraw
  //          restart cancel redrive schedule
  weights_ = {3, 2, 1, 1, 3, 2, puts, 3, gets, ends, 3, ends / 3, 3, ends / 4, ends / 6, ends / 8, 4, 4, 1, 3, 4, 3};
}

void Driver::step() {
  let_time_pass();
  if (random_.chance(1)) change_mood();
  static constexpr void (Driver::*kCommands[])() = {
      &Driver::create,         &Driver::update,  &Driver::remove,    &Driver::close,   &Driver::pause_or_resume,
      &Driver::purge,          &Driver::put,     &Driver::put_again, &Driver::get,     &Driver::complete,
      &Driver::complete_again, &Driver::fail,    &Driver::extend,    &Driver::release, &Driver::finish,
      &Driver::lose,           &Driver::join,    &Driver::withdraw,  &Driver::restart, &Driver::cancel,
      &Driver::redrive,        &Driver::schedule};
  (this->*kCommands[random_.weighted(weights_)])();
  if (random_.below(100) == 0) world_.check_recovery();
}

void Driver::let_time_pass() {
  switch (random_.weighted({40, 40, 8, 5, 5, 1})) {
    case 0:
      return;
    case 1:
      return world_.pass(Duration{random_.between(0, 2'000)});
    case 2:
      return world_.pass(Duration{random_.between(0, 100'000)});
    case 3:
      return world_.jump(Duration{random_.between(0, 50'000)});
    case 4:
      return world_.oversleep(Duration{random_.between(0, 20'000)});
    default:
      return random_.chance(10) ? world_.pass(std::chrono::minutes{11}) : world_.pass(std::chrono::seconds{1});
  }
}

model::QueueSettingsPatch Driver::settings(bool fresh) {
  model::QueueSettingsPatch patch;
  if (fresh || random_.chance(60)) patch.capacity = random_.chance(10) ? 0 : random_.between(1, 5);
  if (fresh || random_.chance(30)) {
    patch.lease_duration = random_.chance(30) ? Duration{60'000'000} : Duration{random_.between(1'000, 30'000)};
  }
  if (fresh || random_.chance(30)) patch.max_attempts = random_.between(0, 3);
  if (fresh || random_.chance(30)) patch.initial_backoff = random_.chance(40) ? Duration{0} : some_wait();
  if (fresh || random_.chance(20)) patch.max_lost_attempts = random_.chance(60) ? 0 : random_.between(1, 3);
  if (random_.chance(20))
    patch.final_exit_codes = random_.chance(50) ? std::vector<std::int32_t>{} : std::vector<std::int32_t>{1, 3};
  if (fresh) patch.order = static_cast<model::QueueOrder>(random_.below(3));
  if (fresh ? random_.chance(25) : random_.chance(10)) {
    patch.durability = random_.chance(fresh ? 100 : 50) ? model::Durability::kMemory : model::Durability::kSync;
  }
  if (fresh) patch.max_backoff = Duration{100'000};
  if (fresh) patch.multiplier = static_cast<double>(random_.between(1, 3));
  if (fresh) patch.jitter = random_.chance(50) ? 0.0 : 0.5;
  if (random_.chance(20)) patch.dead_letter_queue = "";
  if (random_.chance(30)) patch.time_to_live = random_.chance(40) ? Duration{0} : some_wait();
  if (random_.chance(20)) patch.dead_letter_expired = random_.chance(60);
  if (fresh || random_.chance(20)) patch.dedup_window = some_wait();
  // Its own dead letters would come back to it for ever.
  if (random_.chance(20)) patch.dead_letter_queue = "morgue";
  return patch;
}

void Driver::create() { world_.create(random_.one_of(kNames), settings(true)); }

void Driver::update() {
  model::QueueSettingsPatch patch = settings(false);
  if (random_.chance(5)) patch.order = static_cast<model::QueueOrder>(random_.below(3));
  const std::string queue = some_queue();
  if (patch.dead_letter_queue == queue) return;
  world_.update(queue, patch);
}

void Driver::remove() { world_.remove(some_queue(), random_.chance(50)); }

void Driver::close() {
  if (random_.chance(50)) world_.close(some_queue(), random_.chance(40));
}

void Driver::pause_or_resume() { world_.pause(some_queue(), random_.chance(40)); }

// Mostly the fullest: dead letters gather where nobody looks.
void Driver::purge() {
  const auto& queues = world_.reference().queues();
  if (queues.empty() || random_.chance(30)) return world_.purge(some_queue());
  const auto fullest = std::ranges::max_element(queues, {}, [](const auto& entry) { return entry.second.items.size(); });
  world_.purge(fullest->first);
}

NewRefItem Driver::fresh_item() {
  NewRefItem item{.payload = fmt::format("p{}", ++last_payload_), .priority = random_.between(-1, 1)};
  if (random_.chance(15)) item.delay = some_wait();
  if (random_.chance(30)) make_special(item);
  return item;
}

void Driver::make_special(NewRefItem& item) {
  if (random_.chance(20)) item.not_before = world_.now() + Duration{random_.between(-20'000, 50'000)};
  if (random_.chance(30)) item.time_to_live = some_wait();
  if (random_.chance(30)) item.dedup_key = fmt::format("d{}", random_.below(4));
  if (random_.chance(15)) item.dedup_window = some_wait();
  if (random_.chance(30)) item.unique_key = fmt::format("u{}", random_.below(4));
  if (random_.chance(50)) item.order_key = fmt::format("o{}", random_.below(2));
}

std::vector<std::string> Driver::some_items(const std::string& name) {
  std::vector<std::string> payloads;
  const auto queue = world_.reference().queues().find(name);
  if (queue != world_.reference().queues().end()) {
    for (const RefItem& item : queue->second.items) {
      if (random_.chance(30)) payloads.push_back(item.payload);
    }
  }
  // Never admitted ones are left out by the world; so only one that somebody has had.
  if (!old_leases_.empty() && random_.chance(10)) {
    for (const auto& [other, each] : world_.reference().queues()) {
      if (other != name && !each.items.empty()) payloads.push_back(each.items.front().payload);
    }
  }
  return payloads;
}

void Driver::cancel() {
  const std::string queue = some_queue();
  world_.cancel(queue, some_items(queue), random_.chance(10) ? 1 : 0);
}

// Mostly where dead letters are.
void Driver::redrive() {
  std::vector<std::string> cemeteries;
  for (const auto& [name, queue] : world_.reference().queues()) {
    const bool any = std::ranges::any_of(queue.items, [](const RefItem& item) { return !item.dead_from.empty(); });
    if (any) cemeteries.push_back(name);
  }
  const std::string queue = cemeteries.empty() || random_.chance(10) ? some_queue() : random_.one_of(cemeteries);
  std::optional<std::string> to;
  if (random_.chance(20)) to = some_queue();
  std::optional<std::string> reason;
  if (random_.chance(30)) reason = random_.chance(50) ? "TEST" : "EXPIRED";
  std::vector<std::string> payloads;
  if (random_.chance(30)) payloads = some_items(queue);
  world_.redrive(queue, to, reason, payloads, random_.chance(50) ? 1'000 : 1 + random_.below(4));
}

Time Driver::some_give_up() {
  if (random_.chance(25)) return world_.now();
  return random_.chance(30) ? base::kNever : world_.now() + some_wait();
}

std::string Driver::some_request_id() { return random_.chance(30) ? fmt::format("r{}", ++last_request_) : ""; }

void Driver::put() {
  SentPut sent{.queue = some_queue(), .items = {}, .request_id = some_request_id()};
  const bool one_by_one = random_.chance(20);
  if (one_by_one) sent.request_id.clear();
  const std::int64_t count = random_.chance(one_by_one ? 20 : 70) ? 1 : random_.between(2, one_by_one ? 12 : 6);
  for (std::int64_t i = 0; i < count; ++i) sent.items.push_back(fresh_item());
  world_.put(sent.queue, sent.items, some_give_up(), sent.request_id, one_by_one);
  if (!sent.request_id.empty()) remember(puts_, std::move(sent));
}

bool Driver::is_alive(const std::string& payload) const {
  return std::ranges::any_of(world_.reference().queues(), [&](const auto& entry) {
    return std::ranges::find(entry.second.items, payload, &RefItem::payload) != entry.second.items.end();
  });
}

bool Driver::is_known(const SentPut& sent) const {
  const auto queue = world_.reference().queues().find(sent.queue);
  if (queue == world_.reference().queues().end()) return false;
  const auto request = queue->second.requests.find("put " + sent.request_id);
  return request != queue->second.requests.end() && request->second.expires > world_.now();
}

void Driver::put_again() {
  if (puts_.empty()) return;
  const SentPut& sent = puts_[random_.below(puts_.size())];
  // Once it is forgotten it would be a new put; payloads must stay unique.
  const bool alive = std::ranges::any_of(sent.items, [this](const NewRefItem& item) { return is_alive(item.payload); });
  if (!is_known(sent) && alive) return;
  world_.put(sent.queue, sent.items, some_give_up(), sent.request_id);
}

void Driver::get() {
  std::optional<Duration> lease;
  if (random_.chance(20)) lease = random_.chance(20) ? Duration::max() : some_wait() + Duration{1'000};
  const auto max_items = static_cast<std::uint32_t>(random_.chance(60) ? 1 : random_.between(2, 6));
  const std::size_t max_bytes = random_.chance(70) ? limits::kMaxGetBytes : random_.below(30);
  world_.get(some_queue(), max_items, max_bytes, some_give_up(), lease);
}

std::string Driver::some_queue() {
  const auto& queues = world_.reference().queues();
  if (queues.empty() || random_.chance(2)) return random_.one_of(kNames);
  auto queue = queues.begin();
  std::advance(queue, random_.below(queues.size()));
  return queue->first;
}

bool Driver::any_leased() const {
  return std::ranges::any_of(world_.reference().queues(),
                             [](const auto& entry) { return entry.second.count(ItemState::kLeased) > 0; });
}

// Mostly one that is held, sometimes one that was, rarely one that never was.
Driver::Held Driver::some_lease() {
  std::vector<Held> held;
  for (const auto& [name, queue] : world_.reference().queues()) {
    for (const RefItem& item : queue.items) {
      if (item.state == ItemState::kLeased) held.push_back({name, item.token});
    }
  }
  if (!old_leases_.empty() && (held.empty() || random_.chance(10))) return old_leases_[random_.below(old_leases_.size())];
  if (held.empty() || random_.chance(2)) return {some_queue(), random_.below(1'000'000)};
  Held lease = random_.one_of(held);
  remember(old_leases_, lease);
  if (random_.chance(2)) lease.queue = some_queue();
  return lease;
}

void Driver::complete() {
  if (!any_leased() && random_.chance(80)) return get();
  const Held lease = some_lease();
  SentCompletion sent{.queue = lease.queue, .token = lease.token, .outputs = {}, .request_id = some_request_id()};
  for (std::size_t i = random_.weighted({50, 30, 15, 5}); i-- > 0;) {
    // Often several into one.
    const bool same = !sent.outputs.empty() && random_.chance(30);
    sent.outputs.push_back({same ? sent.outputs.back().queue : some_queue(), fresh_item()});
  }
  world_.complete(sent.queue, sent.token, sent.outputs, some_give_up(), sent.request_id);
  if (!sent.request_id.empty()) remember(completions_, std::move(sent));
}

void Driver::complete_again() {
  if (completions_.empty()) return;
  const SentCompletion& sent = completions_[random_.below(completions_.size())];
  world_.complete(sent.queue, sent.token, sent.outputs, some_give_up(), sent.request_id);
}

void Driver::fail() {
  const Held lease = some_lease();
  std::optional<Duration> delay;
  if (random_.chance(30)) delay = random_.chance(50) ? Duration{0} : some_wait();
  world_.fail(lease.queue, lease.token, random_.chance(20), delay, some_request_id());
}

void Driver::extend() {
  const Held lease = some_lease();
  std::optional<Duration> duration;
  if (random_.chance(50)) duration = some_wait();
  world_.extend(lease.queue, lease.token, duration);
}

void Driver::release() {
  const Held lease = some_lease();
  world_.release(lease.queue, lease.token);
}

std::vector<std::uint64_t> Driver::leases_of(const std::string& queue) {
  std::vector<std::uint64_t> tokens;
  const auto found = world_.reference().queues().find(queue);
  if (found != world_.reference().queues().end()) {
    for (const RefItem& item : found->second.items) {
      if (item.state != ItemState::kLeased || random_.chance(20)) continue;
      tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(random_.below(tokens.size() + 1)), item.token);
      remember(old_leases_, Held{queue, item.token});
    }
  }
  // Twice, or of before, or of another queue.
  if (!tokens.empty() && random_.chance(5)) tokens.push_back(random_.one_of(tokens));
  if (random_.chance(10)) tokens.insert(tokens.begin(), some_lease().token);
  return tokens;
}

void Driver::finish() {
  const std::string queue = some_lease().queue;
  world_.finish(queue, leases_of(queue));
}

void Driver::lose() {
  const std::string queue = some_lease().queue;
  world_.lose(queue, leases_of(queue));
}

void Driver::join() {
  std::optional<std::uint64_t> since;
  if (random_.chance(30)) since = random_.below(10);
  world_.join(some_queue(), since);
}

// Mostly somebody who waits, sometimes somebody who has been answered.
void Driver::withdraw() {
  std::vector<int> waiting;
  for (const RefTransfer& transfer : world_.reference().line()) {
    for (const WaitingCaller& caller : transfer.callers) waiting.push_back(caller.caller);
  }
  for (const RefGet& get : world_.reference().gets()) waiting.push_back(get.caller.caller);
  for (const RefJoin& join : world_.reference().joins()) waiting.push_back(join.caller);
  if (waiting.empty() || random_.chance(10)) {
    if (world_.last_caller() > 0) world_.withdraw(static_cast<int>(random_.between(1, world_.last_caller())));
    return;
  }
  world_.withdraw(random_.one_of(waiting));
}

void Driver::restart() {
  if (!random_.chance(50)) return;
  // Long enough for ticks to be missed.
  if (random_.chance(30)) world_.oversleep(std::chrono::seconds{random_.between(0, 60)});
  if (random_.chance(5)) world_.oversleep(std::chrono::minutes{random_.between(0, 120)});
  world_.restart();
}

void Driver::schedule() {
  RefSchedule schedule{.name = random_.one_of(kSchedules),
                       .queue = some_queue(),
                       .every = Duration{random_.between(500'000, 20'000'000)},
                       .catch_up = static_cast<std::uint32_t>(random_.below(4))};
  if (random_.chance(60)) {
    schedule.every = Duration{0};
    schedule.cron = random_.one_of(calendar_times());
    schedule.time_zone = random_.one_of(kZones);
  }
  switch (random_.weighted({30, 20, 10, 20, 20})) {
    case 0:
      return world_.create_schedule(schedule);
    case 1:
      return world_.update_schedule(schedule);
    case 2:
      return world_.delete_schedule(schedule.name);
    case 3:
      return world_.pause_schedule(schedule.name, true);
    default:
      return world_.pause_schedule(schedule.name, false);
  }
}

SimulationResult simulate(std::uint64_t seed, std::uint64_t commands, const Sabotage& sabotage) {
  SimulationResult result;
  std::optional<Driver> driver;
  const auto tally = [&] {
    for (const auto& [outcome, count] : driver->world().outcomes()) result.outcomes[outcome] += count;
  };
  for (std::uint64_t done = 0; done < commands; ++done) {
    if (done % kCommandsOfAWorld == 0) {
      if (driver) tally();
      driver.emplace(seed * 1'000'003 + done / kCommandsOfAWorld, sabotage);
    }
    try {
      driver->step();
    } catch (const Mismatch& mismatch) {
      result.failure = fmt::format("command {}: {}\nreplay: sim --seed {} --commands {}\nthe last commands:\n", done,
                                   mismatch.what(), seed, done + 1);
      for (const std::string& line : driver->world().log()) result.failure += line + "\n";
      result.failure += picture_of(driver->world().reference());
      return result;
    }
  }
  if (driver) tally();
  return result;
}

}  // namespace sluice::sim
