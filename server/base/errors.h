// The one table of named errors. Every failure that a caller sees is an absl::Status with a canonical code and a Reason; the
// reason decides the code. docs/errors.md lists the same table (a test compares the two).
#pragma once

#include <map>
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
  kStageRemote,
  kHandlerNotFound,
  kJobNotFound,
  kJobForgotten,
  kBatchNotFound,
  kBatchForgotten,
  kBatchSealed,
  kLimitReached,
  kLimitNotFound,
  kLimitExists,
  kLimitInUse,
  kScheduleNotFound,
  kScheduleExists,
  kShuttingDown,
  kStoreFull,
  kStoreFailed,
  kStoreDamaged,
  kStoreTooNew,
  kRecovering,
  kNoStore,
  kBackupNoSpace,
  kCannotListen,
  kNoSuchPage,
  kMethodNotAllowed,
  kUnauthenticated,
  kForbidden,
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

// Says for machines what an error is about: "field", "queue", "limit" and the like. Travels as the metadata of the ErrorInfo. A
// second value for a key replaces the first; OK takes none.
void annotate(absl::Status& status, std::string_view key, std::string_view value);
[[nodiscard]] std::map<std::string, std::string> annotations(const absl::Status& status);

}  // namespace sluice::base
