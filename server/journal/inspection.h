// What is in a store, counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/journal/lmdb_store.h"
#include "server/model/record.h"

namespace sluice::journal {

struct QueueInspection {
  model::QueueRecord queue;
  model::QueueCounters counters;
  std::uint64_t waiting = 0;
  std::uint64_t delayed = 0;
  // They come back with the start of a server.
  std::uint64_t leased = 0;
  std::uint64_t bytes = 0;     // of payloads and attributes
  std::uint64_t requests = 0;  // remembered, so that a repeated put does nothing
  // Of the unfinished item that was put first.
  std::optional<base::Time> oldest_put;

  [[nodiscard]] std::uint64_t unfinished() const { return waiting + delayed + leased; }
};

struct JobInspection {
  std::uint64_t running = 0;
  std::uint64_t ended = 0;  // and not forgotten
  std::uint64_t batches = 0;
  std::uint64_t open_batches = 0;  // of these, those whose jobs have not all ended
};

struct Inspection {
  std::vector<QueueInspection> queues;  // in order of their names
  std::vector<model::PipelineRecord> pipelines;
  std::vector<model::LimitRecord> limits;
  std::vector<model::ScheduleRecord> schedules;
  JobInspection jobs;
  // Of the last commit; a server reads stores up to its own (frame.h).
  std::uint8_t schema_version = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;  // pages that hold data
};

// Reads and checks everything. STORE_TOO_NEW, STORE_DAMAGED.
absl::StatusOr<Inspection> inspect(const LmdbStore& store);

}  // namespace sluice::journal
