#include "server/engine/tables.h"

#include <fmt/format.h>

#include "server/engine/joins.h"
#include "server/engine/schedule.h"

namespace sluice::engine {
namespace {

using base::Reason;

// How many numbers one record sets aside: a restart skips at most so many of each kind.
constexpr std::uint64_t kReservedAhead = 1U << 20;
constexpr std::uint32_t kQueuesReservedAhead = 1U << 10;

bool says_it_by_its_name(std::string_view queue) { return model::default_dead_letter_queue(queue).empty(); }

}  // namespace

double Dice::roll() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

void DeadLetterQueues::add(const model::QueueSettings& settings) {
  const std::string& name = settings.dead_letter_queue;
  if (!name.empty() && !says_it_by_its_name(name)) ++named_[name];
}

void DeadLetterQueues::remove(const model::QueueSettings& settings) {
  const auto named = named_.find(settings.dead_letter_queue);
  if (named != named_.end() && --named->second == 0) named_.erase(named);
}

bool DeadLetterQueues::contains(std::string_view queue) const { return says_it_by_its_name(queue) || named_.contains(queue); }

Tables::Tables(const EngineOptions& engine_options) : options(engine_options), dice(engine_options.seed) {
  sequence.next_item = options.first_id;
  sequence.next_lease = options.first_id;
}

absl::StatusOr<Queue*> Tables::queue(std::string_view name) const {
  Queue* found = find_queue(name);
  if (found != nullptr) return found;
  return base::error(Reason::kQueueNotFound, fmt::format("no queue \"{}\"; create it first", name));
}

absl::StatusOr<Pipeline*> Tables::pipeline(std::string_view name) const {
  const auto found = pipelines.find(name);
  if (found != pipelines.end()) return found->second.get();
  return base::error(Reason::kPipelineNotFound, fmt::format("no pipeline \"{}\"; create it first", name));
}

Queue* Tables::find_queue(std::string_view name) const {
  const auto found = queues.find(name);
  return found == queues.end() ? nullptr : found->second.get();
}

Item* Tables::find_leased(std::string_view queue, model::LeaseId lease) const {
  const auto found = leases.find(model::number(lease));
  if (found == leases.end() || found->second->queue->name != queue) return nullptr;
  return found->second;
}

Item* Tables::find_leased(const Queue& queue, model::LeaseId lease) const {
  const auto found = leases.find(model::number(lease));
  return found == leases.end() || found->second->queue != &queue ? nullptr : found->second;
}

absl::Status Tables::check_may_wait() const {
  if (waiting.size() < options.max_waiters) return absl::OkStatus();
  return base::error(
      Reason::kLimitReached,
      fmt::format("{} calls wait already, the most that the server allows; try again later", options.max_waiters));
}

void Step::record_item(const Item& item, bool with_body) {
  if (item.is_recorded()) record(item.record(with_body ? item.body : nullptr));
}

void Step::record_end(const Item& item) {
  if (item.is_recorded()) record(model::ItemErased{item.id, item.queue->id});
}

void Step::depend_on(std::uint64_t turn) {
  involved = true;
  out.depends_on = std::max(out.depends_on.value_or(0), turn);
}

void Step::note_dependence() {
  if (!involved) depend_on(kAllRecords);
  // What comes later may not overtake these records.
  if (!out.records.empty()) {
    for (Queue* queue : tables.touched) queue->recorded_in = out.turn;
  }
  tables.touched.clear();
}

void Step::touch(Queue& queue) {
  ++queue.version;
  involve(queue);
  wake_joins(*this, queue);
  if (queue.needs_settling) return;
  queue.needs_settling = true;
  tables.to_settle.push_back(&queue);
  tables.touched.push_back(&queue);
}

model::QueueCounters& Step::count(Queue& queue) {
  touch(queue);
  if (!queue.counters_changed) {
    queue.counters_changed = true;
    tables.to_count.push_back(&queue);
  }
  return queue.counters;
}

model::ItemId Step::new_item_ids(std::uint64_t n) {
  const model::ItemId first{tables.sequence.next_item};
  tables.sequence.next_item += n;
  reserve();
  return first;
}

model::LeaseId Step::new_lease_id() {
  const model::LeaseId lease{tables.sequence.next_lease++};
  reserve();
  return lease;
}

model::QueueId Step::new_queue_id() {
  const model::QueueId id{tables.sequence.next_queue++};
  reserve();
  return id;
}

void Step::reserve() {
  Sequence& sequence = tables.sequence;
  if (sequence.next_item <= sequence.reserved.item_ids_below && sequence.next_lease <= sequence.reserved.lease_ids_below &&
      sequence.next_queue <= sequence.reserved.queue_ids_below) {
    return;
  }
  sequence.reserved = {sequence.next_item + kReservedAhead, sequence.next_lease + kReservedAhead,
                       sequence.next_queue + kQueuesReservedAhead};
  sequence.recorded_in = out.turn;
  record(sequence.reserved);
}

}  // namespace sluice::engine
