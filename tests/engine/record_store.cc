#include "tests/engine/record_store.h"

#include <fmt/format.h>

#include <set>

namespace sluice::engine::testing {

void RecordStore::apply(const std::vector<model::Record>& records) {
  std::set<model::QueueId> counted;
  for (const model::Record& record : records) {
    if (const auto* counters = std::get_if<model::CountersRecord>(&record)) {
      if (!counted.insert(counters->queue).second) {
        complaints_.push_back(fmt::format("two counter records of queue {} in one command", number(counters->queue)));
      }
    }
    std::visit([this](const auto& kept) { take(kept); }, record);
  }
  if (sequence_.has_value() && !items_.empty() && number(items_.rbegin()->first) >= sequence_->item_ids_below) {
    complaints_.push_back(fmt::format("item {} is beyond the sequence record", number(items_.rbegin()->first)));
  }
}

std::vector<model::Record> RecordStore::load() const {
  std::vector<model::Record> all;
  if (sequence_) all.emplace_back(*sequence_);
  for (const auto& [key, record] : queues_) all.emplace_back(record);
  for (const auto& [key, record] : counters_) all.emplace_back(record);
  for (const auto& [key, record] : batches_) all.emplace_back(record);
  for (const auto& [key, record] : jobs_) all.emplace_back(record);
  for (const auto& [key, record] : items_) all.emplace_back(record);
  for (const auto& [key, record] : requests_) all.emplace_back(record);
  for (const auto& [key, record] : limits_) all.emplace_back(record);
  for (const auto& [key, record] : pipelines_) all.emplace_back(record);
  for (const auto& [key, record] : schedules_) all.emplace_back(record);
  return all;
}

const model::QueueRecord* RecordStore::queue(const std::string& name) const {
  for (const auto& [id, record] : queues_) {
    if (record.name == name) return &record;
  }
  return nullptr;
}

void RecordStore::take(const model::QueueRecord& record) {
  const model::QueueRecord* same_name = queue(record.name);
  if (same_name != nullptr && same_name->id != record.id) {
    complaints_.push_back(fmt::format("two queues are called {}", record.name));
  }
  queues_[record.id] = record;
}

void RecordStore::take(const model::QueueErased& record) {
  if (queues_.erase(record.id) == 0) complaints_.push_back(fmt::format("unknown queue {} erased", number(record.id)));
  counters_.erase(record.id);
  std::erase_if(items_, [&](const auto& entry) { return entry.second.queue == record.id; });
  std::erase_if(requests_, [&](const auto& entry) { return entry.first.first == record.id; });
}

void RecordStore::take(const model::CountersRecord& record) {
  if (!queues_.contains(record.queue)) {
    complaints_.push_back(fmt::format("counters of unknown queue {}", number(record.queue)));
    return;
  }
  counters_[record.queue] = record;
}

void RecordStore::take(const model::ItemRecord& record) {
  if (!queues_.contains(record.queue)) {
    complaints_.push_back(fmt::format("item {} of unknown queue {}", number(record.id), number(record.queue)));
  }
  if (is_terminal(record.state)) {
    complaints_.push_back(fmt::format("item {} is kept in a terminal state", number(record.id)));
  }
  const auto before = items_.find(record.id);
  model::BodyPtr body = record.body;
  if (body == nullptr && before != items_.end()) body = before->second.body;
  if (body == nullptr) complaints_.push_back(fmt::format("item {} comes without a body", number(record.id)));
  items_[record.id] = record;
  items_[record.id].body = std::move(body);
}

void RecordStore::take(const model::ItemErased& record) {
  const auto found = items_.find(record.id);
  if (found == items_.end()) {
    complaints_.push_back(fmt::format("unknown item {} erased", number(record.id)));
    return;
  }
  if (found->second.queue == record.queue) items_.erase(found);
}

void RecordStore::take(const model::RequestRecord& record) { requests_[{record.queue, record.key}] = record; }

void RecordStore::take(const model::RequestErased& record) {
  if (requests_.erase({record.queue, record.key}) == 0) {
    complaints_.push_back(fmt::format("unknown request {} erased", record.key));
  }
}

void RecordStore::take(const model::PipelineRecord& record) { pipelines_[record.name] = record; }

void RecordStore::take(const model::PipelineErased& record) {
  if (pipelines_.erase(record.name) == 0) complaints_.push_back(fmt::format("unknown pipeline {} erased", record.name));
}

void RecordStore::take(const model::JobErased& record) {
  if (jobs_.erase(record.id) == 0) complaints_.push_back(fmt::format("unknown job {} erased", number(record.id)));
}

void RecordStore::take(const model::BatchErased& record) {
  if (batches_.erase(record.id) == 0) complaints_.push_back(fmt::format("unknown batch {} erased", number(record.id)));
}

void RecordStore::take(const model::LimitRecord& record) { limits_[record.spec.name] = record; }

void RecordStore::take(const model::LimitErased& record) {
  if (limits_.erase(record.name) == 0) complaints_.push_back(fmt::format("unknown limit {} erased", record.name));
}

void RecordStore::take(const model::ScheduleRecord& record) { schedules_[record.spec.name] = record; }

void RecordStore::take(const model::ScheduleErased& record) {
  if (schedules_.erase(record.name) == 0) complaints_.push_back(fmt::format("unknown schedule {} erased", record.name));
}

void RecordStore::take(const model::SequenceRecord& record) { sequence_ = record; }

}  // namespace sluice::engine::testing
