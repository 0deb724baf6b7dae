// What the log says of calls that failed.
#pragma once

#include <string_view>

#include <grpcpp/server_context.h>

#include "absl/status/status.h"

namespace sluice::rpc {

// Has a failure tell the request_id that the caller gave the call, if it gave one of the allowed length: in its metadata and in
// the log. OK stays as it is.
[[nodiscard]] absl::Status with_request_id(absl::Status status, std::string_view request_id);

// One line, with the request_id and the trace that the call belongs to. What is in the ordinary way of things (a full queue, a
// lost lease, a caller that left) is only there at the level debug; a request that makes no sense, and one that comes while the
// store is read, at info; a fault of the server at error. OK is no refusal, and not told. No payload and no attribute's value
// is in any of it.
void log_refusal(std::string_view method, const absl::Status& status, const grpc::CallbackServerContext& context);

}  // namespace sluice::rpc
