// Makes the queues, limits, pipelines and schedules of the configuration stand.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/schedule.h"
#include "server/runtime/runtime.h"

namespace sluice {

// Creates what does not exist yet. Of what does, changed settings and worker counts are applied, and a schedule is replaced,
// its counters apart; SETTING_IMMUTABLE for a queue of another order, PIPELINE_EXISTS for a pipeline of other stages. Stops at
// the first error; its message names the queue, limit, pipeline or schedule. When it returns OK, everything is committed.
[[nodiscard]] absl::Status apply_configured(runtime::Runtime& runtime, const std::vector<model::QueueSpec>& queues,
                                            const std::vector<model::LimitSpec>& limits,
                                            const std::vector<model::PipelineSpec>& pipelines,
                                            const std::vector<model::ScheduleSpec>& schedules);

}  // namespace sluice
