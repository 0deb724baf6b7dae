// What a journal would hold: the last record of every key, kept in maps. Tests rebuild engines from it, and compare it with
// what the engine shows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/model/record.h"

namespace sluice::engine::testing {

class RecordStore {
 public:
  // Takes the records of one command. Complains (see complaints()) about records that no journal could make sense of.
  void apply(const std::vector<model::Record>& records);

  // Everything kept, in the order in which a journal loads it.
  [[nodiscard]] std::vector<model::Record> load() const;

  // The queue of that name; null if none is kept.
  [[nodiscard]] const model::QueueRecord* queue(const std::string& name) const;
  [[nodiscard]] const std::map<model::QueueId, model::QueueRecord>& queues() const { return queues_; }
  [[nodiscard]] const std::map<model::QueueId, model::CountersRecord>& counters() const { return counters_; }
  [[nodiscard]] const std::map<model::ItemId, model::ItemRecord>& items() const { return items_; }
  [[nodiscard]] const std::map<std::pair<model::QueueId, std::string>, model::RequestRecord>& requests() const {
    return requests_;
  }
  [[nodiscard]] const std::map<std::string, model::PipelineRecord>& pipelines() const { return pipelines_; }
  [[nodiscard]] const std::map<std::string, model::LimitRecord>& limits() const { return limits_; }
  [[nodiscard]] const std::map<std::string, model::ScheduleRecord>& schedules() const { return schedules_; }

  [[nodiscard]] const std::map<model::JobId, model::JobRecord>& jobs() const { return jobs_; }
  [[nodiscard]] const std::map<model::BatchId, model::BatchRecord>& batches() const { return batches_; }

  // One sentence for each record that made no sense; empty when all is well.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void take(const model::QueueRecord& record);
  void take(const model::QueueErased& record);
  void take(const model::CountersRecord& record);
  void take(const model::ItemRecord& record);
  void take(const model::ItemErased& record);
  void take(const model::RequestRecord& record);
  void take(const model::RequestErased& record);
  void take(const model::PipelineRecord& record);
  void take(const model::PipelineErased& record);
  void take(const model::LimitRecord& record);
  void take(const model::LimitErased& record);
  void take(const model::ScheduleRecord& record);
  void take(const model::ScheduleErased& record);
  void take(const model::SequenceRecord& record);
  void take(const model::JobRecord& record) { jobs_[record.id] = record; }
  void take(const model::JobErased& record);
  void take(const model::BatchRecord& record) { batches_[record.id] = record; }
  void take(const model::BatchErased& record);

  std::optional<model::SequenceRecord> sequence_;
  std::map<model::QueueId, model::QueueRecord> queues_;
  std::map<model::QueueId, model::CountersRecord> counters_;
  std::map<model::ItemId, model::ItemRecord> items_;
  std::map<std::pair<model::QueueId, std::string>, model::RequestRecord> requests_;
  std::map<std::string, model::PipelineRecord> pipelines_;
  std::map<model::JobId, model::JobRecord> jobs_;
  std::map<model::BatchId, model::BatchRecord> batches_;
  std::map<std::string, model::LimitRecord> limits_;
  std::map<std::string, model::ScheduleRecord> schedules_;
  std::vector<std::string> complaints_;
};

}  // namespace sluice::engine::testing
