#include "server/journal/inspection.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "server/journal/lmdb_load.h"

namespace sluice::journal {
namespace {

// A record of a queue that is not there comes from a damaged store, and is found out as such where the store is taken into use.
class Tally {
 public:
  void add(model::Record&& record) {
    std::visit([this](auto& each) { count(std::move(each)); }, record);
  }

  Inspection result() && {
    Inspection inspection;
    for (auto& [id, queue] : queues_) inspection.queues.push_back(std::move(queue));
    std::ranges::sort(inspection.queues, {}, [](const QueueInspection& queue) { return queue.queue.name; });
    inspection.pipelines = std::move(pipelines_);
    inspection.limits = std::move(limits_);
    inspection.schedules = std::move(schedules_);
    inspection.jobs = jobs_;
    return inspection;
  }

 private:
  void count(model::QueueRecord&& record) {
    QueueInspection& queue = queues_[record.id];
    queue.queue = std::move(record);
  }
  void count(model::CountersRecord&& record) { queues_[record.queue].counters = record.counters; }
  void count(model::ItemRecord&& record) {
    QueueInspection& queue = queues_[record.queue];
    std::uint64_t& state = record.state == model::ItemState::kDelayed  ? queue.delayed
                           : record.state == model::ItemState::kLeased ? queue.leased
                                                                       : queue.waiting;
    ++state;
    queue.bytes += record.body->bytes();
    queue.oldest_put = std::min(queue.oldest_put.value_or(record.put_time), record.put_time);
  }
  void count(model::RequestRecord&& record) { ++queues_[record.queue].requests; }
  void count(model::PipelineRecord&& record) { pipelines_.push_back(std::move(record)); }
  void count(model::LimitRecord&& record) { limits_.push_back(std::move(record)); }
  void count(model::ScheduleRecord&& record) { schedules_.push_back(std::move(record)); }
  void count(model::JobRecord&& record) { ++(record.state == model::JobState::kRunning ? jobs_.running : jobs_.ended); }
  void count(model::BatchRecord&& record) {
    ++jobs_.batches;
    const bool open = record.state == model::BatchState::kOpen || record.state == model::BatchState::kSealed;
    if (open) ++jobs_.open_batches;
  }
  template <class Other>
  void count(Other&&) {}

  std::map<model::QueueId, QueueInspection> queues_;
  std::vector<model::PipelineRecord> pipelines_;
  std::vector<model::LimitRecord> limits_;
  std::vector<model::ScheduleRecord> schedules_;
  JobInspection jobs_;
};

}  // namespace

absl::StatusOr<Inspection> inspect(const LmdbStore& store) {
  Tally tally;
  if (auto status = load_store(store, [&tally](model::Record&& record) { tally.add(std::move(record)); }); !status.ok()) {
    return status;
  }
  Inspection inspection = std::move(tally).result();
  const auto version = store.schema_version();
  if (!version.ok()) return version.status();
  inspection.schema_version = *version;
  inspection.used_bytes = store.usage().used_bytes;
  std::error_code ignored;
  inspection.file_bytes = std::filesystem::file_size(store.file(), ignored);
  return inspection;
}

}  // namespace sluice::journal
