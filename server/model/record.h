// What a journal stores: state, not history. The engine emits records, a journal keeps the last one of each key, and a new
// engine is rebuilt from what was kept. Each struct says what its key is.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/model/counters.h"
#include "server/model/item.h"
#include "server/model/job.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"
#include "server/model/states.h"

namespace sluice::model {

// Key: id.
struct QueueRecord {
  QueueId id{};
  std::string name;
  QueueSettings settings;
  QueueState state = QueueState::kOpen;
  bool paused = false;
  base::Time create_time{};
  std::string pipeline;  // that created it; empty if none did

  bool operator==(const QueueRecord&) const = default;
};

// Erases the queue with its counters and requests. Its items have records of their own before it.
struct QueueErased {
  QueueId id{};
};

// Key: queue. At most one a queue and command, with the values after it.
struct CountersRecord {
  QueueId queue{};
  QueueCounters counters;
  std::uint64_t idle_count = 0;  // how often the queue has become idle

  bool operator==(const CountersRecord&) const = default;
};

// Key: id. Only unfinished items have one.
struct ItemRecord {
  ItemId id{};
  QueueId queue{};
  ItemState state = ItemState::kWaiting;
  std::int64_t priority = 0;
  // Where the item stands among its equals: smaller is sooner.
  std::int64_t rank = 0;
  std::uint32_t attempt = 0;
  std::uint32_t lost = 0;  // of these attempts, with their consumer
  base::Time put_time{};
  base::Time due{};  // of a delayed item: when it becomes ready
  std::shared_ptr<const Failure> last_failure;
  ItemOptionsPtr options;  // null: none
  // Null: as in the record before this one of the same id.
  BodyPtr body;
  JobId job{};
};

struct ItemErased {
  ItemId id{};
  QueueId queue{};
};

// Key: queue and key. What a repeated request is answered with.
struct RequestRecord {
  QueueId queue{};
  std::string key;
  base::Time expires{};
  ItemId first{};
  std::uint32_t count = 0;
  std::vector<ItemId> ids = {};  // not empty: these instead of `count` from `first` on
  std::uint64_t position = 0;    // of a named producer: how many of its items are in the queue

  bool operator==(const RequestRecord&) const = default;
};

struct RequestErased {
  QueueId queue{};
  std::string key;
};

struct StageRecord {
  StageSpec spec;  // with the present number of workers
  StageState state = StageState::kRunning;

  bool operator==(const StageRecord&) const = default;
};

// Key: name.
struct PipelineRecord {
  std::string name;
  std::vector<StageRecord> stages;
  base::Time create_time{};
  std::uint64_t idle_count = 0;

  bool operator==(const PipelineRecord&) const = default;
};

struct PipelineErased {
  std::string name;
};

// Key: its name. Before the pipelines whose stages name it.
struct LimitRecord {
  LimitSpec spec;

  bool operator==(const LimitRecord&) const = default;
};

struct LimitErased {
  std::string name;
};

// Key: its name.
struct ScheduleRecord {
  ScheduleSpec spec;
  ScheduleState state;
};

struct ScheduleErased {
  std::string name;
};

// Key: none, there is one. Every number below these may have been given away. Written ahead in blocks, so that most commands
// need no record of it; a restarted engine goes on from here.
struct SequenceRecord {
  std::uint64_t item_ids_below = 0;
  std::uint64_t lease_ids_below = 0;
  std::uint32_t queue_ids_below = 0;

  bool operator==(const SequenceRecord&) const = default;
};

using Record = std::variant<QueueRecord, QueueErased, CountersRecord, ItemRecord, ItemErased, RequestRecord, RequestErased,
                            PipelineRecord, PipelineErased, LimitRecord, LimitErased, ScheduleRecord, ScheduleErased,
                            SequenceRecord, JobRecord, JobErased, BatchRecord, BatchErased>;

}  // namespace sluice::model
