// Checks of a subprocess handler's spec.
#pragma once

#include "absl/status/status.h"
#include "server/handlers/subprocess.h"

namespace sluice::handlers {

// INVALID_VALUE for the first thing that is out of its range.
[[nodiscard]] absl::Status check(const SubprocessSpec& spec);

}  // namespace sluice::handlers
