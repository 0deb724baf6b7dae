// What can be seen of the engine's state from outside: copies, safe to keep and to pass between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/histogram.h"
#include "server/model/counters.h"
#include "server/model/item.h"
#include "server/model/job.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"
#include "server/model/stage_status.h"
#include "server/model/states.h"

namespace sluice::engine {

// Why something does not move although there is work.
enum class StallReason : std::uint8_t {
  kOutputFullWithoutConsumer,
  kNoConsumer,
  kNoWorker,
  kQueuePaused,
  kStagePaused,
  kStageWithoutWorkers,
  kCycleFull,
  kAllDelayed,
  kWaitsForWorkers,
  kLimitExhausted,
  kOrderKeyHeld,
};

// OUTPUT_FULL_WITHOUT_CONSUMER and so on, as the API has it.
[[nodiscard]] std::string_view name(StallReason reason);

struct Stall {
  StallReason reason{};
  std::string queue;
  std::string message;

  bool operator==(const Stall&) const = default;
};

struct QueueView {
  std::string name;
  model::QueueSettings settings;
  model::QueueState state{};
  bool paused = false;
  base::Time create_time{};
  std::string pipeline;
  std::uint64_t waiting = 0;
  std::uint64_t delayed = 0;
  std::uint64_t leased = 0;
  std::uint64_t bytes = 0;
  std::uint64_t waiting_puts = 0;
  std::uint64_t waiting_gets = 0;
  std::uint64_t waiting_joins = 0;
  std::optional<base::Duration> oldest_age;
  std::uint64_t idle_count = 0;
  model::QueueCounters counters;
  base::Histogram wait_times;  // from the put of an item to its first delivery; since the server started
  std::vector<Stall> stalls;

  [[nodiscard]] std::uint64_t unfinished() const { return waiting + delayed + leased; }
};

struct StageView {
  model::StageSpec spec;
  model::StageState state{};
  std::uint32_t workers = 0;  // alive, as reported by worker_started and worker_stopped
  // Of remote workers: how many are attached and what they hold, and what they have ended since the server started.
  std::uint32_t remote_workers = 0;
  std::uint64_t remote_items = 0;
  std::uint64_t remote_done = 0;
  std::uint64_t remote_failed = 0;
  bool started = true;                                  // false: not all workers that it starts with were ready yet
  std::uint32_t ready_workers = 0;                      // while it is not started, of all kinds
  std::vector<model::RunningItem> remote_running = {};  // the longest first, at most limits::kMaxRunningListed
};

struct StageName {
  std::string pipeline;
  std::string stage;

  bool operator==(const StageName&) const = default;
};

struct LimitView {
  model::LimitSpec spec;
  std::uint32_t in_use = 0;
  std::optional<base::Time> ready;  // when the rate allows the next one, if that is not now
  std::vector<StageName> stages;    // that name it
  std::vector<StageName> waiting;   // of them, those that have work and wait for it, in the order of their turn
};

struct ScheduleView {
  model::ScheduleSpec spec;
  model::ScheduleState state;
  std::vector<base::Time> upcoming;  // ticks, limits::kUpcomingTicks of them; none while it is paused, nor in a list
};

// A remote worker; its counts are those since it attached.
struct WorkerView {
  model::WorkerId id{};
  std::string name;
  std::string host;
  std::string pipeline;
  std::string stage;
  base::Time attach_time{};
  std::uint64_t in_flight = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
};

struct PipelineView {
  std::string name;
  std::vector<StageView> stages;
  std::vector<QueueView> queues;  // in the order of the flow
  base::Time create_time{};
  std::uint64_t unfinished = 0;  // in the queues that a stage reads
  bool finished = false;
  std::uint64_t idle_count = 0;
  std::vector<Stall> stalls;
};

struct JobView {
  model::JobRecord facts;
  std::uint64_t items = 0;                // that have not ended
  base::Time forget_time = base::kNever;  // of an ended one
  model::ProgressPtr progress = nullptr;  // of its item that something was reported of last; null if that is held no more
  std::string progress_queue = {};        // that this item was taken from
};

struct BatchView {
  model::BatchRecord facts;
  std::uint32_t running = 0;      // jobs that have not ended
  base::Time due = base::kNever;  // of an open one, when it is abandoned; of an ended one, when it is forgotten
};

struct JobCounts {
  std::uint64_t running = 0;
  std::uint64_t ended = 0;         // and not forgotten
  std::uint64_t result_bytes = 0;  // of these
  std::uint64_t batches = 0;
  std::uint64_t awaiters = 0;
};

struct PeekedItem {
  model::ItemId id{};
  model::ItemState state{};
  model::BodyPtr body;  // null: to be fetched from the journal
  std::size_t body_bytes = 0;
  std::int64_t priority = 0;
  std::uint32_t attempt = 0;
  base::Time put_time{};
  std::optional<base::Time> due;  // of a delayed item: ready; of a leased one: its lease runs out
  std::shared_ptr<const model::Failure> last_failure;
  model::ItemOptionsPtr options;  // null: none
  model::JobId job{};
  std::string consumer;         // the stage, or the name of the consumer or remote worker
  model::ProgressPtr progress;  // null: none was reported
};

}  // namespace sluice::engine
