// Commands on items, and time.
#include "server/engine/engine.h"

#include <fmt/format.h>

#include "server/engine/awaits.h"
#include "server/engine/delivery.h"
#include "server/engine/joins.h"
#include "server/engine/life.h"
#include "server/engine/look.h"
#include "server/engine/progress.h"
#include "server/engine/state.h"
#include "server/engine/transfer.h"

namespace sluice::engine {

using base::Reason;
using base::Time;

absl::Status Engine::State::no_stage(std::string_view pipeline, std::string_view stage) {
  return base::error(Reason::kStageNotFound, fmt::format("pipeline \"{}\" has no stage \"{}\"", pipeline, stage));
}

absl::Status Engine::State::lease_lost(std::string_view queue, model::LeaseId lease) {
  return base::error(
      Reason::kLeaseLost,
      fmt::format("token {} gives no right to an item of queue \"{}\" (any more): its lease ran out, or the item "
                  "was ended already",
                  model::number(lease), queue));
}

Engine::Engine(const EngineOptions& options) : state_(std::make_unique<State>(options)) {}
Engine::~Engine() = default;

void Engine::put(Time now, PutCommand command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    if (command.submission && !command.submission->pipeline.empty()) {
      const auto pipeline = step.tables.pipeline(command.submission->pipeline);
      if (!pipeline.ok()) return step.answer(&caller, PutAnswer{pipeline.status(), {}, 0});
      command.queue = (*pipeline)->entries().front()->name;
    }
    Transfer transfer;
    transfer.parts.push_back({.queue = std::move(command.queue), .items = std::move(command.items)});
    transfer.request_id = std::move(command.request_id);
    transfer.one_by_one = command.one_by_one;
    transfer.producer = std::move(command.producer);
    transfer.position = command.position;
    transfer.submission = std::move(command.submission);
    transfer.askers.push_back({&caller, command.give_up});
    begin_transfer(step, std::move(transfer));
  });
}

namespace {

// Null for whoever is none.
absl::StatusOr<std::shared_ptr<RemoteWorker>> worker_of(const Step& step, const GetCommand& command) {
  if (command.worker == model::WorkerId{}) return nullptr;
  const auto found = step.tables.workers.find(command.worker);
  if (found != step.tables.workers.end() && found->second->stage != nullptr) return found->second;
  return base::error(Reason::kPipelineNotFound, "the pipeline of the worker's stage was deleted");
}

}  // namespace

void Engine::get(Time now, GetCommand command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    auto queue = step.tables.queue(command.queue);
    if (!queue.ok()) return step.answer(&caller, GetAnswer{queue.status(), {}, false});
    step.involve(**queue);
    auto worker = worker_of(step, command);
    if (!worker.ok()) return step.answer(&caller, GetAnswer{worker.status(), {}, false});
    begin_get(step, **queue, std::move(command), *std::move(worker), caller);
  });
}

namespace {

// Outputs grouped by queue, in the order of their first mention.
std::vector<Transfer::Part> parts_of(std::vector<OutputItem>&& outputs) {
  std::vector<Transfer::Part> parts;
  for (auto& output : outputs) {
    auto part = std::ranges::find(parts, output.queue, &Transfer::Part::queue);
    if (part == parts.end()) part = parts.insert(parts.end(), {.queue = std::move(output.queue)});
    part->items.push_back(std::move(output.item));
  }
  return parts;
}

bool remembers(const Step& step, const Queue& queue, const std::string& request_id, model::LeaseId lease) {
  return !request_id.empty() && queue.requests.find(step.now, RequestLog::key(request_id, lease)) != nullptr;
}

}  // namespace

void Engine::complete(Time now, CompleteCommand command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    const auto queue = step.tables.queue(command.queue);
    if (!queue.ok()) return step.answer(&caller, CompleteAnswer{queue.status()});
    step.involve(**queue);
    Item* item = step.tables.find_leased(command.queue, command.lease);
    if (item == nullptr) {
      const bool repeated = remembers(step, **queue, command.request_id, command.lease);
      return step.answer(&caller,
                         CompleteAnswer{repeated ? absl::OkStatus() : State::lease_lost(command.queue, command.lease)});
    }
    Transfer transfer;
    transfer.parts = parts_of(std::move(command.outputs));
    transfer.completes = item;
    transfer.results = std::move(command.results);
    transfer.lease = command.lease;
    transfer.request_id = std::move(command.request_id);
    transfer.askers.push_back({&caller, command.give_up});
    begin_transfer(step, std::move(transfer));
  });
}

absl::Status Engine::fail(Time now, FailCommand command, Effects& out) {
  return state_->with_queue(now, command.queue, out, [&](Step& step, Queue& queue) -> absl::Status {
    Item* item = step.tables.find_leased(command.queue, command.lease);
    if (item == nullptr || item->completion != nullptr) {
      if (remembers(step, queue, command.request_id, command.lease)) return absl::OkStatus();
      return State::lease_lost(command.queue, command.lease);
    }
    if (!command.request_id.empty()) {
      remember(step, queue, command.request_id, command.lease, {}, 0);
    }
    fail_attempt(step, *item, std::move(command.failure), command.do_not_retry, command.retry_delay);
    return absl::OkStatus();
  });
}

