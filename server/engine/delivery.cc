#include "server/engine/delivery.h"

#include "server/engine/job.h"
#include "server/engine/life.h"
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

// Leases what is there, up to what the get asks for. False if there is nothing.
bool take(Step& step, Queue& queue, const GetCommand& command, const std::shared_ptr<RemoteWorker>& worker, GetAnswer& answer) {
  if (queue.paused || queue.ready.empty()) return false;
  const base::Time expires = base::add_saturating(step.now, command.lease_duration.value_or(queue.settings.lease_duration));
  const auto holder = std::make_shared<const Holder>(Holder{command.consumer, command.stage, worker, command.watch});
  std::size_t bytes = 0;
  while (!queue.ready.empty() && answer.items.size() < command.max_items) {
    Item& item = *queue.ready.begin();
    bytes += bytes_in_answer(item);
    if (!answer.items.empty() && bytes > command.max_bytes) break;
    lease(step, item, expires, holder);
    // Whatever its queue promises: the journal must have it before it can be read there.
    if (!item.body) step.depend_on(kAllRecords);
    answer.items.push_back(delivery_of(item));
  }
  return true;
}

// Tells the end of the queue to all that wait for it. Workers of a stage wait for that of the stage.
bool tell_end(Step& step, Queue& queue) {
  bool any = false;
  for (auto next = queue.gets.begin(); next != queue.gets.end();) {
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
  Stage* stage = worker ? worker->stage : nullptr;
  const bool held = stage != nullptr && stage->state == model::StageState::kPaused;
  GetAnswer answer;
  if (!held && queue.gets.empty() && take(step, queue, command, worker, answer)) {
    return step.answer(&caller, std::move(answer));
  }
  if (stage != nullptr ? !stage->open() : queue.ended()) {
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
  waiting.worker = std::move(worker);
  waiting.line = &line;
  waiting.self = std::prev(line.end());
  step.tables.waiting.emplace(&caller, &waiting);
  step.tables.timers.set(waiting, waiting.command.give_up);
  step.touch(queue);
}

bool serve_waiting(Step& step, Queue& queue) {
  bool any = false;
  while (!queue.gets.empty()) {
    GetAnswer answer;
    if (!take(step, queue, queue.gets.front().command, queue.gets.front().worker, answer)) break;
    end_wait(step, queue.gets.front(), std::move(answer));
    any = true;
  }
  if (!queue.gets.empty() && queue.ended()) any = tell_end(step, queue) || any;
  return any;
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
