// One look at a server: its queues and stages at one moment.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "client/src/connection.h"
#include "sluice/types.h"

namespace sluice::cli {

// What to look at: the queues of these names, or, without names, all whose names begin with `prefix`.
struct Scope {
  std::vector<std::string> queues = {};
  std::string prefix = {};
};

struct Look {
  std::chrono::steady_clock::time_point at = {};  // when it was complete
  Time time = {};                                 // the same, on the wall
  std::vector<v1::Queue> queues = {};             // in the order of the scope's names, or of their own
  std::vector<v1::Pipeline> pipelines = {};       // all of the server's
};

// Several calls, so not quite one moment. NotFound for a name of the scope; else as any call.
[[nodiscard]] Look look(internal::Connection& connection, const Scope& scope, const internal::CallOptions& options);

}  // namespace sluice::cli
