// Rebuilding the engine from what the journal holds.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/journal/journal.h"

namespace sluice::runtime {

// What a recovery has read so far.
struct Recovered {
  std::uint64_t queues = 0;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;  // of the items' payloads and attributes
  base::Duration took{0};
  bool complete = false;
};
using OnRecovery = std::function<void(const Recovered&)>;

// Loads everything into an engine that is still empty, except that finish_restore() is the caller's. Tells `on_progress`, if
// there is one, every limits::kRecoveryReportInterval and at the end. What the journal says, or what the engine says of records
// that do not fit together.
absl::Status recover(journal::Journal& journal, engine::Engine& engine, const base::Clock& clock,
                     const OnRecovery& on_progress);

}  // namespace sluice::runtime
