#include "server/journal/batch.h"

#include <algorithm>

#include "server/journal/item_writer.h"
#include "server/journal/keys.h"
#include "server/journal/schema.h"

namespace sluice::journal {

using model::number;

void Batch::take(std::vector<model::Record>& records) {
  records_.swap(records);
  for (auto& record : records_) {
    std::visit([this](auto& each) { keep(std::move(each)); }, record);
  }
}

void Batch::clear() {
  sequence_.reset();
  queues_.clear();
  counters_.clear();
  items_.clear();
  records_.clear();
  requests_.clear();
  pipelines_.clear();
  jobs_.clear();
  batches_.clear();
  limits_.clear();
  schedules_.clear();
}

void Batch::keep(model::QueueRecord&& record) {
  const auto id = number(record.id);
  queues_.insert_or_assign(id, std::move(record));
}

void Batch::keep(model::QueueErased&& erased) {
  const std::uint32_t id = number(erased.id);
  queues_.insert_or_assign(id, std::nullopt);
  counters_.erase(id);
  std::erase_if(requests_, [id](const auto& entry) { return entry.first.first == id; });
}

void Batch::keep(model::CountersRecord&& record) { counters_.insert_or_assign(number(record.queue), record); }

void Batch::keep(model::RequestRecord&& record) {
  RequestKey key{number(record.queue), record.key};
  requests_.insert_or_assign(std::move(key), std::move(record));
}

void Batch::keep(model::RequestErased&& erased) {
  requests_.insert_or_assign({number(erased.queue), std::move(erased.key)}, std::nullopt);
}

void Batch::keep(model::PipelineRecord&& record) {
  std::string name = record.name;
  pipelines_.insert_or_assign(std::move(name), std::move(record));
}

void Batch::keep(model::PipelineErased&& erased) { pipelines_.insert_or_assign(std::move(erased.name), std::nullopt); }

void Batch::keep(model::JobRecord&& record) {
  const auto id = number(record.id);
  jobs_.insert_or_assign(id, std::move(record));
}

void Batch::keep(model::BatchRecord&& record) {
  const auto id = number(record.id);
  batches_.insert_or_assign(id, std::move(record));
}

void Batch::keep(model::LimitRecord&& record) {
  std::string name = record.spec.name;
  limits_.insert_or_assign(std::move(name), std::move(record));
}

void Batch::keep(model::LimitErased&& erased) { limits_.insert_or_assign(std::move(erased.name), std::nullopt); }

void Batch::keep(model::ScheduleRecord&& record) {
  std::string name = record.spec.name;
  schedules_.insert_or_assign(std::move(name), std::move(record));
}

void Batch::keep(model::ScheduleErased&& erased) { schedules_.insert_or_assign(std::move(erased.name), std::nullopt); }

absl::Status Batch::write_to(LmdbStore::Write& write) {
  if (auto status = write_queues(write); !status.ok()) return status;
  if (auto status = write_items(write); !status.ok()) return status;
  if (auto status = write_jobs(write); !status.ok()) return status;
  if (auto status = write_rest(write); !status.ok()) return status;
  return write_named(write);
}

absl::Status Batch::write_jobs(LmdbStore::Write& write) const {
  absl::Status status;
  store::Batch batch;
  for (const auto& [id, record] : batches_) {
    const ItemKey key(id);
    if (record) to_store(*record, batch);
    status.Update(record ? write.put(Table::kBatches, key.view(), batch) : write.erase(Table::kBatches, key.view()));
  }
  store::Job job;
  for (const auto& [id, record] : jobs_) {
    const ItemKey key(id);
    if (record) to_store(*record, job);
    status.Update(record ? write.put(Table::kJobs, key.view(), job) : write.erase(Table::kJobs, key.view()));
    if (!status.ok()) return status;
  }
  return status;
}

absl::Status Batch::write_queues(LmdbStore::Write& write) const {
  store::Queue message;
  for (const auto& [id, record] : queues_) {
    const QueueKey key(id);
    absl::Status status;
    if (record) {
      to_store(*record, message);
      status = write.put(Table::kQueues, key.view(), message);
    } else {
      // Its items have been erased one by one; what else belongs to it goes with it.
      status = write.erase(Table::kQueues, key.view());
      status.Update(write.erase(Table::kCounters, key.view()));
      status.Update(write.erase_prefix(Table::kRequests, key.view()));
    }
    if (!status.ok()) return status;
  }
  store::Counters counters;
  for (const auto& [id, record] : counters_) {
    to_store(record, counters);
    if (auto status = write.put(Table::kCounters, QueueKey(id).view(), counters); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Batch::write_items(LmdbStore::Write& write) {
  ItemWriter writer(write);
  return items_.for_each([&writer](const ItemChanges::Change& change) { return writer.write(change); });
}

absl::Status Batch::write_rest(LmdbStore::Write& write) const {
  absl::Status status;
  if (sequence_) {
    store::Sequence message;
    to_store(*sequence_, message);
    status.Update(write.put(Table::kMeta, kSequenceKey, message));
  }
  store::Request request;
  for (const auto& [queue_and_key, record] : requests_) {
    const std::string key = request_key(queue_and_key.first, queue_and_key.second);
    if (record) to_store(*record, request);
    status.Update(record ? write.put(Table::kRequests, key, request) : write.erase(Table::kRequests, key));
    if (!status.ok()) return status;
  }
  return status;
}

namespace {

// What has its name as its key.
template <class Message, class Records>
absl::Status write_all(LmdbStore::Write& write, Table table, const Records& records) {
  absl::Status status;
  Message message;
  for (const auto& [name, record] : records) {
    if (record) to_store(*record, message);
    status.Update(record ? write.put(table, name, message) : write.erase(table, name));
  }
  return status;
}

}  // namespace

absl::Status Batch::write_named(LmdbStore::Write& write) const {
  absl::Status status = write_all<store::Limit>(write, Table::kLimits, limits_);
  status.Update(write_all<store::Pipeline>(write, Table::kPipelines, pipelines_));
  status.Update(write_all<store::Schedule>(write, Table::kSchedules, schedules_));
  return status;
}

}  // namespace sluice::journal
