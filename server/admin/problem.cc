#include "server/admin/problem.h"

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

using base::Reason;
using Json = nlohmann::ordered_json;

unsigned http_status(Reason reason, absl::StatusCode code) {
  if (reason == Reason::kMethodNotAllowed) return 405;
  if (reason == Reason::kStoreFull) return 507;
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

Response document(unsigned status, std::string_view reason, std::string_view detail, Json metadata) {
  Json json = {{"type", fmt::format("urn:sluice:reason:{}", reason)},
               {"title", reason},
               {"status", status},
               {"detail", detail},
               {"reason", reason}};
  if (!metadata.empty()) json["metadata"] = std::move(metadata);
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  return response;
}

}  // namespace

Response problem(const absl::Status& status) {
  const auto& known = base::info(base::reason_of(status).value_or(Reason::kInternal));
  return document(http_status(known.reason, known.code), known.name, std::string(status.message()), base::annotations(status));
}

Response problem(unsigned http_status, Reason reason, std::string_view detail) {
  return document(http_status, base::info(reason).name, detail, {});
}

}  // namespace sluice::admin
