#include "server/runtime/stage_output.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/model/trace_context.h"

namespace sluice::runtime {
namespace {

using base::Reason;

absl::Status check_keys(const model::Attributes& sorted) {
  const auto twice = std::ranges::adjacent_find(sorted, std::ranges::equal_to{}, &model::Attributes::value_type::first);
  if (twice == sorted.end()) return absl::OkStatus();
  return base::error(Reason::kInvalidValue, fmt::format("the handler made a result with two attributes \"{}\"", twice->first));
}

absl::Status check(const handlers::Output& result) {
  if (result.payload.size() > limits::kMaxPayloadBytes) {
    return base::error(Reason::kPayloadTooLarge, fmt::format("the handler made a result of {} bytes, of at most {}; hand on a "
                                                             "reference to the data instead",
                                                             result.payload.size(), limits::kMaxPayloadBytes));
  }
  if (!result.attributes) return absl::OkStatus();
  std::size_t bytes = 0;
  std::size_t longest_key = 0;
  for (const auto& [key, value] : *result.attributes) {
    bytes += key.size() + value.size();
    longest_key = std::max(longest_key, key.size());
  }
  if (result.attributes->size() <= limits::kMaxAttributes && bytes <= limits::kMaxAttributeBytes &&
      longest_key <= limits::kMaxAttributeKeyBytes) {
    return absl::OkStatus();
  }
  return base::error(Reason::kAttributesTooLarge,
                     fmt::format("the handler made a result with {} attributes of {} bytes, the longest key of {}; at most {}, "
                                 "{} and {} are allowed",
                                 result.attributes->size(), bytes, longest_key, limits::kMaxAttributes,
                                 limits::kMaxAttributeBytes, limits::kMaxAttributeKeyBytes));
}

model::BodyPtr body_of(handlers::Output&& result, const model::Delivery& input) {
  auto body = std::make_shared<model::Body>();
  body->payload = std::move(result.payload);
  body->attributes = result.attributes ? *std::move(result.attributes) : input.body->attributes;
  std::ranges::sort(body->attributes);
  // A result with attributes of its own is still a part of the same work.
  if (const auto trace = model::trace_of(input.body->attributes)) model::give(*trace, body->attributes);
  return body;
}

absl::StatusOr<std::vector<model::BodyPtr>> bodies_of(const model::Delivery& input, std::vector<handlers::Output>&& results) {
  if (results.size() > limits::kMaxBatch) {
    return base::error(Reason::kBatchTooLarge, fmt::format("the handler made {} results of one item, of at most {}",
                                                           results.size(), limits::kMaxBatch));
  }
  std::vector<model::BodyPtr> bodies;
  bodies.reserve(results.size());
  for (handlers::Output& result : results) {
    if (auto status = check(result); !status.ok()) return status;
    auto body = body_of(std::move(result), input);
    if (auto status = check_keys(body->attributes); !status.ok()) return status;
    bodies.push_back(std::move(body));
  }
  return bodies;
}

}  // namespace

absl::StatusOr<std::vector<engine::OutputItem>> output_items(const model::StageSpec& stage, const model::Delivery& input,
                                                             std::vector<handlers::Output>&& results) {
  std::vector<engine::OutputItem> items;
  if (stage.output.empty()) return items;
  auto bodies = bodies_of(input, std::move(results));
  if (!bodies.ok()) return bodies.status();
  items.reserve(bodies->size());
  for (auto& body : *bodies) items.push_back({stage.output, {.body = std::move(body), .priority = input.priority}});
  return items;
}

absl::Status give_results(const model::StageSpec& stage, const model::Delivery& input, std::vector<handlers::Output>&& results,
                          engine::CompleteCommand& command) {
  if (stage.output.empty()) {
    if (input.job == model::JobId{}) return absl::OkStatus();
    auto bodies = bodies_of(input, std::move(results));
    if (bodies.ok()) command.results = *std::move(bodies);
    return bodies.status();
  }
  auto outputs = output_items(stage, input, std::move(results));
  if (outputs.ok()) command.outputs = *std::move(outputs);
  return outputs.status();
}

handlers::Error refused_output(const model::StageSpec& stage, const absl::Status& status) {
  handlers::Error error;
  error.failure.reason = model::failure_reason::kOutputRefused;
  error.failure.message = fmt::format("the results cannot go to queue \"{}\": {}", stage.output, std::string(status.message()));
  error.do_not_retry = !base::is(status, Reason::kLimitReached);
  return error;
}

}  // namespace sluice::runtime
