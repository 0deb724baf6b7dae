#include "server/rpc/refusals.h"

#include <string>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/log/log.h"
#include "server/rpc/trace.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kRequestId = "request_id";

log::Level level_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnknown:
      return log::Level::kError;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return log::Level::kInfo;
    case absl::StatusCode::kUnavailable:
      // Why the clients get nowhere is what is asked first when a large store is read.
      return base::is(status, base::Reason::kRecovering) ? log::Level::kInfo : log::Level::kDebug;
    default:
      return log::Level::kDebug;
  }
}

}  // namespace

absl::Status with_request_id(absl::Status status, std::string_view request_id) {
  if (!status.ok() && !request_id.empty() && request_id.size() <= limits::kMaxRequestIdBytes) {
    base::annotate(status, kRequestId, request_id);
  }
  return status;
}

void log_refusal(std::string_view method, const absl::Status& status, const grpc::CallbackServerContext& context) {
  if (status.ok()) return;
  const log::Level level = level_of(status);
  if (!log::enabled(level)) return;
  const auto reason = base::reason_of(status);
  const auto trace = trace_of(context);
  const auto about = base::annotations(status);
  const auto request_id = about.find(std::string(kRequestId));
  log::write(level, "a call was refused",
             {{"method", method},
              {"reason", reason ? std::string(base::info(*reason).name) : absl::StatusCodeToString(status.code())},
              {"error", std::string(status.message())},
              {"request_id", request_id == about.end() ? std::string() : request_id->second},
              {"trace_id", trace ? trace->trace_id() : std::string_view()}});
}

}  // namespace sluice::rpc
