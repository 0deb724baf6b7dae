#include "server/rpc/status.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/errors.h"
#include "server/wire/utf8.h"

namespace sluice::rpc {
namespace {

// Message and details travel as headers, of which clients take some 8 KiB; the message is in both.
constexpr std::size_t kMaxMessageBytes = 1024;

constexpr bool is_callers_own(absl::StatusCode code) {
  return code == absl::StatusCode::kCancelled || code == absl::StatusCode::kDeadlineExceeded;
}

}  // namespace

grpc::Status to_grpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto reason = base::reason_of(status);
  if (!reason && is_callers_own(status.code())) {
    return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
  }
  const auto& known = base::info(reason.value_or(base::Reason::kInternal));
  const auto code = static_cast<int>(known.code);

  google::rpc::ErrorInfo info;
  info.set_reason(std::string(known.name));
  info.set_domain("sluice");
  for (const auto& [key, value] : base::annotations(status)) (*info.mutable_metadata())[key] = wire::utf8_repaired(value);

  const std::string message(wire::utf8_head(wire::utf8_repaired(std::string(status.message())), kMaxMessageBytes));
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  details.add_details()->PackFrom(info);
  return {static_cast<grpc::StatusCode>(code), message, details.SerializeAsString()};
}

}  // namespace sluice::rpc