absl::StatusOr<Time> Engine::extend(Time now, std::string_view queue, model::LeaseId lease,
                                    std::optional<base::Duration> duration, Effects& out) {
  return state_->with_lease(now, queue, lease, out, [&](Step& step, Item& item) -> absl::StatusOr<Time> {
    const base::Duration left = duration.value_or(item.queue->settings.lease_duration);
    const Time expires = base::add_saturating(now, left);
    if (item.completion != nullptr) {
      item.lease_left = left;
    } else {
      step.tables.timers.set(item, expires);
    }
    return expires;
  });
}

absl::Status Engine::release(Time now, std::string_view queue, model::LeaseId lease, Effects& out) {
  return state_->with_lease(now, queue, lease, out, [&](Step& step, Item& item) -> absl::Status {
    if (item.completion != nullptr) return State::lease_lost(queue, lease);
    engine::release(step, item);
    return absl::OkStatus();
  });
}

absl::Status Engine::report(Time now, std::string_view queue, model::LeaseId lease, model::Progress progress, Effects& out) {
  return state_->with_lease(now, queue, lease, out, [&](Step& step, Item& item) -> absl::Status {
    engine::report(step, item, std::move(progress));
    return absl::OkStatus();
  });
}

void Engine::join_queue(Time now, const JoinCommand& command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    auto queue = step.tables.queue(command.name);
    if (!queue.ok()) return step.answer(&caller, JoinAnswer{queue.status(), false, 0, {}});
    step.involve(**queue);
    begin_join(step, **queue, command, caller);
  });
}

void Engine::join_pipeline(Time now, const JoinCommand& command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    auto pipeline = step.tables.pipeline(command.name);
    if (!pipeline.ok()) return step.answer(&caller, JoinAnswer{pipeline.status(), false, 0, {}});
    begin_join(step, **pipeline, command, caller);
  });
}

bool Engine::withdraw(Time now, Caller& caller, Effects& out) {
  return state_->command(now, out, [&](Step& step) {
    const auto found = step.tables.waiting.find(&caller);
    if (found == step.tables.waiting.end()) return false;
    const Waiting waiting = found->second;
    if (auto* const* transfer = std::get_if<Transfer*>(&waiting)) {
      engine::withdraw(step, **transfer, caller);
    } else if (auto* const* get = std::get_if<GetWaiter*>(&waiting)) {
      engine::withdraw(step, **get);
    } else if (auto* const* awaiter = std::get_if<Awaiter*>(&waiting)) {
      engine::withdraw(step, **awaiter);
    } else {
      engine::withdraw(step, *std::get<JoinWaiter*>(waiting));
    }
    return true;
  });
}

void Engine::set_store_full(bool full) { state_->tables.store_full = full; }

void Engine::refuse_all(Time now, const absl::Status& status, Effects& out) {
  state_->command(now, out, [&](Step& step) {
    refuse_awaiters(step, status);
    for (auto& [name, queue] : step.tables.queues) {
      refuse_askers(step, *queue, status);
      refuse_gets(step, queue->gets, status);
      refuse_joins(step, queue->joins, status);
    }
    for (auto& [name, pipeline] : step.tables.pipelines) {
      refuse_joins(step, pipeline->joins, status);
      for (const auto& stage : pipeline->stages) refuse_gets(step, stage->held_gets, status);
    }
  });
}

Time Engine::run_due(Time now, Effects& out) {
  Step step{state_->tables, now, out};
  fall_due(step);
  return next_due();
}

Time Engine::next_due() const { return state_->tables.timers.next(); }

std::uint64_t Engine::bytes() const { return state_->tables.bytes; }

std::uint64_t Engine::resident_bytes() const { return state_->tables.resident_bytes; }

bool Engine::is_leased(model::LeaseId lease) const { return state_->tables.leases.contains(model::number(lease)); }

absl::StatusOr<std::vector<PeekedItem>> Engine::peek(std::string_view queue, std::optional<model::ItemState> state,
                                                     std::size_t offset, std::size_t limit) const {
  auto found = state_->tables.queue(queue);
  if (!found.ok()) return found.status();
  std::vector<PeekedItem> items;
  const auto show = [&](const auto& set, model::ItemState of) {
    if (state && *state != of) return;
    if (offset >= set.size()) {
      offset -= set.size();
      return;
    }
    auto next = set.begin();
    std::advance(next, offset);
    offset = 0;
    for (; next != set.end() && items.size() < limit; ++next) items.push_back(peeked(*next));
  };
  show((*found)->ready, model::ItemState::kWaiting);
  show((*found)->held, model::ItemState::kWaiting);
  show((*found)->delayed, model::ItemState::kDelayed);
  show((*found)->leased, model::ItemState::kLeased);
  return items;
}

}  // namespace sluice::engine
