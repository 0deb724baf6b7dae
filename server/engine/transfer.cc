#include "server/engine/transfer.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/engine/admission.h"
#include "server/engine/jobs.h"
#include "server/engine/life.h"
#include "server/engine/limit.h"
#include "server/engine/line.h"
#include "server/engine/schedule.h"

namespace sluice::engine {
namespace {

using base::Reason;

Answer refusal(const Transfer& transfer, const absl::Status& status) {
  if (transfer.completes != nullptr) return CompleteAnswer{status};
  return PutAnswer{status, {}, 0};
}

void answer_one(Step& step, Caller* caller, const Answer& answer) {
  step.tables.waiting.erase(caller);
  step.answer(caller, answer);
}

void answer_all(Step& step, const Transfer& transfer, const Answer& answer) {
  if (transfer.schedule != nullptr) note_answer(step, *transfer.schedule, std::get<PutAnswer>(answer));
  for (const auto& asker : transfer.askers) answer_one(step, asker.caller, answer);
}

// Whether so many items can ever be put into the queue at once.
absl::Status check_size(const Queue& queue, std::size_t items) {
  const std::uint32_t capacity = queue.settings.capacity;
  if (capacity == 0 || items <= capacity) return absl::OkStatus();
  return base::error(Reason::kBatchTooLarge,
                     fmt::format("{} items at once can never fit into queue \"{}\" with its capacity of {}; put fewer", items,
                                 queue.name, capacity));
}

// Why the transfer can never happen; OK if it can now or later. Once it waits, whatever closes, deletes or shrinks one of its
// queues says so at once, so this need not be asked again.
absl::Status check(const Step& step, const Transfer& transfer) {
  for (const auto& part : transfer.parts) {
    const auto queue = step.tables.queue(part.queue);
    if (!queue.ok()) return queue.status();
    if ((*queue)->closed()) {
      return base::error(Reason::kQueueClosed, fmt::format("queue \"{}\" is closed and takes no more items", part.queue));
    }
    if (auto status = check_size(**queue, needs(step, transfer, part)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// The queue that remembers the request: the one that it was made of.
Queue* remembering(const Step& step, const Transfer& transfer) {
  if (transfer.completes != nullptr) return transfer.completes->queue;
  return step.tables.find_queue(transfer.parts.front().queue);
}

// Under ids from `first` on; returns the one after the last. With keys, appends who is there then to `ids`. `job`: that of the
// item that is completed, or null.
model::ItemId put_part(Step& step, const Transfer& transfer, Transfer::Part& part, model::ItemId first, Job* job,
                       std::vector<model::ItemId>& ids) {
  Queue& queue = *step.tables.find_queue(part.queue);
  std::uint64_t id = model::number(first);
  if (transfer.submission) begin_jobs(step, *transfer.submission, queue, first, part.items.size());
  const bool ends = job != nullptr && takes_results(queue);
  for (auto& item : part.items) {
    if (ends) add_result(*job, item.body);
    Job* of = transfer.submission ? &job_of(step, model::ItemId{id}) : ends ? nullptr : job;
    const model::ItemId put = admit_or_find(step, queue, std::move(item), model::ItemId{id++}, of);
    if (transfer.keyed) ids.push_back(put);
  }
  return model::ItemId{id};
}

void carry_out(Step& step, Transfer& transfer) {
  Queue* memory = transfer.request_id.empty() ? nullptr : remembering(step, transfer);
  Job* job = transfer.completes != nullptr ? transfer.completes->job : nullptr;
  if (job != nullptr) hold(*job);
  for (auto& result : transfer.results) {
    if (job != nullptr) add_result(*job, std::move(result));
  }
  if (transfer.completes != nullptr) finish(step, *transfer.completes);

  std::uint64_t total = 0;
  for (const auto& part : transfer.parts) total += part.items.size();
  const model::ItemId first = total > 0 ? step.new_item_ids(total) : model::ItemId{};
  model::ItemId id = first;
  std::vector<model::ItemId> ids;
  for (auto& part : transfer.parts) id = put_part(step, transfer, part, id, job, ids);
  if (job != nullptr) let_go(step, *job);
  const auto count = static_cast<std::uint32_t>(total);
  if (memory != nullptr) remember(step, *memory, transfer.request_id, transfer.lease, first, count, ids);
  if (transfer.completes != nullptr) {
    answer_all(step, transfer, CompleteAnswer{});
  } else {
    answer_all(step, transfer, PutAnswer{absl::OkStatus(), first, count, false, std::move(ids)});
  }
}

// Of a put one by one. True if nothing is left.
bool answer_part(Step& step, Transfer& transfer, PutAnswer answer) {
  const bool whole = transfer.admitted == transfer.parts.front().items.size();
  answer.more = !whole;
  if (whole) {
    answer_all(step, transfer, answer);
  } else {
    if (transfer.schedule != nullptr) note_answer(step, *transfer.schedule, answer);
    for (const auto& asker : transfer.askers) step.answer(asker.caller, answer);
  }
  return whole;
}

// Admits what fits of a put one by one; at least one item does. True if nothing is left.
bool carry_out_in_part(Step& step, Transfer& transfer) {
  Queue& queue = *step.tables.find_queue(transfer.parts.front().queue);
  return answer_part(step, transfer, admit_what_fits(step, transfer, queue));
}

// Does what can be done now, of a transfer that has room and its turn. True if nothing is left.
bool proceed(Step& step, Transfer& transfer) {
  if (transfer.one_by_one) return carry_out_in_part(step, transfer);
  carry_out(step, transfer);
  return true;
}

// The lease of what is being completed stands still while the completion waits.
void hold_lease(Step& step, Transfer& waiting) {
  if (waiting.completes == nullptr) return;
  Item& item = *waiting.completes;
  item.completion = &waiting;
  if (item.counts) give_back(step, item);
  item.lease_left = item.due == base::kNever ? base::Duration::max() : item.due - step.now;
  step.tables.timers.cancel(item);
  step.touch(*item.queue);
}

void resume_lease(Step& step, const Transfer& transfer) {
  if (transfer.completes == nullptr) return;
  Item& item = *transfer.completes;
  item.completion = nullptr;
  step.tables.timers.set(item, base::add_saturating(step.now, item.lease_left));
  step.touch(*item.queue);
}

// Due when the first of those who ask gives up.
void set_timer(Step& step, Transfer& waiting) {
  base::Time due = base::kNever;
  for (const auto& asker : waiting.askers) due = std::min(due, asker.give_up);
  step.tables.timers.set(waiting, due);
}

// Takes a waiting transfer out of every line.
Transfer unwait(Step& step, Transfer& waiting) {
  step.tables.timers.cancel(waiting);
  if (!waiting.request_id.empty()) {
    remembering(step, waiting)->requests.remove_waiting(RequestLog::key(waiting.request_id, waiting.lease));
  }
  for (auto& part : waiting.parts) {
    part.at->puts.erase(part.place);
    step.touch(*part.at);
  }
  if (waiting.schedule != nullptr) waiting.schedule->transfer = nullptr;
  const auto place = waiting.self;
  Transfer transfer = std::move(*place);
  step.tables.transfers.erase(place);
  return transfer;
}

void wait(Step& step, Transfer transfer) {
  step.tables.transfers.push_back(std::move(transfer));
  Transfer& waiting = step.tables.transfers.back();
  waiting.self = std::prev(step.tables.transfers.end());
  for (auto& part : waiting.parts) {
    part.at = step.tables.find_queue(part.queue);
    part.place = part.at->puts.insert(part.at->puts.end(), &waiting);
    step.touch(*part.at);
  }
  hold_lease(step, waiting);
  if (waiting.schedule != nullptr) waiting.schedule->transfer = &waiting;
  for (const auto& asker : waiting.askers) step.tables.waiting.insert_or_assign(asker.caller, &waiting);
  if (!waiting.request_id.empty()) {
    remembering(step, waiting)->requests.add_waiting(RequestLog::key(waiting.request_id, waiting.lease), waiting);
  }
  set_timer(step, waiting);
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

// Those that wait and are of the same producer.
void refuse_others(Step& step, Queue& queue, const Transfer& claim) {
  for (auto place = queue.puts.begin(); place != queue.puts.end();) {
    Transfer& waiting = **place++;
    if (waiting.producer == claim.producer) refuse(step, waiting, claimed(claim.producer));
  }
}

// Of a named producer's put. True if that is its end: it claims the producer, another one has, all its items are in the queue
// already, or some before them are missing.
bool ends_with_its_producer(Step& step, Transfer& transfer) {
  if (transfer.producer.empty()) return false;
  Queue* queue = step.tables.find_queue(transfer.parts.front().queue);
  if (queue == nullptr) return false;
  const bool claims = transfer.parts.front().items.empty();
  auto passed_over = claims ? claim_producer(step, transfer, *queue) : pass_over(step, transfer, *queue);
  if (!passed_over.ok()) {
    answer_all(step, transfer, refusal(transfer, passed_over.status()));
    return true;
  }
  if (claims) refuse_others(step, *queue, transfer);
  return (claims || passed_over->count > 0) && answer_part(step, transfer, *std::move(passed_over));
}

// What a waiting transfer is told when its time is up.
absl::Status still_full(Step& step, const Transfer& waiting) {
  Queue* queue = first_full(step, waiting);
  return full(step, queue != nullptr ? *queue : *waiting.parts.front().at);
}

// A repeated request: answered from memory, or together with the one that waits. True if that was the case.
bool repeats(Step& step, Transfer& transfer, Queue& memory) {
  const std::string key = RequestLog::key(transfer.request_id, transfer.lease);
  if (const RememberedRequest* earlier = memory.requests.find(step.now, key)) {
    const Answer answer = transfer.lease == model::LeaseId{}
                              ? Answer{PutAnswer{absl::OkStatus(), earlier->first, earlier->count, false, earlier->ids}}
                              : Answer{CompleteAnswer{}};
    answer_all(step, transfer, answer);
    return true;
  }
  Transfer* waiting = memory.requests.find_waiting(key);
  if (waiting == nullptr) return false;
  for (const auto& asker : transfer.askers) {
    if (asker.give_up <= step.now) {
      answer_one(step, asker.caller, refusal(*waiting, still_full(step, *waiting)));
      continue;
    }
    if (auto status = step.tables.check_may_wait(); !status.ok()) {
      answer_one(step, asker.caller, refusal(*waiting, status));
      continue;
    }
    waiting->askers.push_back(asker);
    step.tables.waiting.insert_or_assign(asker.caller, waiting);
  }
  set_timer(step, *waiting);
  return true;
}

}  // namespace

void begin_transfer(Step& step, Transfer transfer) {
  for (const auto& part : transfer.parts) {
    const Queue* queue = step.tables.find_queue(part.queue);
    if (queue == nullptr) {
      step.depend_on(kAllRecords);
    } else {
      step.involve(*queue);
    }
  }
  if (!transfer.request_id.empty()) {
    Queue* memory = remembering(step, transfer);
    if (memory != nullptr && repeats(step, transfer, *memory)) return;
  }
  if (ends_with_its_producer(step, transfer)) return;
  if (transfer.completes != nullptr && transfer.completes->completion != nullptr) {
    return answer_all(step, transfer,
                      CompleteAnswer{base::error(Reason::kLeaseLost, "another completion of this item is waiting already")});
  }
  transfer.keyed = may_have_twins(transfer);
  absl::Status status = transfer.keyed && transfer.submission ? no_twins_of_jobs() : check(step, transfer);
  Queue* obstacle = nullptr;
  if (status.ok()) {
    obstacle = first_full(step, transfer);
    if (obstacle == nullptr) obstacle = first_with_a_line(step, transfer);
    if (obstacle == nullptr) status = check_server(step, transfer);
    if (obstacle == nullptr && status.ok()) {
      if (proceed(step, transfer)) return;
      obstacle = step.tables.find_queue(transfer.parts.front().queue);
    }
  }
  if (status.ok() && transfer.schedule == nullptr) {
    status = transfer.askers.front().give_up <= step.now ? full(step, *obstacle) : step.tables.check_may_wait();
  }
  if (!status.ok()) return answer_all(step, transfer, refusal(transfer, status));
  wait(step, std::move(transfer));
}

bool admit_waiting(Step& step, Queue& queue) {
  bool any = false;
  for (auto place = queue.puts.begin(); place != queue.puts.end();) {
    Transfer& next = **place++;
    if (!queue.has_room_for(items_for(step, next, queue))) {
      // Those behind need no less, unless keys make them need nothing.
      if (!queue.keys) return any;
      continue;
    }
    if (first_full(step, next) != nullptr || first_with_a_line(step, next) != nullptr) continue;
    if (const absl::Status status = check_server(step, next); !status.ok()) {
      refuse(step, next, status);
    } else if (!next.one_by_one) {
      Transfer transfer = unwait(step, next);
      carry_out(step, transfer);
    } else if (ends_with_its_producer(step, next) || carry_out_in_part(step, next)) {
      unwait(step, next);
    }
    any = true;
  }
  return any;
}

void refuse_waiting(Step& step, Queue& queue, const absl::Status& status) {
  while (!queue.puts.empty()) refuse(step, *queue.puts.front(), status);
}

void refuse_askers(Step& step, Queue& queue, const absl::Status& status) {
  for (auto place = queue.puts.begin(); place != queue.puts.end();) {
    Transfer& waiting = **place++;
    if (waiting.schedule == nullptr) refuse(step, waiting, status);
  }
}

void refuse_too_large(Step& step, Queue& queue) {
  for (auto place = queue.puts.begin(); place != queue.puts.end();) {
    Transfer& waiting = **place++;
    if (auto status = check_size(queue, items_for(step, waiting, queue)); !status.ok()) refuse(step, waiting, status);
  }
}

void refuse_completion(Step& step, Item& item, const absl::Status& status) {
  if (item.completion != nullptr) refuse(step, *item.completion, status);
}

void time_out(Step& step, Transfer& waiting) {
  // Not yet whoever gives up later, though the timer may be late for it too: others may have given up in between.
  const auto over = [due = waiting.due](const Transfer::Asker& asker) { return asker.give_up <= due; };
  for (const auto& asker : waiting.askers) {
    if (over(asker)) answer_one(step, asker.caller, refusal(waiting, still_full(step, waiting)));
  }
  std::erase_if(waiting.askers, over);
  if (!waiting.askers.empty()) return set_timer(step, waiting);
  resume_lease(step, unwait(step, waiting));
}

void withdraw(Step& step, Transfer& waiting) { unwait(step, waiting); }

void withdraw(Step& step, Transfer& waiting, Caller& caller) {
  step.tables.waiting.erase(&caller);
  std::erase_if(waiting.askers, [&](const auto& asker) { return asker.caller == &caller; });
  if (!waiting.askers.empty()) return set_timer(step, waiting);
  const Transfer transfer = unwait(step, waiting);
  resume_lease(step, transfer);
}

}  // namespace sluice::engine
