#include "server/wire/requests.h"

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/spec.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;

absl::Status missing(const Field& field) {
  Reader reader;
  reader.complain(Reason::kInvalidValue, field, "is missing");
  return reader.status();
}

template <class Request>
absl::StatusOr<NamePage> name_page(const Request& request) {
  Reader reader;
  auto page = read_name_page(reader, request.page_size(), request.page_token());
  if (!reader.ok()) return reader.status();
  return page;
}

std::optional<model::ItemState> read_state(Reader& reader, v1::ItemState state) {
  switch (state) {
    case v1::ITEM_STATE_UNSPECIFIED:
      return std::nullopt;
    case v1::ITEM_STATE_WAITING:
      return model::ItemState::kWaiting;
    case v1::ITEM_STATE_DELAYED:
      return model::ItemState::kDelayed;
    case v1::ITEM_STATE_LEASED:
      return model::ItemState::kLeased;
    default:
      reader.complain(Reason::kInvalidValue, {kRequest, "state"},
                      fmt::format("{} is no state; 0 (all), 1 (WAITING), 2 (DELAYED) and 3 (LEASED) are", int{state}));
      return std::nullopt;
  }
}

template <class Request>
absl::StatusOr<engine::JoinCommand> join(std::string_view field, const std::string& name, const Request& request) {
  Reader reader;
  engine::JoinCommand command;
  command.name = reader.name({kRequest, field}, name);
  if (request.has_progress_interval()) {
    command.progress_interval = reader.duration({kRequest, "progress_interval"}, request.progress_interval(),
                                                {limits::kMinProgressInterval, limits::kMaxProgressInterval});
  }
  if (request.has_since_idle_count()) command.since_idle_count = request.since_idle_count();
  if (!reader.ok()) return reader.status();
  return command;
}

template <class Request>
absl::StatusOr<model::ScheduleSpec> schedule(const Request& request) {
  const Field field(kRequest, "schedule");
  if (!request.has_schedule()) return missing(field);
  return schedule_spec(request.schedule(), field);
}

template <class Request>
void read_stage_names(Reader& reader, const Request& request) {
  reader.name({kRequest, "pipeline"}, request.pipeline());
  reader.name({kRequest, "stage"}, request.stage());
}

}  // namespace

absl::Status check_name(std::string_view field, std::string_view name) {
  Reader reader;
  reader.name({kRequest, field}, name);
  return reader.status();
}

absl::StatusOr<model::QueueSpec> spec_of(const v1::CreateQueueRequest& request) {
  const Field field(kRequest, "queue");
  if (!request.has_queue()) return missing(field);
  return queue_spec(request.queue(), field);
}

absl::StatusOr<model::PipelineSpec> spec_of(const v1::CreatePipelineRequest& request) {
  const Field field(kRequest, "pipeline");
  if (!request.has_pipeline()) return missing(field);
  return pipeline_spec(request.pipeline(), field);
}

absl::StatusOr<model::QueueSettingsPatch> patch_of(const v1::UpdateQueueRequest& request) {
  Reader reader;
  reader.name({kRequest, "queue"}, request.queue());
  auto patch = read_settings(reader, {kRequest, "settings"}, request.settings(), request.queue());
  if (!reader.ok()) return reader.status();
  return patch;
}

absl::StatusOr<NamePage> page_of(const v1::ListQueuesRequest& request) { return name_page(request); }
absl::StatusOr<NamePage> page_of(const v1::ListPipelinesRequest& request) { return name_page(request); }
absl::StatusOr<NamePage> page_of(const v1::ListHandlersRequest& request) { return name_page(request); }

absl::StatusOr<NamePage> page_of(const v1::ListLimitsRequest& request) { return name_page(request); }
absl::StatusOr<NamePage> page_of(const v1::ListSchedulesRequest& request) { return name_page(request); }

absl::StatusOr<model::LimitSpec> spec_of(const v1::CreateLimitRequest& request) {
  const Field field(kRequest, "limit");
  if (!request.has_limit()) return missing(field);
  return limit_spec(request.limit(), field);
}

absl::StatusOr<model::LimitPatch> patch_of(const v1::UpdateLimitRequest& request) {
  const Field field(kRequest, "limit");
  if (!request.has_limit()) return missing(field);
  return limit_patch(request.limit(), field);
}

absl::StatusOr<model::ScheduleSpec> spec_of(const v1::CreateScheduleRequest& request) { return schedule(request); }
absl::StatusOr<model::ScheduleSpec> spec_of(const v1::UpdateScheduleRequest& request) { return schedule(request); }

absl::StatusOr<model::SchedulePatch> patch_of(const v1::UpdateScheduleRequest& request) {
  const Field field(kRequest, "schedule");
  if (!request.has_schedule()) return missing(field);
  return schedule_patch(request.schedule(), request.update_mask(), field);
}

absl::StatusOr<PeekCommand> peek_of(const v1::PeekRequest& request) {
  Reader reader;
  PeekCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.limit =
      reader.count_or({kRequest, "page_size"}, request.page_size(), limits::kDefaultPeekItems, limits::kMaxPageSize);
  command.offset = read_offset(reader, request.page_token());
  command.state = read_state(reader, request.state());
  command.max_payload_bytes = limits::kDefaultPeekPayloadBytes;
  if (request.has_max_payload_bytes()) {
    command.max_payload_bytes =
        reader.number({kRequest, "max_payload_bytes"}, request.max_payload_bytes(), 0U, limits::kMaxPeekPayloadBytes);
  }
  if (!reader.ok()) return reader.status();
  return command;
}

absl::StatusOr<engine::JoinCommand> join_of(const v1::JoinQueueRequest& request) {
  return join("queue", request.queue(), request);
}

absl::StatusOr<engine::JoinCommand> join_of(const v1::JoinPipelineRequest& request) {
  return join("pipeline", request.pipeline(), request);
}

absl::Status check(const v1::ScaleStageRequest& request) {
  Reader reader;
  read_stage_names(reader, request);
  reader.number({kRequest, "workers"}, request.workers(), 0U, limits::kMaxStageWorkers);
  return reader.status();
}

absl::Status check(const v1::PauseStageRequest& request) {
  Reader reader;
  read_stage_names(reader, request);
  return reader.status();
}

absl::Status check(const v1::ResumeStageRequest& request) {
  Reader reader;
  read_stage_names(reader, request);
  return reader.status();
}

}  // namespace sluice::wire
