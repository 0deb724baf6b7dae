#include "server/engine/delivery.h"

#include "server/engine/gate.h"
#include "server/engine/job.h"
#include "server/engine/life.h"
#include "server/engine/limit.h"
#include "server/engine/pipeline.h"

namespace sluice::engine {
namespace {

model::Delivery delivery_of(const Item& item) {
  const model::JobId job = item.job == nullptr ? model::JobId{} : item.job->facts.id;
  return {item.id, item.lease, item.body, item.priority, item.attempt, item.put_time, item.due, item.last_failure, job};
}

// What an item takes in an answer. In a dead-letter queue that is mostly why it failed.
std::size_t bytes_in_answer(const Item& item) {
  std::size_t bytes = item.body_bytes;
  if (item.last_failure) bytes += item.last_failure->message.size() + item.last_failure->stderr_tail.size();
  return bytes;
}

enum class Taken : std::uint8_t { kSome, kNothing, kLimited };

// Leases what is there, up to what the get asks for and the limits of the stage allow.
Taken take(Step& step, Queue& queue, const GetCommand& command, const std::shared_ptr<RemoteWorker>& worker, Stage* stage,
           GetAnswer& answer) {
  if (queue.paused || queue.ready.empty()) return Taken::kNothing;
  const base::Time expires = base::add_saturating(step.now, command.lease_duration.value_or(queue.settings.lease_duration));
  const bool limited = stage != nullptr && stage->limits != nullptr;
  const auto holder = std::make_shared<const Holder>(
      Holder{step.now, command.consumer, command.stage, worker, command.watch, limited ? stage->limits : nullptr});
  std::size_t bytes = 0;
  while (!queue.ready.empty() && answer.items.size() < command.max_items) {
    Item& item = *queue.ready.begin();
    bytes += bytes_in_answer(item);
    if (!answer.items.empty() && bytes > command.max_bytes) break;
    if (limited && !acquire(step, *stage)) break;
    lease(step, item, expires, holder);
    item.counts = limited;
    // Whatever its queue promises: the journal must have it before it can be read there.
    if (!item.body) step.depend_on(kAllRecords);
    answer.items.push_back(delivery_of(item));
  }
  return answer.items.empty() ? Taken::kLimited : Taken::kSome;
}

Taken take_for(Step& step, const GetWaiter& waiting, GetAnswer& answer) {
  return take(step, *waiting.at, waiting.command, waiting.worker, waiting.stage, answer);
}

// Tells the end of the queue to all that wait for it. Remote workers wait for that of their stage.
bool tell_end(Step& step, std::list<GetWaiter>& line) {
  bool any = false;
  for (auto next = line.begin(); next != line.end();) {
    GetWaiter& waiting = *next++;
    if (waiting.worker) continue;
    end_wait(step, waiting, GetAnswer{absl::OkStatus(), {}, true});
    any = true;
  }
  return any;
}

}  // namespace

void end_wait(Step& step, GetWaiter& waiting, GetAnswer&& answer) {
  Caller* caller = waiting.caller;
  withdraw(step, waiting);
  step.answer(caller, std::move(answer));
}

void begin_get(Step& step, Queue& queue, GetCommand command, std::shared_ptr<RemoteWorker> worker, Caller& caller) {
  Stage* stage = stage_of(queue, command, worker.get());
  bool held = stage != nullptr && is_shut(*stage);
  GetAnswer answer;
  if (!held && queue.gets.empty()) {
    const Taken taken = take(step, queue, command, worker, stage, answer);
    if (taken == Taken::kSome) return step.answer(&caller, std::move(answer));
    held = taken == Taken::kLimited;
  }
  if (worker ? !stage->open() : queue.ended()) {
    answer.end_of_queue = true;
    return step.answer(&caller, std::move(answer));
  }
  if (command.give_up <= step.now) return step.answer(&caller, std::move(answer));
  answer.status = step.tables.check_may_wait();
  if (!answer.status.ok()) return step.answer(&caller, std::move(answer));
  auto& line = held ? stage->held_gets : queue.gets;
  line.emplace_back(std::move(command), caller);
  GetWaiter& waiting = line.back();
  waiting.at = &queue;
  waiting.stage = stage;
  waiting.worker = std::move(worker);
  waiting.line = &line;
  waiting.self = std::prev(line.end());
  step.tables.waiting.emplace(&caller, &waiting);
  step.tables.timers.set(waiting, waiting.command.give_up);
  step.touch(queue);
  if (held && !is_shut(*stage)) enter_lines(step, *stage);
}

bool serve_waiting(Step& step, Queue& queue) {
  bool any = false;
  while (!queue.gets.empty()) {
    GetWaiter& first = queue.gets.front();
    GetAnswer answer;
    const Taken taken = take_for(step, first, answer);
    if (taken == Taken::kNothing) break;
    if (taken == Taken::kSome) {
      end_wait(step, first, std::move(answer));
    } else {
      // Others may be served meanwhile.
      Stage& stage = *first.stage;
      hold_gets(stage);
      enter_lines(step, stage);
    }
    any = true;
  }
  if (!queue.ended()) return any;
  any = tell_end(step, queue.gets) || any;
  for (Stage* stage : queue.readers) any = tell_end(step, stage->held_gets) || any;
  return any;
}

void serve_one(Step& step, Stage& stage) {
  GetWaiter& first = stage.held_gets.front();
  GetAnswer answer;
  if (take_for(step, first, answer) == Taken::kSome) end_wait(step, first, std::move(answer));
}

void refuse_gets(Step& step, std::list<GetWaiter>& line, const absl::Status& status) {
  while (!line.empty()) end_wait(step, line.front(), GetAnswer{status, {}, false});
}

void time_out(Step& step, GetWaiter& get) { end_wait(step, get, GetAnswer{}); }

void withdraw(Step& step, GetWaiter& get) {
  step.tables.timers.cancel(get);
  step.tables.waiting.erase(get.caller);
  Queue& queue = *get.at;
  get.line->erase(get.self);
  step.touch(queue);
}

}  // namespace sluice::engine
