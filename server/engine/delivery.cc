#include "server/engine/delivery.h"

#include "server/engine/life.h"

namespace sluice::engine {
namespace {

model::Delivery delivery_of(const Item& item) {
  return {item.id, item.lease, item.body, item.priority, item.attempt, item.put_time, item.due, item.last_failure};
}

// What an item takes in an answer. In a dead-letter queue that is mostly why it failed.
std::size_t bytes_in_answer(const Item& item) {
  std::size_t bytes = item.body_bytes;
  if (item.last_failure) bytes += item.last_failure->message.size() + item.last_failure->stderr_tail.size();
  return bytes;
}

// Leases what is there, up to what the get asks for. False if there is nothing.
bool take(Step& step, Queue& queue, const GetCommand& command, GetAnswer& answer) {
  if (queue.paused || queue.ready.empty()) return false;
  const base::Time expires = base::add_saturating(step.now, command.lease_duration.value_or(queue.settings.lease_duration));
  const auto holder = std::make_shared<const Holder>(Holder{command.consumer, command.stage});
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

// Takes a waiting get out of its list and answers it.
void end_wait(Step& step, GetWaiter& waiting, GetAnswer&& answer) {
  Caller* caller = waiting.caller;
  withdraw(step, waiting);
  step.answer(caller, std::move(answer));
}

}  // namespace

void begin_get(Step& step, Queue& queue, GetCommand command, Caller& caller) {
  GetAnswer answer;
  if (queue.gets.empty() && take(step, queue, command, answer)) return step.answer(&caller, std::move(answer));
  if (queue.ended()) {
    answer.end_of_queue = true;
    return step.answer(&caller, std::move(answer));
  }
  if (command.give_up <= step.now) return step.answer(&caller, std::move(answer));
  answer.status = step.tables.check_may_wait();
  if (!answer.status.ok()) return step.answer(&caller, std::move(answer));
  queue.gets.emplace_back(std::move(command), caller);
  GetWaiter& waiting = queue.gets.back();
  waiting.at = &queue;
  waiting.self = std::prev(queue.gets.end());
  step.tables.waiting.emplace(&caller, &waiting);
  step.tables.timers.set(waiting, waiting.command.give_up);
  step.touch(queue);
}

bool serve_waiting(Step& step, Queue& queue) {
  bool any = false;
  while (!queue.gets.empty()) {
    GetAnswer answer;
    if (!take(step, queue, queue.gets.front().command, answer)) {
      if (!queue.ended()) return any;
      answer.end_of_queue = true;
    }
    end_wait(step, queue.gets.front(), std::move(answer));
    any = true;
  }
  return any;
}

void refuse_gets(Step& step, Queue& queue, const absl::Status& status) {
  while (!queue.gets.empty()) end_wait(step, queue.gets.front(), GetAnswer{status, {}, false});
}

void time_out(Step& step, GetWaiter& get) { end_wait(step, get, GetAnswer{}); }

void withdraw(Step& step, GetWaiter& get) {
  step.tables.timers.cancel(get);
  step.tables.waiting.erase(get.caller);
  Queue& queue = *get.at;
  queue.gets.erase(get.self);
  step.touch(queue);
}

}  // namespace sluice::engine
