// Errors on their way to a client. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace sluice::rpc {

// The canonical code, the message (cut to 1 KiB), and as details a google.rpc.Status with one ErrorInfo: the reason's name, the
// domain "sluice", and what the status is annotated with. A status without a reason is a defect: it becomes INTERNAL. Only
// CANCELLED and DEADLINE_EXCEEDED come without: they are the caller's own doing.
[[nodiscard]] grpc::Status to_grpc(const absl::Status& status);

}  // namespace sluice::rpc
