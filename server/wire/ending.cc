#include "server/wire/ending.h"

#include <fmt/format.h>

#include <utility>

#include "server/base/limits.h"
#include "server/wire/failure.h"
#include "server/wire/item.h"

namespace sluice::wire {
namespace {

constexpr Field kRequest;
constexpr DurationRange kRetryDelays{base::Duration{0}, limits::kMaxBackoff};

}  // namespace

void check_outputs(Reader& reader, const google::protobuf::RepeatedPtrField<v1::Completion>& completions) {
  std::size_t all = 0;
  for (int i = 0; i < completions.size(); ++i) {
    const auto size = static_cast<std::size_t>(completions[i].outputs_size());
    const Field field(kRequest, "completions", static_cast<std::size_t>(i));
    all += size;
    if (size > limits::kMaxBatch) {
      reader.complain(base::Reason::kInvalidValue, {field, "outputs"},
                      fmt::format("has {} entries; at most {} are allowed", size, limits::kMaxBatch));
    }
  }
  if (all > limits::kMaxOutputs) {
    reader.complain(base::Reason::kInvalidValue, {kRequest, "completions"},
                    fmt::format("have {} outputs together; at most {} are allowed", all, limits::kMaxOutputs));
  }
}

void read_completion(Reader& reader, const Field& at, v1::Completion& completion, engine::CompleteCommand& command) {
  command.lease = model::LeaseId{completion.lease_token()};
  if (completion.has_result()) {
    const std::size_t bytes = completion.result().size();
    if (bytes > limits::kMaxPayloadBytes) {
      reader.complain(base::Reason::kPayloadTooLarge, {at, "result"},
                      fmt::format("has {} bytes; at most {} are allowed", bytes, limits::kMaxPayloadBytes));
    }
    command.results.push_back(std::make_shared<const model::Body>(model::Body{std::move(*completion.mutable_result()), {}}));
  }
  command.outputs.reserve(static_cast<std::size_t>(completion.outputs_size()));
  for (int i = 0; i < completion.outputs_size() && reader.ok(); ++i) {
    const Field field(at, "outputs", static_cast<std::size_t>(i));
    auto& output = *completion.mutable_outputs(i);
    auto queue = reader.name({field, "queue"}, output.queue());
    auto item = read_new_item(reader, {field, "item"}, *output.mutable_item());
    command.outputs.push_back({std::move(queue), std::move(item)});
  }
}

void read_failed_lease(Reader& reader, const Field& at, const v1::FailedLease& lease, engine::FailCommand& command) {
  command.lease = model::LeaseId{lease.lease_token()};
  command.failure = read_failure(reader, {at, "failure"}, lease.failure());
  command.do_not_retry = lease.do_not_retry();
  if (lease.has_retry_delay()) {
    command.retry_delay = reader.duration({at, "retry_delay"}, lease.retry_delay(), kRetryDelays);
  }
}

}  // namespace sluice::wire
