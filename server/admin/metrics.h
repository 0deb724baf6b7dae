// Everything that Prometheus scrapes. docs/admin.md explains each metric; a test compares the two.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/admin/book.h"
#include "server/admin/exposition.h"
#include "server/admin/snapshot.h"
#include "server/base/call_counts.h"
#include "server/base/histogram.h"
#include "server/base/limits.h"
#include "server/handlers/registry.h"
#include "server/journal/journal.h"
#include "server/model/counters.h"
#include "server/runtime/payloads.h"

namespace sluice::admin {

// What one scrape tells.
struct Measured {
  std::vector<engine::QueueView> queues;
  std::vector<PipelineSeen> pipelines;
  std::vector<engine::LimitView> limits;
  std::vector<engine::ScheduleView> schedules;
  engine::JobCounts jobs;
  base::Histogram commit_times;
  const base::CallCounts* calls = nullptr;       // null: left out
  const handlers::Registry* registry = nullptr;  // null: left out
  std::optional<journal::StoreUse> store;        // none: left out
  runtime::PayloadUse payloads;
  std::string version;
  bool ready = true;
};

// What a queue has counted.
struct QueueCounts {
  model::QueueCounters counters;
  base::Histogram wait_times;

  void add_growth(const QueueCounts& before, const QueueCounts& now);
  bool operator==(const QueueCounts&) const = default;
};

// What a stage has counted: items by what became of them, "SUCCEEDED" or the reason of their failure.
struct StageCounts {
  std::map<std::string, std::uint64_t, std::less<>> items;
  base::Histogram run_times;

  void add_growth(const StageCounts& before, const StageCounts& now);
  bool operator==(const StageCounts&) const = default;
};

// What a schedule has counted.
struct TickCounts {
  model::ScheduleCounters counters;

  void add_growth(const TickCounts& before, const TickCounts& now);
  bool operator==(const TickCounts&) const = default;
};

// Remembers what must outlive the things that are counted. Not thread-safe.
class Metrics {
 public:
  explicit Metrics(std::size_t most_queues = limits::kMaxMetricQueues, std::size_t most_stages = limits::kMaxMetricStages)
      : queues_(most_queues), stages_(most_stages), schedules_(most_queues) {}

  [[nodiscard]] std::string text(const Measured& measured);

 private:
  void write_queues(const std::vector<engine::QueueView>& all, Exposition& out);
  void write_stages(const std::vector<PipelineSeen>& all, Exposition& out);
  void write_schedules(const std::vector<engine::ScheduleView>& all, Exposition& out);

  Book<QueueCounts> queues_;
  Book<StageCounts> stages_;
  Book<TickCounts> schedules_;
};

// The parts without memory.
void write_jobs(const engine::JobCounts& jobs, Exposition& out);
// At most limits::kMaxMetricQueues of them, in order of their names.
void write_limits(const std::vector<engine::LimitView>& all, Exposition& out);
void write_calls(const base::CallCounts& calls, Exposition& out);
void write_exits(const handlers::Registry& registry, Exposition& out);
void write_process(Exposition& out);

}  // namespace sluice::admin
