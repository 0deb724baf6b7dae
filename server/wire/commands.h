// Requests about items, as the engine's commands. Pure; thread-safe. Payloads are moved out of the requests.
//
// Errors are those that every call can give (INVALID_NAME, INVALID_VALUE, INVALID_UTF8), and PAYLOAD_TOO_LARGE and
// ATTRIBUTES_TOO_LARGE for items. Each message begins with the path of its field, and the status is annotated with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/wire/call_fields.h"
#include "server/wire/progress.h"
#include "server/wire/reader.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::wire {

// Moves the items out of the request.
[[nodiscard]] absl::StatusOr<engine::PutCommand> put_of(v1::PutRequest& request, const CallTime& time);
[[nodiscard]] absl::StatusOr<engine::GetCommand> get_of(const v1::GetRequest& request, const CallTime& time);
// One for each completion, in the order of the request; at least one. Moves the outputs out of the request.
[[nodiscard]] absl::StatusOr<std::vector<engine::CompleteCommand>> completes_of(v1::CompleteRequest& request,
                                                                                const CallTime& time);
// One for each lease, in the order of the request; at least one.
[[nodiscard]] absl::StatusOr<std::vector<engine::FailCommand>> fails_of(const v1::FailRequest& request);

struct ExtendCommand {
  std::string queue;
  std::vector<model::LeaseId> leases;
  std::optional<base::Duration> lease_duration;  // absent: the queue's
};
[[nodiscard]] absl::StatusOr<ExtendCommand> extend_of(const v1::ExtendRequest& request);

struct ReleaseCommand {
  std::string queue;
  std::vector<model::LeaseId> leases;
};
[[nodiscard]] absl::StatusOr<ReleaseCommand> release_of(const v1::ReleaseRequest& request);

struct ReportCommand {
  std::string queue;
  std::vector<Report> reports;  // at least one
};
[[nodiscard]] absl::StatusOr<ReportCommand> report_of(const v1::ReportProgressRequest& request);

// What became of one token: success, or the status's reason and message.
void fill(model::LeaseId lease, const absl::Status& status, v1::LeaseResult& result);

}  // namespace sluice::wire
