#include "server/engine/line.h"

#include <algorithm>

#include "server/engine/admission.h"

namespace sluice::engine {
namespace {

// Somebody ahead of `transfer` in the queue's line waits for room there; a newcomer stands behind everybody. Who lacks room in
// another queue only is no obstacle here: if it were, two stages that share an output could block each other for good.
bool must_wait_behind_others(const Step& step, const Queue& queue, const Transfer& transfer) {
  for (const Transfer* ahead : queue.puts) {
    if (ahead == &transfer) return false;
    if (!queue.has_room_for(items_for(step, *ahead, queue))) return true;
  }
  return false;
}

}  // namespace

std::size_t items_for(const Step& step, const Transfer& transfer, const Queue& queue) {
  const auto part = std::ranges::find(transfer.parts, queue.name, &Transfer::Part::queue);
  return part == transfer.parts.end() ? 0 : needs(step, transfer, *part);
}

Queue* first_full(const Step& step, const Transfer& transfer) {
  for (const auto& part : transfer.parts) {
    Queue* queue = step.tables.find_queue(part.queue);
    if (!queue->has_room_for(needs(step, transfer, part))) return queue;
  }
  return nullptr;
}

Queue* first_with_a_line(const Step& step, const Transfer& transfer) {
  for (const auto& part : transfer.parts) {
    Queue* queue = step.tables.find_queue(part.queue);
    if (needs(step, transfer, part) > 0 && must_wait_behind_others(step, *queue, transfer)) return queue;
  }
  return nullptr;
}

}  // namespace sluice::engine
