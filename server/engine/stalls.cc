// Why something does not move although there is work.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "server/base/counted.h"
#include "server/engine/limit.h"
#include "server/engine/look.h"
#include "server/engine/tables.h"
#include "server/engine/waiters.h"

namespace sluice::engine {
namespace {

using model::StageState;

std::string waiting_items(const Queue& queue) { return base::counted(queue.ready.size(), "waiting item"); }
std::string fill_of(const Queue& queue) { return fmt::format("{} of {}", queue.depth(), queue.settings.capacity); }

// Every item that a consumer of `queue` holds is done and waits for room; where they wait. Empty if one is still at work.
std::set<const Queue*> all_wait_at(const Queue& queue) {
  std::set<const Queue*> places;
  for (const Item& item : queue.leased) {
    if (item.completion == nullptr) return {};
    for (const auto& part : item.completion->parts) {
      if (!part.at->has_room_for(part.items.size())) places.insert(part.at);
    }
  }
  return places;
}

// Whether the holders of the items of `queue` wait, directly or through other queues, for room in `queue` itself.
bool waits_for_itself(const Queue& queue) {
  std::set<const Queue*> seen;
  std::vector<const Queue*> next{&queue};
  while (!next.empty()) {
    const Queue* current = next.back();
    next.pop_back();
    for (const Queue* place : all_wait_at(*current)) {
      if (place == &queue) return true;
      if (seen.insert(place).second) next.push_back(place);
    }
  }
  return false;
}

bool any_reader(const Queue& queue, StageState state) {
  return std::ranges::any_of(queue.readers, [&](const Stage* stage) { return stage->state == state; });
}

// Why the stages that read the queue have to wait for each other; nothing if one of them need not.
std::optional<Stall> at_the_gate(base::Time now, const Queue& queue) {
  const auto running = [](const Stage* stage) { return stage->state == StageState::kRunning; };
  const auto waits = [](const Stage* stage) { return !stage->started || stage->in_line; };
  const auto first = std::ranges::find_if(queue.readers, [&](const Stage* stage) { return running(stage) && waits(stage); });
  if (first == queue.readers.end()) return std::nullopt;
  if (std::ranges::any_of(queue.readers, [&](const Stage* stage) { return running(stage) && !waits(stage); }))
    return std::nullopt;
  const Stage& stage = **first;
  if (!stage.started) {
    return Stall{StallReason::kWaitsForWorkers, queue.name,
                 fmt::format("stage \"{}\" waits for its workers: {} of {} are ready, and queue \"{}\" has {}", stage.spec.name,
                             stage.held_gets.size(), stage.spec.start_workers, queue.name, waiting_items(queue))};
  }
  return Stall{StallReason::kLimitExhausted, queue.name,
               fmt::format("stage \"{}\" waits for {}, and queue \"{}\" has {}", stage.spec.name, why_waits(stage, now),
                           queue.name, waiting_items(queue))};
}

// Items could be handed out, but nobody takes any. Dead letters lie until somebody looks at them: nobody is missing there.
std::optional<Stall> without_consumer(const Tables& tables, base::Time now, const Queue& queue) {
  if (queue.ready.empty() || !queue.untouched_by_consumers()) return std::nullopt;
  if (auto stall = at_the_gate(now, queue)) return stall;
  const auto stall = [&](StallReason reason, std::string message) { return Stall{reason, queue.name, std::move(message)}; };
  const bool holds_back = !queue.puts.empty();
  if (queue.readers.empty() && holds_back) {
    return stall(StallReason::kOutputFullWithoutConsumer,
                 fmt::format("queue \"{}\" is full ({}) and has no consumer", queue.name, fill_of(queue)));
  }
  if (queue.readers.empty() && tables.dead_letter_queues.contains(queue.name)) return std::nullopt;
  if (queue.readers.empty()) {
    return stall(StallReason::kNoConsumer,
                 fmt::format("queue \"{}\" has {} and no consumer", queue.name, waiting_items(queue)));
  }
  const auto working = [](const Stage* stage) {
    return stage->workers > 0 || stage->wanted_workers() > 0 ||
           (stage->state == StageState::kRunning && stage->remote.workers > 0);
  };
  if (std::ranges::any_of(queue.readers, working)) return std::nullopt;
  if (any_reader(queue, StageState::kPaused)) {
    const auto paused = std::ranges::find(queue.readers, StageState::kPaused, &Stage::state);
    return stall(StallReason::kStagePaused, fmt::format("stage \"{}\" is paused, and queue \"{}\" has {}", (*paused)->spec.name,
                                                        queue.name, waiting_items(queue)));
  }
  if (const auto remote = std::ranges::find_if(queue.readers, [](const Stage* stage) { return stage->spec.remote(); });
      remote != queue.readers.end()) {
    return stall(StallReason::kNoWorker, fmt::format("stage \"{}\" has no worker attached, and queue \"{}\" has {}",
                                                     (*remote)->spec.name, queue.name, waiting_items(queue)));
  }
  return stall(StallReason::kStageWithoutWorkers,
               fmt::format("stage \"{}\" has no workers, and queue \"{}\" has {}", queue.readers.front()->spec.name, queue.name,
                           waiting_items(queue)));
}

// A client may have put anything into it.
std::string key_in_quotes(std::string key) {
  std::ranges::replace_if(
      key, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '.');
  return fmt::format("\"{}\"", key);
}

double seconds_of(base::Duration time) { return std::max(std::chrono::duration<double>(time).count(), 0.0); }

// Since when the item keeps back those behind it: one that is leased since it was handed out, one that waits for its retry for
// ever.
base::Time keeps_back_since(const Item& front) { return front.holder ? front.holder->since : base::Time{}; }

// Of the items that keep back the waiting ones, or the first of these, the one that has done so for longest.
const Item& longest_front(const Queue& queue) {
  const Item* longest = nullptr;
  std::size_t looked_at = 0;
  for (const Item& held : queue.held) {
    if (++looked_at > limits::kMaxHeldLookedAt) break;
    const Item* front = held.special->line->front;
    if (longest == nullptr || keeps_back_since(*front) < keeps_back_since(*longest)) longest = front;
  }
  return *longest;
}

bool all_behind_keys(const Queue& queue) { return !queue.held.empty() && queue.ready.empty() && !queue.paused; }

// Everything that waits is behind another of its ordering key: nobody works on any of these, or somebody does for long while
// others have nothing to do.
std::optional<Stall> behind_keys(base::Time now, const Queue& queue) {
  if (!all_behind_keys(queue)) return std::nullopt;
  const Item& front = longest_front(queue);
  std::string why;
  if (front.state == model::ItemState::kLeased) {
    const base::Duration time = now - keeps_back_since(front);
    if (queue.gets.empty() || time < limits::kOrderKeyPatience) return std::nullopt;
    why = fmt::format("has been worked on for {:.1f} s", seconds_of(time));
  } else {
    if (!queue.leased.empty()) return std::nullopt;
    why = fmt::format("waits to be tried again, in {:.1f} s", seconds_of(front.due - now));
  }
  return Stall{StallReason::kOrderKeyHeld, queue.name,
               fmt::format("queue \"{}\" has {}, behind others of their order keys: item {} of key {} {}", queue.name,
                           base::counted(queue.held.size(), "waiting item"), model::number(front.id),
                           key_in_quotes(front.options->order_key), why)};
}

std::string all_delayed(base::Time now, const Queue& queue) {
  const double wait = seconds_of(queue.delayed.begin()->due - now);
  if (queue.delayed.size() == 1) {
    return fmt::format("the only item of queue \"{}\" is delayed or waits to be tried again, in {:.1f} s", queue.name, wait);
  }
  return fmt::format("all {} items of queue \"{}\" are delayed or wait to be tried again, the next in {:.1f} s",
                     queue.delayed.size(), queue.name, wait);
}

}  // namespace

std::string_view name(StallReason reason) {
  switch (reason) {
    case StallReason::kOutputFullWithoutConsumer:
      return "OUTPUT_FULL_WITHOUT_CONSUMER";
    case StallReason::kNoConsumer:
      return "NO_CONSUMER";
    case StallReason::kNoWorker:
      return "NO_WORKER";
    case StallReason::kQueuePaused:
      return "QUEUE_PAUSED";
    case StallReason::kStagePaused:
      return "STAGE_PAUSED";
    case StallReason::kStageWithoutWorkers:
      return "STAGE_WITHOUT_WORKERS";
    case StallReason::kCycleFull:
      return "CYCLE_FULL";
    case StallReason::kAllDelayed:
      return "ALL_DELAYED";
    case StallReason::kWaitsForWorkers:
      return "WAITS_FOR_WORKERS";
    case StallReason::kLimitExhausted:
      return "LIMIT_EXHAUSTED";
    case StallReason::kOrderKeyHeld:
      return "ORDER_KEY_HELD";
  }
  return "UNKNOWN";
}

std::vector<Stall> stalls_of(const Tables& tables, base::Time now, const Queue& queue) {
  std::vector<Stall> stalls;
  if (queue.paused && !queue.ready.empty()) {
    stalls.push_back({StallReason::kQueuePaused, queue.name,
                      fmt::format("queue \"{}\" is paused with {}", queue.name, waiting_items(queue))});
  } else if (auto stall = without_consumer(tables, now, queue)) {
    stalls.push_back(std::move(*stall));
  }
  if (!queue.puts.empty() && waits_for_itself(queue)) {
    stalls.push_back({StallReason::kCycleFull, queue.name,
                      fmt::format("queue \"{}\" is full ({}), and all who could take from it wait to put into it", queue.name,
                                  fill_of(queue))});
  }
  if (auto stall = behind_keys(now, queue)) {
    stalls.push_back(std::move(*stall));
  } else if (queue.waiting() == 0 && queue.leased.empty() && !queue.delayed.empty()) {
    stalls.push_back({StallReason::kAllDelayed, queue.name, all_delayed(now, queue)});
  }
  return stalls;
}

std::vector<Stall> stalls_of(const Tables& tables, base::Time now, const Pipeline& pipeline) {
  std::vector<Stall> stalls;
  for (const Queue* queue : pipeline.queues()) {
    for (Stall& stall : stalls_of(tables, now, *queue)) {
      const bool harmless = queue->readers.empty() && queue->puts.empty();
      if (!harmless) stalls.push_back(std::move(stall));
    }
  }
  return stalls;
}

base::Time stalls_by_time(const Queue& queue) {
  if (!all_behind_keys(queue) || queue.gets.empty()) return base::kNever;
  const Item& front = longest_front(queue);
  if (front.state != model::ItemState::kLeased) return base::kNever;
  return base::add_saturating(keeps_back_since(front), limits::kOrderKeyPatience);
}

base::Time stalls_by_time(const Pipeline& pipeline) {
  base::Time first = base::kNever;
  for (const Queue* queue : pipeline.queues()) first = std::min(first, stalls_by_time(*queue));
  return first;
}

}  // namespace sluice::engine
