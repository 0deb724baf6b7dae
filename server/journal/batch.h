// The records of a group commit, reduced to what the store needs to know: the last state of each key. An item that came and
// went within one group never touches the disk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/journal/item_changes.h"
#include "server/journal/lmdb_store.h"
#include "server/model/record.h"

namespace sluice::journal {

class Batch {
 public:
  // Takes the records of a group, in the order in which the engine emitted them; `records` gets empty room for the next. Once,
  // until clear().
  void take(std::vector<model::Record>& records);
  absl::Status write_to(LmdbStore::Write& write);
  void clear();

 private:
  using RequestKey = std::pair<std::uint32_t, std::string>;

  void keep(model::SequenceRecord&& record) { sequence_ = record; }
  void keep(model::QueueRecord&& record);
  void keep(model::QueueErased&& erased);
  void keep(model::CountersRecord&& record);
  void keep(const model::ItemRecord& record) { items_.add(record); }
  void keep(const model::ItemErased& erased) { items_.add(erased); }
  void keep(model::RequestRecord&& record);
  void keep(model::RequestErased&& erased);
  void keep(model::PipelineRecord&& record);
  void keep(model::PipelineErased&& erased);
  void keep(model::JobRecord&& record);
  void keep(model::JobErased&& erased) { jobs_.insert_or_assign(number(erased.id), std::nullopt); }
  void keep(model::BatchRecord&& record);
  void keep(model::BatchErased&& erased) { batches_.insert_or_assign(number(erased.id), std::nullopt); }
  void keep(model::LimitRecord&& record);
  void keep(model::LimitErased&& erased);
  void keep(model::ScheduleRecord&& record);
  void keep(model::ScheduleErased&& erased);

  absl::Status write_queues(LmdbStore::Write& write) const;
  absl::Status write_items(LmdbStore::Write& write);
  absl::Status write_jobs(LmdbStore::Write& write) const;
  absl::Status write_rest(LmdbStore::Write& write) const;
  absl::Status write_named(LmdbStore::Write& write) const;

  std::vector<model::Record> records_;  // `items_` points into it; of the others it has what is left
  std::optional<model::SequenceRecord> sequence_;
  std::map<std::uint32_t, std::optional<model::QueueRecord>> queues_;  // none: erased
  std::map<std::uint32_t, model::CountersRecord> counters_;
  ItemChanges items_;
  std::map<RequestKey, std::optional<model::RequestRecord>> requests_;
  std::map<std::string, std::optional<model::PipelineRecord>> pipelines_;
  std::map<std::uint64_t, std::optional<model::JobRecord>> jobs_;
  std::map<std::uint64_t, std::optional<model::BatchRecord>> batches_;
  std::map<std::string, std::optional<model::LimitRecord>> limits_;
  std::map<std::string, std::optional<model::ScheduleRecord>> schedules_;
};

}  // namespace sluice::journal
