#include "server/journal/memory.h"

#include <variant>

namespace sluice::journal {

void MemoryStore::apply(model::Record&& record) {
  const std::lock_guard lock(mutex_);
  std::visit([this](auto& one) { keep(std::move(one)); }, record);
}

model::BodyPtr MemoryStore::body(model::ItemId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : found->second.body;
}

void MemoryStore::each(const std::function<void(model::Record&&)>& visit) const {
  if (sequence_) visit(*sequence_);
  const auto visit_all = [&visit](const auto& kept) {
    for (const auto& [key, record] : kept) visit(model::Record(record));
  };
  visit_all(queues_);
  visit_all(counters_);
  visit_all(batches_);
  visit_all(jobs_);
  visit_all(items_);
  visit_all(requests_);
  visit_all(limits_);
  visit_all(pipelines_);
  visit_all(schedules_);
}

void MemoryStore::keep(model::QueueRecord&& record) { queues_.insert_or_assign(record.id, std::move(record)); }

void MemoryStore::keep(model::QueueErased&& erased) {
  queues_.erase(erased.id);
  counters_.erase(erased.id);
  std::erase_if(requests_, [&erased](const auto& kept) { return kept.second.queue == erased.id; });
}

void MemoryStore::keep(model::CountersRecord&& record) { counters_.insert_or_assign(record.queue, record); }

void MemoryStore::keep(model::ItemRecord&& record) {
  model::ItemRecord& kept = items_[record.id];
  if (!record.body) record.body = std::move(kept.body);
  kept = std::move(record);
}

void MemoryStore::keep(model::ItemErased&& erased) { items_.erase(erased.id); }

void MemoryStore::keep(model::RequestRecord&& record) {
  RequestKey key{record.queue, record.key};
  requests_.insert_or_assign(std::move(key), std::move(record));
}

void MemoryStore::keep(model::RequestErased&& erased) { requests_.erase({erased.queue, std::move(erased.key)}); }

void MemoryStore::keep(model::PipelineRecord&& record) {
  std::string name = record.name;
  pipelines_.insert_or_assign(std::move(name), std::move(record));
}

void MemoryStore::keep(model::PipelineErased&& erased) { pipelines_.erase(erased.name); }

void MemoryStore::keep(model::LimitRecord&& record) {
  std::string name = record.spec.name;
  limits_.insert_or_assign(std::move(name), std::move(record));
}

void MemoryStore::keep(model::LimitErased&& erased) { limits_.erase(erased.name); }

void MemoryStore::keep(model::ScheduleRecord&& record) {
  std::string name = record.spec.name;
  schedules_.insert_or_assign(std::move(name), std::move(record));
}

void MemoryStore::keep(model::ScheduleErased&& erased) { schedules_.erase(erased.name); }

void MemoryStore::keep(model::SequenceRecord&& record) { sequence_ = record; }

MemoryJournal::MemoryJournal(std::shared_ptr<MemoryStore> store) : store_(std::move(store)) {}

absl::Status MemoryJournal::load(const std::function<void(model::Record&&)>& each) {
  if (store_) store_->each(each);
  return absl::OkStatus();
}

absl::Status MemoryJournal::start(OnCommitted on_committed, OnFailed /*on_failed*/) {
  on_committed_ = std::move(on_committed);
  return absl::OkStatus();
}

Position MemoryJournal::append(std::vector<model::Record>& records) {
  if (store_) {
    for (model::Record& record : records) store_->apply(std::move(record));
  }
  records.clear();
  const Position position = ++last_;
  if (on_committed_) on_committed_(position);
  return position;
}

absl::StatusOr<std::vector<model::BodyPtr>> MemoryJournal::read_bodies(const std::vector<model::ItemId>& ids) const {
  std::vector<model::BodyPtr> bodies;
  bodies.reserve(ids.size());
  for (const model::ItemId id : ids) bodies.push_back(store_ ? store_->body(id) : nullptr);
  return bodies;
}

void MemoryJournal::stop() { on_committed_ = nullptr; }

}  // namespace sluice::journal
