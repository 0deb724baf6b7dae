// What the engine and the runtime hold, seen page by page, so that their lock is never held for long. A snapshot is not of one
// moment: each page is.
//
// It shows the state as it stands, which may be a commit ahead of the disk: whoever looks does not wait for the store.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/views.h"
#include "server/model/stage_status.h"
#include "server/runtime/runtime.h"

namespace sluice::admin {

struct PipelineSeen {
  engine::PipelineView view;
  std::vector<model::StageStatus> stages;  // as in view.stages
};

// In order of names.
[[nodiscard]] std::vector<engine::QueueView> see_queues(runtime::Runtime& runtime);
[[nodiscard]] std::vector<PipelineSeen> see_pipelines(runtime::Runtime& runtime);

[[nodiscard]] std::vector<engine::LimitView> see_limits(runtime::Runtime& runtime);
[[nodiscard]] std::vector<engine::ScheduleView> see_schedules(runtime::Runtime& runtime);

// A page: at most `limit` queues after the name `after`.
[[nodiscard]] std::vector<engine::QueueView> see_queues(runtime::Runtime& runtime, std::string_view prefix, std::string after,
                                                        std::size_t limit);
[[nodiscard]] std::vector<PipelineSeen> see_pipelines(runtime::Runtime& runtime, std::string after, std::size_t limit);

[[nodiscard]] absl::StatusOr<engine::QueueView> see_queue(runtime::Runtime& runtime, std::string_view name);
[[nodiscard]] absl::StatusOr<PipelineSeen> see_pipeline(runtime::Runtime& runtime, std::string_view name);

}  // namespace sluice::admin
