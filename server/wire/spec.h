// Specifications: what is to be created or changed, from the API or the configuration file. Pure; thread-safe.
//
// Errors are INVALID_NAME, INVALID_VALUE, INVALID_UTF8, for pipelines INVALID_PIPELINE, and for schedules PAYLOAD_TOO_LARGE and
// ATTRIBUTES_TOO_LARGE. Each message begins with the path of its field, and the status is annotated with it as "field":
// "stages[2].retry.jitter".
#pragma once

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "server/model/limit_spec.h"
#include "server/model/pipeline_spec.h"
#include "server/model/queue_settings.h"
#include "server/model/schedule.h"
#include "server/wire/reader.h"
#include "sluice/v1/limit.pb.h"
#include "sluice/v1/pipeline.pb.h"
#include "sluice/v1/queue.pb.h"
#include "sluice/v1/schedule.pb.h"

namespace sluice::wire {

// What is left out stays absent; a dead-letter queue of "-" becomes the empty string. Paths begin with `at`.
[[nodiscard]] absl::StatusOr<model::QueueSpec> queue_spec(const v1::QueueSpec& spec, const Field& at = {});

// Stages have their default names. A stage's retry policy is folded into the settings of its input queue, which is added to
// the queues where it was not listed. Queues of the stages that are not listed and have no retry policy are not added.
//
// INVALID_PIPELINE: no stage or more than 100, two of one name, a queue listed twice or that no stage uses (as input, output
// or dead-letter queue of one of these), two different retry policies for one input. A stage may feed its own input.
[[nodiscard]] absl::StatusOr<model::PipelineSpec> pipeline_spec(const v1::PipelineSpec& spec, const Field& at = {});

// A limit to create, and a change of one. Both name it.
[[nodiscard]] absl::StatusOr<model::LimitSpec> limit_spec(const v1::LimitSpec& spec, const Field& at = {});
[[nodiscard]] absl::StatusOr<model::LimitPatch> limit_patch(const v1::LimitSpec& spec, const Field& at = {});

// A schedule to create, or what one shall be from now on. Its cron and its time zone are good; looking up a time zone may read
// a file, once for each. Its attributes leave room for those that each tick adds.
[[nodiscard]] absl::StatusOr<model::ScheduleSpec> schedule_spec(const v1::ScheduleSpec& spec, const Field& at = {});
// What `mask` names of it. INVALID_VALUE for what is no field that can change.
[[nodiscard]] absl::StatusOr<model::SchedulePatch> schedule_patch(const v1::ScheduleSpec& spec,
                                                                  const google::protobuf::FieldMask& mask,
                                                                  const Field& at = {});

// The parts of the above, for whoever reads a message around them. `name` is the queue's.
[[nodiscard]] model::QueueSpec read_queue_spec(Reader& reader, const Field& at, const v1::QueueSpec& spec);
[[nodiscard]] model::QueueSettingsPatch read_settings(Reader& reader, const Field& at, const v1::QueueSettings& settings,
                                                      std::string_view name);

void read_retry(Reader& reader, const Field& at, const v1::RetryPolicy& retry, model::QueueSettingsPatch& patch);

// What only all settings together can tell: max_backoff is at least initial_backoff. INVALID_VALUE.
[[nodiscard]] absl::Status check_settings(const model::QueueSettings& settings, const Field& at);

// The way back, every field filled in; an empty dead-letter queue becomes "-".
[[nodiscard]] v1::QueueSettings settings_message(const model::QueueSettings& settings);
[[nodiscard]] v1::RetryPolicy retry_message(const model::RetryPolicy& retry);

}  // namespace sluice::wire
