// A journal in memory: it commits at once, inside append(), and so costs the caller no wait.
//
// Without a store it keeps nothing: the server without a data directory. With a store it keeps the last record of every key,
// and another journal opened on the same store loads them: what tests take for a disk.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "server/journal/journal.h"

namespace sluice::journal {

// What outlives a MemoryJournal. One journal at a time writes it; thread-safe where said.
class MemoryStore {
 public:
  // Replaces what was there under the record's key, or erases it. Thread-safe together with body().
  void apply(model::Record&& record);
  // As Journal::load.
  void each(const std::function<void(model::Record&&)>& visit) const;
  // Of the item; null if there is none. Thread-safe together with apply().
  [[nodiscard]] model::BodyPtr body(model::ItemId id) const;

 private:
  using RequestKey = std::pair<model::QueueId, std::string>;

  void keep(model::QueueRecord&& record);
  void keep(model::QueueErased&& erased);
  void keep(model::CountersRecord&& record);
  void keep(model::ItemRecord&& record);
  void keep(model::ItemErased&& erased);
  void keep(model::RequestRecord&& record);
  void keep(model::RequestErased&& erased);
  void keep(model::PipelineRecord&& record);
  void keep(model::PipelineErased&& erased);
  void keep(model::LimitRecord&& record);
  void keep(model::LimitErased&& erased);
  void keep(model::ScheduleRecord&& record);
  void keep(model::ScheduleErased&& erased);
  void keep(model::SequenceRecord&& record);
  void keep(model::JobRecord&& record) { jobs_.insert_or_assign(record.id, std::move(record)); }
  void keep(model::JobErased&& erased) { jobs_.erase(erased.id); }
  void keep(model::BatchRecord&& record) { batches_.insert_or_assign(record.id, std::move(record)); }
  void keep(model::BatchErased&& erased) { batches_.erase(erased.id); }

  mutable std::mutex mutex_;  // between apply() and body()
  std::optional<model::SequenceRecord> sequence_;
  std::map<model::QueueId, model::QueueRecord> queues_;
  std::map<model::QueueId, model::CountersRecord> counters_;
  std::map<model::ItemId, model::ItemRecord> items_;
  std::map<RequestKey, model::RequestRecord> requests_;
  std::map<std::string, model::PipelineRecord> pipelines_;
  std::map<model::JobId, model::JobRecord> jobs_;
  std::map<model::BatchId, model::BatchRecord> batches_;
  std::map<std::string, model::LimitRecord> limits_;
  std::map<std::string, model::ScheduleRecord> schedules_;
};

// Never fails. Not thread-safe, except read_bodies(): the caller orders all other calls, as Journal asks of append().
class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(std::shared_ptr<MemoryStore> store = nullptr);

  absl::Status load(const std::function<void(model::Record&&)>& each) override;
  absl::Status start(OnCommitted on_committed, OnFailed on_failed) override;
  Position append(std::vector<model::Record>& records) override;
  [[nodiscard]] bool keeps_bodies() const override { return store_ != nullptr; }
  absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const std::vector<model::ItemId>& ids) const override;
  void stop() override;

 private:
  std::shared_ptr<MemoryStore> store_;
  OnCommitted on_committed_;
  Position last_ = 0;
};

}  // namespace sluice::journal
