// What the routes work on. All of it outlives them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/admin/guard.h"
#include "server/base/call_counts.h"
#include "server/base/clock.h"
#include "server/journal/journal.h"
#include "server/runtime/runtime.h"

namespace sluice::admin {

struct House {
  runtime::Runtime& runtime;
  const base::Clock& clock;
  const base::CallCounts& calls;
  const journal::Journal& journal;
  std::string version;
  Access access;
  // OK, or why new work is not taken. RECOVERING: the runtime must not be asked yet. Thread-safe.
  std::function<absl::Status()> ready;
};

}  // namespace sluice::admin
