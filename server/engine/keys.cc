#include "server/engine/keys.h"

#include <cassert>

#include "server/engine/queue.h"

namespace sluice::engine {
namespace {

using model::ItemState;

// It was handed out and is not done: nobody else of its key may go.
bool is_under_way(const Item& item) { return item.state == ItemState::kLeased || item.attempt > 0; }

void hold(OrderLine& line, Item& item) {
  item.special->held = true;
  line.others.insert(&item);
}

// Moves the one that would have gone next, and is waiting, behind.
void demote_front(OrderLine& line) {
  Item& front = *line.front;
  assert(front.state == ItemState::kWaiting && !is_under_way(front));
  front.queue->ready.erase(front.queue->ready.iterator_to(front));
  hold(line, front);
  front.queue->held.insert(front);
}

void promote_next(OrderLine& line) {
  Item& next = **line.others.begin();
  line.others.erase(line.others.begin());
  next.queue->held.erase(next.queue->held.iterator_to(next));
  next.special->held = false;
  next.queue->ready.insert(next);
  line.front = &next;
}

}  // namespace

bool SoonerInLine::operator()(const Item* a, const Item* b) const { return SoonerItem{}(*a, *b); }

void join_line(Item& item) {
  // Delayed since its put: it joins when it is ready.
  if (item.state == ItemState::kDelayed && item.attempt == 0) return;
  OrderLine& line = *item.special->line;
  if (line.front == &item) {
    if (is_under_way(item)) return;
    // Released: as if it had never gone.
    line.front = nullptr;
    if (!line.others.empty() && SoonerInLine{}(*line.others.begin(), &item)) promote_next(line);
  }
  if (line.front == nullptr) {
    line.front = &item;
  } else if (is_under_way(item) || (!is_under_way(*line.front) && SoonerInLine{}(&item, line.front))) {
    demote_front(line);
    line.front = &item;
  } else {
    hold(line, item);
  }
}

void step_out(Item& item) {
  item.special->line->others.erase(&item);
  item.special->held = false;
}

void leave_line(Item& item) {
  OrderLine& line = *item.special->line;
  if (line.front == &item) {
    line.front = nullptr;
    if (!line.others.empty()) promote_next(line);
  }
  item.special->line = nullptr;
  if (--line.items == 0) item.queue->keys->lines.erase(item.options->order_key);
}

}  // namespace sluice::engine
