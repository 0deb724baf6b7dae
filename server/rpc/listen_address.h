// Where to listen.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace sluice::rpc {

// INVALID_VALUE unless it is "host:port" or "[host]:port" with a port of 0 to 65535.
[[nodiscard]] absl::Status check_listen_address(const std::string& address);

// Waits a moment for an address that a killed server still has (base/leftover.h). Whether one can listen there then is not
// said.
void wait_for_address(const std::string& address);

// Why nothing can listen there, as CANNOT_LISTEN: asked of the system after gRPC, which does not tell.
[[nodiscard]] absl::Status why_not_listening(const std::string& address);

}  // namespace sluice::rpc
