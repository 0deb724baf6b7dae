// Requests about queues, pipelines and stages as a whole: checked, and in the model's words. Pure; thread-safe.
//
// Errors are those that every call can give (INVALID_NAME, INVALID_VALUE, INVALID_UTF8) and those that spec.h names. Each
// message begins with the path of its field, and the status is annotated with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"
#include "server/model/states.h"
#include "server/wire/page.h"
#include "sluice/v1/limit_service.pb.h"
#include "sluice/v1/pipeline_service.pb.h"
#include "sluice/v1/queue_service.pb.h"
#include "sluice/v1/schedule_service.pb.h"

namespace sluice::wire {

// A name of something that exists; `field` is the request's: "queue", "pipeline", "stage".
[[nodiscard]] absl::Status check_name(std::string_view field, std::string_view name);

[[nodiscard]] absl::StatusOr<model::QueueSpec> spec_of(const v1::CreateQueueRequest& request);
[[nodiscard]] absl::StatusOr<model::PipelineSpec> spec_of(const v1::CreatePipelineRequest& request);
[[nodiscard]] absl::StatusOr<model::QueueSettingsPatch> patch_of(const v1::UpdateQueueRequest& request);

[[nodiscard]] absl::StatusOr<NamePage> page_of(const v1::ListQueuesRequest& request);
[[nodiscard]] absl::StatusOr<NamePage> page_of(const v1::ListPipelinesRequest& request);
[[nodiscard]] absl::StatusOr<NamePage> page_of(const v1::ListHandlersRequest& request);
[[nodiscard]] absl::StatusOr<NamePage> page_of(const v1::ListLimitsRequest& request);
[[nodiscard]] absl::StatusOr<NamePage> page_of(const v1::ListSchedulesRequest& request);

[[nodiscard]] absl::StatusOr<model::LimitSpec> spec_of(const v1::CreateLimitRequest& request);
// Its name has been checked too.
[[nodiscard]] absl::StatusOr<model::LimitPatch> patch_of(const v1::UpdateLimitRequest& request);

[[nodiscard]] absl::StatusOr<model::ScheduleSpec> spec_of(const v1::CreateScheduleRequest& request);
// Of an update without, and with, an update_mask.
[[nodiscard]] absl::StatusOr<model::ScheduleSpec> spec_of(const v1::UpdateScheduleRequest& request);
[[nodiscard]] absl::StatusOr<model::SchedulePatch> patch_of(const v1::UpdateScheduleRequest& request);

struct PeekCommand {
  std::string queue;
  std::optional<model::ItemState> state;  // absent: all
  std::size_t offset = 0;
  std::uint32_t limit = 0;
  std::uint32_t max_payload_bytes = 0;
};
[[nodiscard]] absl::StatusOr<PeekCommand> peek_of(const v1::PeekRequest& request);

struct CancelCommand {
  std::string queue;
  std::vector<model::ItemId> items;
};
[[nodiscard]] absl::StatusOr<CancelCommand> cancel_of(const v1::CancelItemsRequest& request);
void fill(const CancelCommand& command, const std::vector<engine::CancelOutcome>& outcomes, v1::CancelItemsResponse& response);

[[nodiscard]] absl::StatusOr<engine::RedriveCommand> redrive_of(const v1::RedriveItemsRequest& request);
void fill(const engine::RedriveResult& result, v1::RedriveItemsResponse& response);

[[nodiscard]] absl::StatusOr<engine::JoinCommand> join_of(const v1::JoinQueueRequest& request);
[[nodiscard]] absl::StatusOr<engine::JoinCommand> join_of(const v1::JoinPipelineRequest& request);

// Names, and workers within 0 to 1,000.
[[nodiscard]] absl::Status check(const v1::ScaleStageRequest& request);
[[nodiscard]] absl::Status check(const v1::PauseStageRequest& request);
[[nodiscard]] absl::Status check(const v1::ResumeStageRequest& request);

}  // namespace sluice::wire
