// The trace that a call belongs to, out of its metadata.
#pragma once

#include <optional>

#include <grpcpp/server_context.h>

#include "server/model/trace_context.h"

namespace sluice::rpc {

// None where there is no traceparent, more than one, or a malformed one.
[[nodiscard]] std::optional<model::TraceContext> trace_of(const grpc::CallbackServerContext& context);

}  // namespace sluice::rpc
