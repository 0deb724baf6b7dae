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

// Ends that are no error of the server's own, and so not in its table; their reason is the name of their code.
constexpr bool is_named_by_code(absl::StatusCode code) {
  return code == absl::StatusCode::kCancelled || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kUnimplemented;
}

}  // namespace

grpc::Status to_grpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto reason = base::reason_of(status);
  const bool plain = !reason && is_named_by_code(status.code());
  const auto& known = base::info(reason.value_or(base::Reason::kInternal));
  const auto code = static_cast<int>(plain ? status.code() : known.code);

  google::rpc::ErrorInfo info;
  info.set_reason(plain ? absl::StatusCodeToString(status.code()) : std::string(known.name));
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
