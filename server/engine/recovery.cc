// Rebuilding the engine from what a journal kept.
#include "server/engine/engine.h"
#include "server/engine/flow.h"
#include "server/engine/life.h"
#include "server/engine/state.h"

namespace sluice::engine {
namespace {

// Puts each kind of record into the tables. Erasures and records of what is not there are impossible by the journal's contract.
class Restorer {
 public:
  explicit Restorer(Tables& tables) : tables_(tables) {}

  void operator()(model::SequenceRecord&& record) {
    tables_.sequence.reserved = record;
    tables_.sequence.next_item = std::max(tables_.sequence.next_item, record.item_ids_below);
    tables_.sequence.next_lease = std::max(tables_.sequence.next_lease, record.lease_ids_below);
    tables_.sequence.next_queue = std::max(tables_.sequence.next_queue, record.queue_ids_below);
  }

  void operator()(model::QueueRecord&& record) {
    auto queue = std::make_unique<Queue>(record.id, record.name, std::move(record.settings), record.create_time);
    queue->state = record.state;
    queue->paused = record.paused;
    queue->pipeline = std::move(record.pipeline);
    tables_.queues_by_id.emplace(model::number(record.id), queue.get());
    tables_.queues.emplace(std::move(record.name), std::move(queue));
  }

  void operator()(model::CountersRecord&& record) {
    Queue& queue = *tables_.queues_by_id.at(model::number(record.queue));
    queue.counters = record.counters;
    queue.idle_count = record.idle_count;
  }

  void operator()(model::ItemRecord&& record) {
    Queue& queue = *tables_.queues_by_id.at(model::number(record.queue));
    auto* item = new Item(queue, record.id);
    item->priority = record.priority;
    item->rank = record.rank;
    item->put_time = record.put_time;
    item->body = std::move(record.body);
    item->last_failure = std::move(record.last_failure);
    item->attempt = record.attempt;
    item->state = record.state;
    if (item->state == model::ItemState::kDelayed) tables_.timers.set(*item, record.due);
    queue.bytes += item->body->bytes();
    tables_.bytes += item->body->bytes();
    queue.place(*item);
    queue.was_idle = false;
  }

  void operator()(model::RequestRecord&& record) {
    tables_.queues_by_id.at(model::number(record.queue))->requests.restore(std::move(record));
  }

  void operator()(model::PipelineRecord&& record) {
    Effects none;
    Step step{tables_, {}, none};
    assemble(step, std::move(record));
  }

  void operator()(model::QueueErased&&) {}
  void operator()(model::ItemErased&&) {}
  void operator()(model::RequestErased&&) {}
  void operator()(model::PipelineErased&&) {}

 private:
  Tables& tables_;
};

// The consumers of the life before are gone.
void return_leased(Step& step, Queue& queue) {
  std::vector<Item*> held;
  for (Item& item : queue.leased) held.push_back(&item);
  std::ranges::sort(held, {}, [](const Item* item) { return item->rank; });
  // LIFO puts each on top, so that the one that was on top must come last.
  if (queue.settings.order == model::QueueOrder::kLifo) std::ranges::reverse(held);
  for (Item* item : held) {
    lose_lease(step, *item, model::failure_reason::kServerRestarted, "the server ended while a consumer held the item");
  }
}

}  // namespace

void Engine::restore(model::Record&& record) {
  std::visit([this](auto&& each) { Restorer{state_->tables}(std::move(each)); }, std::move(record));
}

void Engine::finish_restore(base::Time now, Effects& out) {
  state_->command(now, out, [](Step& step) {
    std::vector<Queue*> all;
    for (auto& [name, queue] : step.tables.queues) all.push_back(queue.get());
    for (Queue* queue : all) {
      queue->requests.finish_restore();
      step.tables.timers.set(queue->request_timer, queue->requests.forget_expired(step.now, queue->id, step.out.records));
      return_leased(step, *queue);
      step.touch(*queue);
    }
    for (auto& [name, pipeline] : step.tables.pipelines) {
      for (const auto& stage : pipeline->stages) tell_workers(step, *stage);
    }
  });
}

}  // namespace sluice::engine
