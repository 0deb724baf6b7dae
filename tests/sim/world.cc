#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/errors.h"
#include "tests/sim/compare.h"
#include "tests/sim/names.h"

namespace sluice::sim {
namespace {

// About ten items; with every other seed.
// When the simulation begins: long ago, and shortly before the clocks change in Berlin, forward and back.
Time beginning_of(std::uint64_t seed) {
  using std::chrono::seconds;
  constexpr seconds kBeginnings[] = {seconds{1'000'000}, seconds{1'774'745'400}, seconds{1'792'889'400}};
  return Time{kBeginnings[seed % 3]};
}

constexpr std::size_t kSmallPayloadMemory = 50;

constexpr std::size_t kLogLines = 30;

std::string word(const absl::Status& status) {
  if (status.ok()) return "OK";
  if (absl::IsCancelled(status)) return "CANCELLED";
  const auto reason = base::reason_of(status);
  return reason ? std::string(base::info(*reason).name) : status.ToString();
}

std::string word(const absl::StatusOr<std::uint64_t>& discarded) {
  return discarded.ok() ? fmt::format("discarded: {}", *discarded) : word(discarded.status());
}

std::string word(const absl::StatusOr<std::vector<absl::Status>>& finished) {
  if (!finished.ok()) return word(finished.status());
  std::string words = "finished:";
  for (const absl::Status& status : *finished) words += " " + word(status);
  return words;
}

std::string in_us(Time time, Time now) { return time == base::kNever ? "never" : fmt::format("+{}us", (time - now).count()); }

std::string outcome_of(const engine::Answer& answer) {
  const absl::Status status = std::visit([](const auto& each) { return each.status; }, answer);
  if (!status.ok()) return word(status);
  if (const auto* got = std::get_if<engine::GetAnswer>(&answer); got != nullptr && got->items.empty()) {
    return got->end_of_queue ? "end" : "none";
  }
  if (const auto* joined = std::get_if<engine::JoinAnswer>(&answer)) return joined->done ? "done" : "progress";
  if (const auto* put = std::get_if<engine::PutAnswer>(&answer); put != nullptr && put->more) return "in part";
  return "ok";
}

}  // namespace

World::World(std::uint64_t seed, std::size_t max_waiters, Sabotage sabotage)
    : now_(beginning_of(seed)), begin_(now_), reference_(max_waiters, sabotage.mistake), sabotage_(std::move(sabotage)) {
  options_.seed = seed;
  options_.max_waiters = max_waiters;
  if (seed % 2 == 1) options_.payload_memory_bytes = kSmallPayloadMemory;
  engine_ = std::make_unique<engine::Engine>(options_);
  choices_.due = [this](const std::string& payload) {
    if (const engine::PeekedItem* item = unrecorded(payload)) return item->due.value_or(Time{});
    const model::ItemRecord* record = record_of(payload);
    return record == nullptr ? Time{} : record->due;
  };
  choices_.id = [this](const std::string& payload) { return number(ids_.at(payload)); };
  choices_.failure_bytes = [this](const std::string& payload) -> std::size_t {
    const engine::PeekedItem* item = unrecorded(payload);
    const model::ItemRecord* record = record_of(payload);
    const model::Failure* failure = item != nullptr ? item->last_failure.get() : nullptr;
    if (item == nullptr && record != nullptr) failure = record->last_failure.get();
    return failure == nullptr ? 0 : failure->message.size() + failure->stderr_tail.size();
  };
  choices_.token = [this](const std::string& payload) {
    const auto found = given_tokens_.find(payload);
    return found == given_tokens_.end() ? 0 : found->second;
  };
  choices_.done = [this](int caller) -> std::optional<std::uint64_t> {
    const auto found = ended_joins_.find(caller);
    if (found == ended_joins_.end()) return std::nullopt;
    return found->second;
  };
}

const model::ItemRecord* World::record_of(const std::string& payload) const {
  const auto id = ids_.find(payload);
  const auto record = id == ids_.end() ? store_.items().end() : store_.items().find(id->second);
  return record == store_.items().end() ? nullptr : &record->second;
}

const engine::PeekedItem* World::unrecorded(const std::string& payload) const {
  const auto found = unrecorded_.find(payload);
  return found == unrecorded_.end() ? nullptr : &found->second;
}

// What queues of MEMORY durability hold can be learnt from nobody but the engine.
void World::look_into_memory() {
  unrecorded_.clear();
  for (const engine::QueueView& queue : engine_->list_queues(now_, "", "", 1'000)) {
    if (queue.settings.durability != model::Durability::kMemory) continue;
    const auto items = engine_->peek(queue.name, std::nullopt, 0, 100'000);
    for (const engine::PeekedItem& item : *items) {
      const model::BodyPtr body = item.body != nullptr ? item.body : bodies_.at(number(item.id));
      const std::string name = name_of(*body);
      ids_[name] = item.id;
      bodies_[number(item.id)] = body;
      unrecorded_.emplace(name, item);
    }
  }
}

engine::Caller& World::new_caller() {
  engine::Caller& caller = callers_.emplace_back();
  numbers_[&caller] = last_caller();
  return caller;
}

void World::note(std::string what) {
  log_.push_back(fmt::format("{:>12} {}", (now_ - begin_).count(), what));
  if (log_.size() > kLogLines) log_.pop_front();
}

void World::both(std::string what, const std::function<std::string(engine::Effects&)>& by_engine,
                 const std::function<std::string()>& by_reference) {
  note(std::move(what));
  engine::Effects effects;
  const std::string given = by_engine(effects);
  if (sabotage_.falsify) sabotage_.falsify(effects);
  absorb(effects);
  check_invariants(effects);
  reference_.begin(now_, &choices_);
  const std::string expected = by_reference();
  reference_.finish([this](const std::string& queue) { return engine_->queue(now_, queue)->idle_count; });
  if (given != expected) throw Mismatch(fmt::format("result is {}, must be {}", given, expected));
  if (!reference_.complaints().empty()) throw Mismatch(reference_.complaints().front());
  compare_replies(effects);
  if (!expected.empty()) ++outcomes_[expected.substr(0, expected.find(':'))];
  for (const Reply& reply : reference_.replies()) ++outcomes_[reply.outcome];
  compare_state(*engine_, store_, reference_);
  compare_records(store_, reference_, ids_);
  compare_schedules(*engine_, reference_);
}

// Learns what the engine numbered and chose, and brings back what it left to the records.
void World::absorb(engine::Effects& effects) {
  store_.apply(effects.records);
  for (const model::Record& record : effects.records) {
    const auto* item = std::get_if<model::ItemRecord>(&record);
    if (item == nullptr || item->body == nullptr) continue;
    ids_[name_of(*item->body)] = item->id;
    bodies_[number(item->id)] = item->body;
  }
  look_into_memory();
  given_tokens_.clear();
  ended_joins_.clear();
  for (auto& [caller, answer] : effects.answers) {
    const auto* joined = std::get_if<engine::JoinAnswer>(&answer);
    if (joined != nullptr && joined->done) ended_joins_[numbers_.at(caller)] = joined->idle_count;
    auto* got = std::get_if<engine::GetAnswer>(&answer);
    if (got == nullptr) continue;
    for (model::Delivery& item : got->items) {
      if (item.body == nullptr) item.body = bodies_.at(number(item.item));
      given_tokens_[name_of(*item.body)] = number(item.lease);
    }
  }
}

void World::check_invariants(const engine::Effects& effects) {
  Invariants::Answers answers;
  for (const auto& [caller, answer] : effects.answers) answers.emplace_back(numbers_.at(caller), &answer);
  invariants_.check(engine_->list_queues(now_, "", "", 1'000), answers);
  for (const auto& [caller, answer] : answers) {
    if (const auto* put = std::get_if<engine::PutAnswer>(answer)) check_ids(caller, *put);
  }
}

// The ids that a put is told are those of its items, in the order given.
void World::check_ids(int caller, const engine::PutAnswer& answer) {
  std::deque<std::string>& untold = untold_[caller];
  for (std::uint64_t i = 0; i < answer.count; ++i) {
    if (untold.empty()) throw Mismatch(fmt::format("caller {} is told of more items than it put", caller));
    const auto id = ids_.find(untold.front());
    // With keys, others may be there in their place: compared with the reference.
    const bool right = !answer.ids.empty() || (id != ids_.end() && number(id->second) == number(answer.first) + i);
    if (!right) {
      throw Mismatch(fmt::format("caller {} is told another id than that of {}", caller, untold.front()));
    }
    untold.pop_front();
  }
  if (!answer.more) untold_.erase(caller);
}

std::vector<Reply> World::replies_of(const engine::Effects& effects) {
  std::vector<Reply> replies;
  for (const auto& [caller, answer] : effects.answers) {
    const auto number_of = numbers_.find(caller);
    if (number_of == numbers_.end()) throw Mismatch("an answer to nobody");
    Reply reply{.caller = number_of->second, .outcome = outcome_of(answer)};
    if (const auto* put = std::get_if<engine::PutAnswer>(&answer)) {
      reply.count = put->count;
      for (const model::ItemId id : put->ids) reply.payloads.push_back(name_of(*bodies_.at(number(id))));
      reply.attempts.resize(reply.payloads.size());
      if (!put->ids.empty()) {
        replies.push_back(std::move(reply));
        continue;
      }
      for (const auto& expected : reference_.replies()) {
        if (expected.caller != reply.caller || !put->status.ok()) continue;
        const auto id = ids_.find(expected.first);
        if (id != ids_.end() && id->second == put->first) reply.first = expected.first;
      }
    } else if (const auto* got = std::get_if<engine::GetAnswer>(&answer)) {
      for (const model::Delivery& item : got->items) {
        reply.payloads.push_back(name_of(*item.body));
        reply.attempts.push_back(item.attempt);
      }
    } else if (const auto* joined = std::get_if<engine::JoinAnswer>(&answer)) {
      reply.idle_count = joined->status.ok() ? joined->idle_count : 0;
    }
    replies.push_back(std::move(reply));
  }
  return replies;
}

// Progress after the first is the engine's choice, within limits: at most once an interval, and only while the join waits.
bool World::is_later_progress(const Reply& reply) {
  if (reply.outcome != "progress") return false;
  const auto told = told_.find(reply.caller);
  const bool first = told == told_.end();
  if (!first && now_ < told->second + limits::kMinProgressInterval) throw Mismatch("progress comes too often");
  told_[reply.caller] = now_;
  return !first;
}

void World::compare_replies(const engine::Effects& effects) {
  std::vector<Reply> given = replies_of(effects);
  std::erase_if(given, [this](const Reply& reply) { return is_later_progress(reply); });
  sim::compare_replies(std::move(given), reference_.replies());
}

void World::create(const std::string& queue, const model::QueueSettingsPatch& patch) {
  const model::QueueSpec spec{.name = queue, .settings = patch};
  both(
      fmt::format("create {} {}", queue, describe(spec.initial_settings())),
      [&](engine::Effects& out) { return word(engine_->create_queue(now_, spec, false, out)); },
      [&] { return reference_.create(queue, spec.initial_settings()); });
}

void World::update(const std::string& queue, const model::QueueSettingsPatch& patch) {
  both(
      fmt::format("update {} to {}", queue, describe(patch.applied_to({}))),
      [&](engine::Effects& out) { return word(engine_->update_queue(now_, queue, patch, out)); },
      [&] { return reference_.update(queue, patch); });
}

void World::remove(const std::string& queue, bool force) {
  both(
      fmt::format("delete {}{}", queue, force ? " by force" : ""),
      [&](engine::Effects& out) { return word(engine_->delete_queue(now_, queue, force, out)); },
      [&] { return reference_.remove(queue, force); });
}

void World::close(const std::string& queue, bool immediate) {
  both(
      fmt::format("close {}{}", queue, immediate ? " immediately" : ""),
      [&](engine::Effects& out) { return word(engine_->close_queue(now_, queue, immediate, out)); },
      [&] { return reference_.close(queue, immediate); });
}

void World::pause(const std::string& queue, bool paused) {
  both(
      fmt::format("{} {}", paused ? "pause" : "resume", queue),
      [&](engine::Effects& out) {
        return word(paused ? engine_->pause_queue(now_, queue, out) : engine_->resume_queue(now_, queue, out));
      },
      [&] { return reference_.pause(queue, paused); });
}

void World::purge(const std::string& queue) {
  both(
      fmt::format("purge {}", queue), [&](engine::Effects& out) { return word(engine_->purge_queue(now_, queue, out)); },
      [&] { return reference_.purge(queue); });
}

void World::put(const std::string& queue, const std::vector<NewRefItem>& items, Time give_up, const std::string& request_id,
                bool one_by_one) {
  engine::PutCommand command{.queue = queue, .give_up = give_up, .request_id = request_id, .one_by_one = one_by_one};
  std::string payloads;
  engine::Caller& caller = new_caller();
  for (const NewRefItem& item : items) {
    command.items.push_back(item_of(item));
    payloads += fmt::format(" {}", item.payload);
    if (item.delay.count() > 0) payloads += fmt::format("(+{}us)", item.delay.count());
    payloads += describe(item);
    untold_[last_caller()].push_back(item.payload);
  }
  invariants_.ask({.caller = last_caller(),
                   .kind = Invariants::Kind::kPut,
                   .queue = queue,
                   .puts = {{queue, items.size()}},
                   .repeatable = !request_id.empty(),
                   .one_by_one = one_by_one});
  both(
      fmt::format("#{} put {}{}{} until {} request '{}'", last_caller(), queue, one_by_one ? " one by one" : "", payloads,
                  in_us(give_up, now_), request_id),
      [&](engine::Effects& out) {
        engine_->put(now_, std::move(command), caller, out);
        return "";
      },
      [&] {
        reference_.put(last_caller(), queue, items, give_up, request_id, one_by_one);
        return "";
      });
}

void World::get(const std::string& queue, std::uint32_t max_items, std::size_t max_bytes, Time give_up,
                std::optional<Duration> lease) {
  const engine::GetCommand command{
      .queue = queue, .max_items = max_items, .max_bytes = max_bytes, .give_up = give_up, .lease_duration = lease};
  engine::Caller& caller = new_caller();
  invariants_.ask({.caller = last_caller(),
                   .kind = Invariants::Kind::kGet,
                   .queue = queue,
                   .max_items = max_items,
                   .max_bytes = max_bytes});
  both(
      fmt::format("#{} get {} of {}, {} bytes, until {} lease {}us", last_caller(), max_items, queue, max_bytes,
                  in_us(give_up, now_), lease ? lease->count() : 0),
      [&](engine::Effects& out) {
        engine_->get(now_, command, caller, out);
        return "";
      },
      [&] {
        reference_.get(last_caller(), queue, max_items, max_bytes, give_up, lease);
        return "";
      });
}

void World::complete(const std::string& queue, std::uint64_t token, const std::vector<Output>& outputs, Time give_up,
                     const std::string& request_id) {
  engine::CompleteCommand command{.queue = queue, .lease = model::LeaseId{token}, .give_up = give_up, .request_id = request_id};
  std::string text;
  std::vector<std::pair<std::string, NewRefItem>> handed_on;
  Invariants::Question question{.kind = Invariants::Kind::kComplete, .queue = queue, .repeatable = !request_id.empty()};
  for (const Output& output : outputs) {
    ++question.puts[output.queue];
    command.outputs.push_back({.queue = output.queue, .item = item_of(output.item)});
    handed_on.emplace_back(output.queue, output.item);
    text += fmt::format(" {}{}->{}", output.item.payload, describe(output.item), output.queue);
  }
  engine::Caller& caller = new_caller();
  question.caller = last_caller();
  invariants_.ask(std::move(question));
  both(
      fmt::format("#{} complete {} of {}{} until {} request '{}'", last_caller(), token, queue, text, in_us(give_up, now_),
                  request_id),
      [&](engine::Effects& out) {
        engine_->complete(now_, std::move(command), caller, out);
        return "";
      },
      [&] {
        reference_.complete(last_caller(), queue, token, handed_on, give_up, request_id);
        return "";
      });
}

void World::fail(const std::string& queue, std::uint64_t token, bool do_not_retry, std::optional<Duration> retry_delay,
                 const std::string& request_id) {
  engine::FailCommand command{.queue = queue,
                              .lease = model::LeaseId{token},
                              .do_not_retry = do_not_retry,
                              .retry_delay = retry_delay,
                              .request_id = request_id};
  command.failure.reason = "TEST";
  command.failure.exit_code = exit_code_of(token);
  command.failure.message = std::string(token % 8, 'm');
  command.failure.stderr_tail = std::string(token % 3, 'e');
  both(
      fmt::format("fail {} of {}{} delay {}us request '{}'", token, queue, do_not_retry ? " for good" : "",
                  retry_delay ? retry_delay->count() : -1, request_id),
      [&](engine::Effects& out) { return word(engine_->fail(now_, std::move(command), out)); },
      [&] { return reference_.fail(queue, token, do_not_retry, retry_delay, "TEST", request_id); });
}

void World::extend(const std::string& queue, std::uint64_t token, std::optional<Duration> duration) {
  both(
      fmt::format("extend {} of {} by {}us", token, queue, duration ? duration->count() : 0),
      [&](engine::Effects& out) { return word(engine_->extend(now_, queue, model::LeaseId{token}, duration, out).status()); },
      [&] { return reference_.extend(queue, token, duration); });
}

void World::release(const std::string& queue, std::uint64_t token) {
  invariants_.release(queue);
  both(
      fmt::format("release {} of {}", token, queue),
      [&](engine::Effects& out) { return word(engine_->release(now_, queue, model::LeaseId{token}, out)); },
      [&] { return reference_.release(queue, token); });
}

namespace {

std::vector<model::LeaseId> leases_of(const std::vector<std::uint64_t>& tokens) {
  std::vector<model::LeaseId> leases;
  for (const std::uint64_t token : tokens) leases.push_back(model::LeaseId{token});
  return leases;
}

}  // namespace

void World::finish(const std::string& queue, const std::vector<std::uint64_t>& tokens) {
  both(
      fmt::format("finish {} of {}", fmt::join(tokens, ", "), queue),
      [&](engine::Effects& out) { return word(engine_->finish(now_, queue, leases_of(tokens), out)); },
      [&] { return reference_.finish_many(queue, tokens); });
}

void World::lose(const std::string& queue, const std::vector<std::uint64_t>& tokens) {
  both(
      fmt::format("lose {} of {}", fmt::join(tokens, ", "), queue),
      [&](engine::Effects& out) { return word(engine_->lose(now_, queue, leases_of(tokens), out)); },
      [&] { return reference_.lose(queue, tokens); });
}

void World::join(const std::string& queue, std::optional<std::uint64_t> since) {
  engine::Caller& caller = new_caller();
  const engine::JoinCommand command{
      .name = queue, .progress_interval = limits::kMinProgressInterval, .since_idle_count = since};
  invariants_.ask({.caller = last_caller(), .kind = Invariants::Kind::kJoin, .queue = queue, .since = since});
  both(
      fmt::format("#{} join {} since {}", last_caller(), queue, since ? static_cast<std::int64_t>(*since) : -1),
      [&](engine::Effects& out) {
        engine_->join_queue(now_, command, caller, out);
        return "";
      },
      [&] {
        reference_.join(last_caller(), queue, since);
        return "";
      });
}

void World::withdraw(int caller) {
  both(
      fmt::format("withdraw #{}", caller),
      [&](engine::Effects& out) {
        const bool taken_back = engine_->withdraw(now_, callers_[static_cast<std::size_t>(caller) - 1], out);
        if (taken_back) invariants_.withdrawn(caller);
        return taken_back ? "taken back" : "nothing";
      },
      [&] { return reference_.withdraw(caller) ? "taken back" : "nothing"; });
}

}  // namespace sluice::sim
