// Items that somebody ends from outside, and dead letters that go back.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "server/engine/engine.h"
#include "server/engine/life.h"
#include "server/engine/special.h"
#include "server/engine/state.h"
#include "server/engine/transfer.h"

namespace sluice::engine {
namespace {

using base::Reason;
using model::ItemState;

CancelOutcome cancel_one(Step& step, Queue& queue, model::ItemId id) {
  Item* item = queue.find(id);
  if (item == nullptr) {
    return model::number(id) < step.tables.sequence.next_item && id != model::ItemId{} ? CancelOutcome::kGone
                                                                                       : CancelOutcome::kUnknown;
  }
  const bool held = item->state == ItemState::kLeased;
  if (held && item->completion != nullptr) {
    refuse_completion(step, *item, base::error(Reason::kLeaseLost, "the item was cancelled while its completion waited"));
  } else if (held && item->holder && item->holder->watch != nullptr) {
    step.out.revoked.emplace_back(item->holder->watch, item->lease);
  }
  cancel(step, *item);
  return held ? CancelOutcome::kRevoked : CancelOutcome::kCancelled;
}

// Dead letters of before there were options tell it by their failure.
std::string_view origin_of(const Item& item) {
  if (item.options && !item.options->dead_from.empty()) return item.options->dead_from;
  if (item.last_failure && item.last_failure->queue != item.queue->name) return item.last_failure->queue;
  return {};
}

void redrive_one(Step& step, const RedriveCommand& command, Item& item, RedriveResult& result) {
  Queue* to = step.tables.find_queue(command.to ? std::string_view(*command.to) : origin_of(item));
  if (to == nullptr) {
    ++result.homeless;
  } else if (to->closed()) {
    ++result.closed;
  } else if (!to->has_room_for(1) || !to->puts.empty()) {
    ++result.full;
  } else if (to->keys && item.options && to->keys->unique.contains(item.options->unique_key)) {
    ++result.duplicate;
  } else {
    redrive(step, item, *to);
    ++result.redriven;
  }
}

bool is_meant(const RedriveCommand& command, const Item& item) {
  return !command.reason || (item.last_failure && item.last_failure->reason == *command.reason);
}

void redrive_these(Step& step, const RedriveCommand& command, Queue& queue, RedriveResult& result) {
  for (const model::ItemId id : command.items) {
    Item* item = queue.find(id);
    if (item == nullptr || item->state != ItemState::kWaiting || !is_meant(command, *item)) {
      ++result.missing;
    } else {
      redrive_one(step, command, *item, result);
    }
  }
}

void redrive_all(Step& step, const RedriveCommand& command, Queue& queue, RedriveResult& result) {
  const auto sooner = [&queue](const RedriveCursor& cursor, const Item& item) {
    const bool by_priority = queue.settings.order == model::QueueOrder::kPriority && cursor.priority != item.priority;
    return by_priority ? cursor.priority < item.priority : cursor.rank < item.rank;
  };
  std::optional<RedriveCursor> last = command.after;
  // Found anew each time: one that goes may let the next of its key in between.
  const auto next = [&] { return last ? queue.ready.upper_bound(*last, sooner) : queue.ready.begin(); };
  for (std::size_t seen = 0; seen < command.limit; ++seen) {
    const auto item = next();
    if (item == queue.ready.end()) return;
    last = {item->priority, item->rank};
    if (is_meant(command, *item)) redrive_one(step, command, *item, result);
  }
  if (next() != queue.ready.end()) result.next = last;
}

}  // namespace

absl::StatusOr<std::vector<CancelOutcome>> Engine::cancel(base::Time now, std::string_view queue,
                                                          std::span<const model::ItemId> items, Effects& out) {
  using Outcomes = std::vector<CancelOutcome>;
  return state_->with_queue(now, queue, out, [&](Step& step, Queue& found) -> absl::StatusOr<Outcomes> {
    Outcomes outcomes;
    outcomes.reserve(items.size());
    for (const model::ItemId id : items) outcomes.push_back(cancel_one(step, found, id));
    return outcomes;
  });
}

absl::StatusOr<RedriveResult> Engine::redrive(base::Time now, const RedriveCommand& command, Effects& out) {
  return state_->with_queue(now, command.queue, out, [&](Step& step, Queue& found) -> absl::StatusOr<RedriveResult> {
    if (command.to) {
      if (*command.to == command.queue) {
        return base::error(Reason::kInvalidValue, fmt::format("queue \"{}\" cannot redrive to itself", command.queue));
      }
      auto to = step.tables.queue(*command.to);
      if (!to.ok()) return to.status();
      step.involve(**to);
    }
    RedriveResult result;
    if (command.items.empty()) {
      redrive_all(step, command, found, result);
    } else {
      redrive_these(step, command, found, result);
    }
    return result;
  });
}

}  // namespace sluice::engine
