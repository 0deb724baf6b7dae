#include "sluice/error.h"

#include <array>
#include <string_view>
#include <utility>

#include "client/src/raise.h"

namespace sluice {

Error::Error(Code code, std::string reason, const std::string& message, std::map<std::string, std::string> metadata)
    : std::runtime_error(message), code_(code), reason_(std::move(reason)), metadata_(std::move(metadata)) {}

namespace internal {
namespace {

struct ReasonCode {
  std::string_view reason;
  Code code;
};

// What the result of a single token can say.
constexpr std::array kLeaseReasons = {
    ReasonCode{"LEASE_LOST", Code::kFailedPrecondition},   ReasonCode{"QUEUE_FULL", Code::kResourceExhausted},
    ReasonCode{"QUEUE_CLOSED", Code::kFailedPrecondition}, ReasonCode{"QUEUE_NOT_FOUND", Code::kNotFound},
    ReasonCode{"BATCH_TOO_LARGE", Code::kInvalidArgument}, ReasonCode{"INVALID_VALUE", Code::kInvalidArgument},
    ReasonCode{"SHUTTING_DOWN", Code::kUnavailable},
};

}  // namespace

void raise(Code code, const std::string& reason, const std::string& message,
           const std::map<std::string, std::string>& metadata) {
  if (reason == "QUEUE_FULL") throw QueueFull(code, reason, message, metadata);
  if (reason == "QUEUE_CLOSED") throw QueueClosed(code, reason, message, metadata);
  if (reason == "LEASE_LOST") throw LeaseLost(code, reason, message, metadata);
  switch (code) {
    case Code::kNotFound:
      throw NotFound(code, reason, message, metadata);
    case Code::kAlreadyExists:
      throw AlreadyExists(code, reason, message, metadata);
    case Code::kInvalidArgument:
      throw InvalidArgument(code, reason, message, metadata);
    case Code::kUnavailable:
      throw Unavailable(code, reason, message, metadata);
    case Code::kDeadlineExceeded:
      throw DeadlineExceeded(code, reason, message, metadata);
    case Code::kCancelled:
      throw Cancelled(code, reason, message, metadata);
    default:
      throw Error(code, reason, message, metadata);
  }
}

void raise(const std::string& reason, const std::string& message) {
  Code code = Code::kUnknown;
  for (const ReasonCode& known : kLeaseReasons) {
    if (known.reason == reason) code = known.code;
  }
  raise(code, reason, message);
}

}  // namespace internal
}  // namespace sluice
