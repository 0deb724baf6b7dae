// The one table of named errors. Every failure that a caller sees is an absl::Status with a canonical code and a Reason; the
// reason decides the code. docs/errors.md lists the same table (a test compares the two).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice::base {

enum class Reason {
  kMalformedRequest,
  kInvalidUtf8,
  kInvalidName,
  kInvalidValue,
  kPayloadTooLarge,
  kAttributesTooLarge,
  kBatchTooLarge,
  kQueueNotFound,
  kQueueExists,
  kQueueFull,
  kQueueClosed,
  kQueueNotEmpty,
  kQueueInUse,
  kSettingImmutable,
  kLeaseLost,
  kPipelineNotFound,
  kPipelineExists,
  kInvalidPipeline,
  kStageNotFound,
  kHandlerNotFound,
  kLimitReached,
  kShuttingDown,
  kStoreFailed,
  kInternal,
};

struct ReasonInfo {
  Reason reason;
  std::string_view name;     // QUEUE_FULL
  absl::StatusCode code;     // the canonical gRPC code
  std::string_view meaning;  // for docs/errors.md: what it says and what to try
};

// All reasons, in the order of the enum.
[[nodiscard]] std::span<const ReasonInfo> all_reasons();
[[nodiscard]] const ReasonInfo& info(Reason reason);

// A status of that reason. `message` says what, why and what to try, for people.
[[nodiscard]] absl::Status error(Reason reason, std::string_view message);

// The reason that error() put into `status`; none for OK and for statuses made otherwise.
[[nodiscard]] std::optional<Reason> reason_of(const absl::Status& status);
[[nodiscard]] bool is(const absl::Status& status, Reason reason);

}  // namespace sluice::base
