// Errors as problem documents (RFC 9457), with the reason that the gRPC API gives too.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/admin/http.h"
#include "server/base/errors.h"

namespace sluice::admin {

// {"type":"urn:sluice:reason:QUEUE_NOT_FOUND","title":"QUEUE_NOT_FOUND","status":404,"detail":"...","reason":"QUEUE_NOT_FOUND",
// "metadata":{"queue":"tasks"}}. `status` is not OK.
[[nodiscard]] Response problem(const absl::Status& status);
// With an HTTP status that the reason alone does not tell.
[[nodiscard]] Response problem(unsigned http_status, base::Reason reason, std::string_view detail);

}  // namespace sluice::admin
