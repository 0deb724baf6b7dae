#include "server/wire/commands.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/wire/call_fields.h"
#include "server/wire/ending.h"
#include "server/wire/item.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr Field kRequest;
constexpr DurationRange kLeases{limits::kMinLease, limits::kMaxLease};

std::vector<model::LeaseId> read_tokens(Reader& reader, const google::protobuf::RepeatedField<std::uint64_t>& tokens) {
  std::vector<model::LeaseId> leases;
  if (!check_batch(reader, "lease_tokens", tokens.size())) return leases;
  leases.reserve(static_cast<std::size_t>(tokens.size()));
  for (const std::uint64_t token : tokens) leases.push_back(model::LeaseId{token});
  return leases;
}

}  // namespace

absl::StatusOr<engine::PutCommand> put_of(v1::PutRequest& request, const CallTime& time) {
  Reader reader;
  engine::PutCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.give_up = read_give_up(reader, request, time);
  command.request_id = read_request_id(reader, request.request_id());
  if (check_batch(reader, "items", request.items_size())) {
    command.items.reserve(static_cast<std::size_t>(request.items_size()));
  }
  for (int i = 0; i < request.items_size() && reader.ok(); ++i) {
    const Field field(kRequest, "items", static_cast<std::size_t>(i));
    command.items.push_back(read_new_item(reader, field, *request.mutable_items(i)));
  }
  if (!reader.ok()) return reader.status();
  return command;
}

absl::StatusOr<engine::GetCommand> get_of(const v1::GetRequest& request, const CallTime& time) {
  Reader reader;
  engine::GetCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.max_items = reader.count_or({kRequest, "max_items"}, request.max_items(), 1, limits::kMaxBatch);
  command.give_up = read_give_up(reader, request, time);
  if (request.has_lease_duration()) {
    command.lease_duration = reader.duration({kRequest, "lease_duration"}, request.lease_duration(), kLeases);
  }
  command.consumer = reader.text({kRequest, "consumer"}, request.consumer(), limits::kMaxConsumerNameBytes);
  if (!reader.ok()) return reader.status();
  return command;
}

absl::StatusOr<std::vector<engine::CompleteCommand>> completes_of(v1::CompleteRequest& request, const CallTime& time) {
  Reader reader;
  engine::CompleteCommand common;
  common.queue = reader.name({kRequest, "queue"}, request.queue());
  common.give_up = read_give_up(reader, request, time);
  common.request_id = read_request_id(reader, request.request_id());
  if (check_batch(reader, "completions", request.completions_size())) check_outputs(reader, request.completions());
  std::vector<engine::CompleteCommand> commands;
  for (int i = 0; i < request.completions_size() && reader.ok(); ++i) {
    const Field field(kRequest, "completions", static_cast<std::size_t>(i));
    read_completion(reader, field, *request.mutable_completions(i), commands.emplace_back(common));
  }
  if (!reader.ok()) return reader.status();
  return commands;
}

absl::StatusOr<std::vector<engine::FailCommand>> fails_of(const v1::FailRequest& request) {
  Reader reader;
  engine::FailCommand common;
  common.queue = reader.name({kRequest, "queue"}, request.queue());
  common.request_id = read_request_id(reader, request.request_id());
  check_batch(reader, "leases", request.leases_size());
  std::vector<engine::FailCommand> commands;
  for (int i = 0; i < request.leases_size() && reader.ok(); ++i) {
    const Field field(kRequest, "leases", static_cast<std::size_t>(i));
    read_failed_lease(reader, field, request.leases(i), commands.emplace_back(common));
  }
  if (!reader.ok()) return reader.status();
  return commands;
}

absl::StatusOr<ExtendCommand> extend_of(const v1::ExtendRequest& request) {
  Reader reader;
  ExtendCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.leases = read_tokens(reader, request.lease_tokens());
  if (request.has_lease_duration()) {
    command.lease_duration = reader.duration({kRequest, "lease_duration"}, request.lease_duration(), kLeases);
  }
  if (!reader.ok()) return reader.status();
  return command;
}

absl::StatusOr<ReleaseCommand> release_of(const v1::ReleaseRequest& request) {
  Reader reader;
  ReleaseCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  command.leases = read_tokens(reader, request.lease_tokens());
  if (!reader.ok()) return reader.status();
  return command;
}

absl::StatusOr<ReportCommand> report_of(const v1::ReportProgressRequest& request) {
  Reader reader;
  ReportCommand command;
  command.queue = reader.name({kRequest, "queue"}, request.queue());
  if (check_batch(reader, "reports", request.reports_size())) command.reports = reports_of(request.reports());
  if (!reader.ok()) return reader.status();
  return command;
}

void fill(model::LeaseId lease, const absl::Status& status, v1::LeaseResult& result) {
  result.set_lease_token(model::number(lease));
  if (status.ok()) return;
  const Reason reason = base::reason_of(status).value_or(Reason::kInternal);
  result.set_error_reason(std::string(base::info(reason).name));
  result.set_error_message(std::string(status.message()));
}

}  // namespace sluice::wire
