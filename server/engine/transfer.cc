#include "server/engine/transfer.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/engine/life.h"

namespace sluice::engine {
namespace {

using base::Reason;

Answer refusal(const Transfer& transfer, const absl::Status& status) {
  if (transfer.completes != nullptr) return CompleteAnswer{status};
  return PutAnswer{status, {}, 0};
}

void answer_all(Step& step, const Transfer& transfer, const Answer& answer) {
  for (Caller* caller : transfer.callers) {
    step.tables.waiting.erase(caller);
    step.answer(caller, answer);
  }
}

std::uint64_t bytes_of(const Transfer& transfer) {
  std::uint64_t sum = 0;
  for (const auto& part : transfer.parts) {
    for (const auto& item : part.items) sum += item.body->bytes();
  }
  return sum;
}

// A hand-off may always replace its input by as much.
absl::Status check_bytes(const Step& step, const Transfer& transfer) {
  const std::uint64_t freed = transfer.completes != nullptr ? transfer.completes->body->bytes() : 0;
  const std::uint64_t added = bytes_of(transfer);
  if (added <= freed || step.tables.bytes - freed + added <= step.tables.options.max_bytes) return absl::OkStatus();
  return base::error(Reason::kLimitReached,
                     fmt::format("the server's unfinished items would hold more than {} bytes; try again when some are done",
                                 step.tables.options.max_bytes));
}

// Where a transfer stands: it can never happen (an error), or it has to wait at a queue, or (OK and null) it can happen now.
struct Verdict {
  absl::Status status;
  Queue* wait_at = nullptr;
};

// `head_of`: the queue whose first waiter this transfer is; null for a newcomer, who waits behind everybody.
Verdict judge(const Step& step, const Transfer& transfer, const Queue* head_of) {
  Verdict verdict;
  for (const auto& part : transfer.parts) {
    auto queue = step.tables.queue(part.queue);
    if (!queue.ok()) return {queue.status()};
    const std::uint32_t capacity = (*queue)->settings.capacity;
    if ((*queue)->closed()) {
      return {base::error(Reason::kQueueClosed, fmt::format("queue \"{}\" is closed and takes no more items", part.queue))};
    }
    if (capacity != 0 && part.items.size() > capacity) {
      return {base::error(Reason::kBatchTooLarge,
                          fmt::format("{} items at once can never fit into queue \"{}\" with its capacity of {}; put fewer",
                                      part.items.size(), part.queue, capacity))};
    }
    const bool others_first = *queue != head_of && !(*queue)->puts.empty();
    if (verdict.wait_at == nullptr && (others_first || !(*queue)->has_room_for(part.items.size()))) verdict.wait_at = *queue;
  }
  if (verdict.wait_at == nullptr) verdict.status = check_bytes(step, transfer);
  return verdict;
}

// The queue that remembers the request: the one that it was made of.
Queue* remembering(const Step& step, const Transfer& transfer) {
  if (transfer.completes != nullptr) return transfer.completes->queue;
  return step.tables.find_queue(transfer.parts.front().queue);
}

void carry_out(Step& step, Transfer& transfer) {
  Queue* memory = transfer.request_id.empty() ? nullptr : remembering(step, transfer);
  if (transfer.completes != nullptr) finish(step, *transfer.completes);

  std::uint64_t total = 0;
  for (const auto& part : transfer.parts) total += part.items.size();
  const model::ItemId first = total > 0 ? step.new_item_ids(total) : model::ItemId{};
  std::uint64_t id = model::number(first);
  for (auto& part : transfer.parts) {
    Queue& queue = *step.tables.find_queue(part.queue);
    for (auto& item : part.items) admit(step, queue, std::move(item), model::ItemId{id++});
  }
  const auto count = static_cast<std::uint32_t>(total);
  if (memory != nullptr) {
    memory->requests.remember(step.now, memory->id, RequestLog::key(transfer.request_id, transfer.lease), first, count,
                              step.out.records);
  }
  if (transfer.completes != nullptr) {
    answer_all(step, transfer, CompleteAnswer{});
  } else {
    answer_all(step, transfer, PutAnswer{absl::OkStatus(), first, count});
  }
}

// The lease of what is being completed stands still while the completion waits.
void hold_lease(Step& step, Transfer& transfer) {
  if (transfer.completes == nullptr || transfer.completes->completion != nullptr) return;
  Item& item = *transfer.completes;
  item.lease_left = item.due == base::kNever ? base::Duration::max() : item.due - step.now;
  step.tables.timers.cancel(item);
  step.touch(*item.queue);
}

void resume_lease(Step& step, Transfer& transfer) {
  if (transfer.completes == nullptr) return;
  Item& item = *transfer.completes;
  item.completion = nullptr;
  step.tables.timers.set(item, base::add_saturating(step.now, item.lease_left));
  step.touch(*item.queue);
}

// Takes a waiting transfer out of its list.
Transfer unwait(Step& step, Transfer& waiting) {
  step.tables.timers.cancel(waiting);
  Queue& queue = *waiting.at;
  if (!waiting.request_id.empty()) {
    if (Queue* memory = remembering(step, waiting)) {
      memory->requests.remove_waiting(RequestLog::key(waiting.request_id, waiting.lease));
    }
  }
  const auto place = waiting.self;
  Transfer transfer = std::move(*place);
  queue.puts.erase(place);
  step.touch(queue);
  return transfer;
}

void wait_at(Step& step, Queue& queue, Transfer transfer) {
  hold_lease(step, transfer);
  queue.puts.push_back(std::move(transfer));
  Transfer& waiting = queue.puts.back();
  waiting.at = &queue;
  waiting.self = std::prev(queue.puts.end());
  if (waiting.completes != nullptr) waiting.completes->completion = &waiting;
  for (Caller* caller : waiting.callers) step.tables.waiting.insert_or_assign(caller, &waiting);
  if (!waiting.request_id.empty()) {
    remembering(step, waiting)->requests.add_waiting(RequestLog::key(waiting.request_id, waiting.lease), waiting);
  }
  step.tables.timers.set(waiting, waiting.give_up);
  step.touch(queue);
}

void refuse(Step& step, Transfer& waiting, const absl::Status& status) {
  Transfer transfer = unwait(step, waiting);
  resume_lease(step, transfer);
  answer_all(step, transfer, refusal(transfer, status));
}

absl::Status full(Step& step, Queue& queue) {
  ++step.count(queue).rejected;
  return base::error(Reason::kQueueFull, fmt::format("queue \"{}\" is full ({} of {}) and stayed so for as long as the put may "
                                                     "wait; nothing was put",
                                                     queue.name, queue.depth(), queue.settings.capacity));
}

// A repeated request: answered from memory, or together with the one that waits. True if that was the case.
bool repeats(Step& step, Transfer& transfer, Queue& memory) {
  const std::string key = RequestLog::key(transfer.request_id, transfer.lease);
  if (const RememberedRequest* earlier = memory.requests.find(step.now, key)) {
    const Answer answer = transfer.lease == model::LeaseId{}
                              ? Answer{PutAnswer{absl::OkStatus(), earlier->first, earlier->count}}
                              : Answer{CompleteAnswer{}};
    answer_all(step, transfer, answer);
    return true;
  }
  Transfer* waiting = memory.requests.find_waiting(key);
  if (waiting == nullptr) return false;
  if (transfer.give_up <= step.now) {
    answer_all(step, transfer, refusal(*waiting, full(step, *waiting->at)));
    return true;
  }
  for (Caller* caller : transfer.callers) {
    waiting->callers.push_back(caller);
    step.tables.waiting.insert_or_assign(caller, waiting);
  }
  waiting->give_up = std::max(waiting->give_up, transfer.give_up);
  step.tables.timers.set(*waiting, waiting->give_up);
  return true;
}

}  // namespace

void begin_transfer(Step& step, Transfer transfer) {
  if (!transfer.request_id.empty()) {
    Queue* memory = remembering(step, transfer);
    if (memory != nullptr && repeats(step, transfer, *memory)) return;
  }
  if (transfer.completes != nullptr && transfer.completes->completion != nullptr) {
    return answer_all(step, transfer,
                      CompleteAnswer{base::error(Reason::kLeaseLost, "another completion of this item is waiting already")});
  }
  Verdict verdict = judge(step, transfer, nullptr);
  if (verdict.status.ok() && verdict.wait_at == nullptr) return carry_out(step, transfer);
  if (verdict.status.ok() && transfer.give_up <= step.now) verdict.status = full(step, *verdict.wait_at);
  if (verdict.status.ok() && !step.tables.may_wait()) {
    verdict.status = base::error(Reason::kLimitReached, fmt::format("{} calls wait already, the most that the server allows",
                                                                    step.tables.options.max_waiters));
  }
  if (!verdict.status.ok()) return answer_all(step, transfer, refusal(transfer, verdict.status));
  wait_at(step, *verdict.wait_at, std::move(transfer));
}

bool admit_waiting(Step& step, Queue& queue) {
  bool any = false;
  while (!queue.puts.empty()) {
    Transfer& head = queue.puts.front();
    const Verdict verdict = judge(step, head, &queue);
    if (!verdict.status.ok()) {
      refuse(step, head, verdict.status);
    } else if (verdict.wait_at == nullptr) {
      Transfer transfer = unwait(step, head);
      carry_out(step, transfer);
    } else if (verdict.wait_at == &queue) {
      return any;
    } else {
      wait_at(step, *verdict.wait_at, unwait(step, head));
    }
    any = true;
  }
  return any;
}

void refuse_waiting(Step& step, Queue& queue, const absl::Status& status) {
  while (!queue.puts.empty()) refuse(step, queue.puts.front(), status);
}

void refuse_completion(Step& step, Item& item, const absl::Status& status) {
  if (item.completion != nullptr) refuse(step, *item.completion, status);
}

void time_out(Step& step, Transfer& transfer) { refuse(step, transfer, full(step, *transfer.at)); }

void withdraw(Step& step, Transfer& waiting, Caller& caller) {
  step.tables.waiting.erase(&caller);
  std::erase(waiting.callers, &caller);
  if (!waiting.callers.empty()) return;
  Transfer transfer = unwait(step, waiting);
  resume_lease(step, transfer);
}

}  // namespace sluice::engine
