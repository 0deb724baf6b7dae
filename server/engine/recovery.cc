// Rebuilding the engine from what a journal kept.
#include <fmt/format.h>

#include <utility>

#include "server/engine/engine.h"
#include "server/engine/flow.h"
#include "server/engine/jobs.h"
#include "server/engine/life.h"
#include "server/engine/limit.h"
#include "server/engine/schedule.h"
#include "server/engine/special.h"
#include "server/engine/state.h"

namespace sluice::engine {
namespace {

// Puts each kind of record into the tables. What does not fit together comes from a damaged store.
class Restorer {
 public:
  explicit Restorer(Tables& tables) : tables_(tables) {}

  absl::Status operator()(model::SequenceRecord&& record) {
    tables_.sequence.reserved = record;
    tables_.sequence.next_item = std::max(tables_.sequence.next_item, record.item_ids_below);
    tables_.sequence.next_lease = std::max(tables_.sequence.next_lease, record.lease_ids_below);
    tables_.sequence.next_queue = std::max(tables_.sequence.next_queue, record.queue_ids_below);
    return absl::OkStatus();
  }

  absl::Status operator()(model::QueueRecord&& record) {
    auto queue = std::make_unique<Queue>(record.id, record.name, std::move(record.settings), record.create_time);
    queue->state = record.state;
    queue->paused = record.paused;
    queue->pipeline = std::move(record.pipeline);
    tables_.dead_letter_queues.add(queue->settings);
    if (!tables_.queues_by_id.emplace(model::number(record.id), queue.get()).second) return damaged("two queues of one id");
    if (!tables_.queues.emplace(std::move(record.name), std::move(queue)).second) return damaged("two queues of one name");
    return absl::OkStatus();
  }

  absl::Status operator()(model::CountersRecord&& record) {
    Queue* queue = queue_of(record.queue);
    if (queue == nullptr) return damaged("counters without a queue");
    queue->counters = record.counters;
    queue->idle_count = record.idle_count;
    return absl::OkStatus();
  }

  absl::Status operator()(model::ItemRecord&& record) {
    Queue* queue = queue_of(record.queue);
    if (queue == nullptr) return damaged("an item without a queue");
    if (!record.body) return damaged("an item without a payload");
    if (model::is_terminal(record.state)) return damaged("an item that is finished");
    if (!queue->is_kept()) {
      // It was there for its body's sake alone.
      tables_.lost.push_back({record.id, record.queue});
      return absl::OkStatus();
    }
    auto* item = new Item(*queue, record.id);
    item->priority = record.priority;
    item->rank = record.rank;
    item->put_time = record.put_time;
    item->last_failure = std::move(record.last_failure);
    item->options = std::move(record.options);
    if (record.job != model::JobId{}) {
      item->job = tables_.jobs.find(record.job);
      if (item->job != nullptr) hold(*item->job);
    }
    item->attempt = record.attempt;
    item->lost = record.lost;
    item->state = record.state;
    if (item->state == model::ItemState::kDelayed) tables_.timers.set(*item, record.due);
    keep_body(tables_, *item, std::move(record.body));
    enter(tables_, *item);
    queue->place(*item);
    queue->was_idle = false;
    return absl::OkStatus();
  }

  absl::Status operator()(model::RequestRecord&& record) {
    Queue* queue = queue_of(record.queue);
    if (queue == nullptr) return damaged("a remembered request without a queue");
    if (SeenKeys::is_one(record)) {
      queue->keys_here().seen.restore(record);
    } else if (ProducerLog::is_one(record)) {
      queue->producers_here().restore(record);
    } else {
      queue->requests.restore(std::move(record));
    }
    return absl::OkStatus();
  }

  absl::Status operator()(model::PipelineRecord&& record) {
    for (const auto& stage : record.stages) {
      const bool output_there = stage.spec.output.empty() || tables_.find_queue(stage.spec.output) != nullptr;
      if (tables_.find_queue(stage.spec.input) == nullptr || !output_there) return damaged("a stage without its queues");
      const auto is_there = [this](const std::string& limit) { return tables_.limits.contains(limit); };
      if (!std::ranges::all_of(stage.spec.limits, is_there)) return damaged("a stage without its limits");
    }
    Effects none;
    Step step{tables_, {}, none};
    assemble(step, std::move(record));
    return absl::OkStatus();
  }

  absl::Status operator()(model::JobRecord&& record) { return restored(std::move(record)); }
  absl::Status operator()(model::BatchRecord&& record) { return restored(std::move(record)); }

  absl::Status operator()(model::LimitRecord&& record) {
    auto limit = std::make_shared<Limit>();
    limit->spec = std::move(record.spec);
    if (!tables_.limits.emplace(limit->spec.name, limit).second) return damaged("two limits of one name");
    return absl::OkStatus();
  }

  absl::Status operator()(model::ScheduleRecord&& record) {
    if (tables_.schedules.contains(record.spec.name)) return damaged("two schedules of one name");
    engine::restore(tables_, std::move(record));
    return absl::OkStatus();
  }

  template <class Erased>
  absl::Status operator()(Erased&&) {
    return damaged("an erasure");
  }

 private:
  template <class Record>
  absl::Status restored(Record&& record) {
    Effects none;
    Step step{tables_, {}, none};
    engine::restore(step, std::forward<Record>(record));
    return absl::OkStatus();
  }
  static absl::Status damaged(std::string_view what) {
    return absl::DataLossError(fmt::format("the store is damaged: it holds {}; restore a backup", what));
  }
  [[nodiscard]] Queue* queue_of(model::QueueId id) const {
    const auto found = tables_.queues_by_id.find(model::number(id));
    return found == tables_.queues_by_id.end() ? nullptr : found->second;
  }

  Tables& tables_;
};

// The consumers of the life before are gone.
void return_leased(Step& step, Queue& queue) {
  std::vector<Item*> held;
  for (Item& item : queue.leased) held.push_back(&item);
  lose_leases(step, queue, std::move(held), model::failure_reason::kServerRestarted,
              "the server ended while a consumer held the item");
}

}  // namespace

absl::Status Engine::restore(model::Record&& record) {
  return std::visit([this](auto& each) { return Restorer{state_->tables}(std::move(each)); }, record);
}

void Engine::finish_restore(base::Time now, Effects& out) {
  state_->command(now, out, [](Step& step) {
    for (const model::ItemErased& lost : std::exchange(step.tables.lost, {})) step.record(lost);
    finish_jobs(step);
    std::vector<Queue*> all;
    for (auto& [name, queue] : step.tables.queues) all.push_back(queue.get());
    for (Queue* queue : all) {
      queue->requests.finish_restore();
      forget_requests(step, *queue);
      if (queue->keys) forget_keys(step, *queue->keys);
      return_leased(step, *queue);
      step.touch(*queue);
    }
    // Nobody knows how much was taken before: never more than promised, across the restart too.
    for (const auto& [name, limit] : step.tables.limits) {
      limit->bucket.set(step.now, limit->spec.per_second, limit->spec.burst);
      limit->bucket.drain(step.now);
    }
    start_schedules(step);
    for (auto& [name, pipeline] : step.tables.pipelines) {
      for (const auto& stage : pipeline->stages) tell_workers(step, *stage);
    }
  });
}

}  // namespace sluice::engine
