// Requests about jobs and batches as the engine's commands, and what it shows of them as messages. Pure; thread-safe. Errors as
// in wire/commands.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/engine/views.h"
#include "server/wire/call_fields.h"
#include "sluice/v1/job_service.pb.h"

namespace sluice::wire {

// Moves the items out of the request.
[[nodiscard]] absl::StatusOr<engine::PutCommand> submit_of(v1::SubmitJobsRequest& request, const CallTime& time);
[[nodiscard]] absl::StatusOr<engine::AwaitCommand> await_of(const v1::AwaitJobsRequest& request);
[[nodiscard]] absl::Status check(const v1::ForgetJobsRequest& request);

struct JobPage {
  model::BatchId batch{};                // none: all jobs
  std::optional<model::JobState> state;  // none: all states
  std::uint64_t after = 0;
  std::uint32_t size = 0;
};
[[nodiscard]] absl::StatusOr<JobPage> page_of(const v1::ListJobsRequest& request);
[[nodiscard]] absl::StatusOr<JobPage> page_of(const v1::ListBatchesRequest& request);

void fill(const engine::JobView& view, bool with_results, v1::Job& job);
void fill(const engine::BatchView& view, v1::Batch& batch);
// A job that is not there, for the reason that `status` gives.
void fill_gone(model::JobId id, const absl::Status& status, v1::Job& job);

}  // namespace sluice::wire
