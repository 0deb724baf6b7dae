// What has become of an item's commands, and what that means for the item.
#pragma once

#include <string>
#include <vector>

#include "server/handlers/handler.h"
#include "server/handlers/process/ending.h"
#include "server/handlers/process/spawn.h"
#include "server/handlers/subprocess/plan.h"

namespace sluice::handlers {

// Why the commands were told to end.
enum class Stopped { kNot, kTimedOut, kOutputTooLarge, kSpawnFailed, kGivenUp };

struct ChainEnd {
  Stopped stopped = Stopped::kNot;
  bool killed = false;  // SIGTERM was not enough
  std::vector<CommandEnd> commands;
  SpawnError spawn_error;         // for kSpawnFailed
  std::size_t spawn_failure = 0;  // the command that could not be started
  std::string output;
  std::string stderr_tail;
};

// The output, or the failure. Pure.
[[nodiscard]] Outcome judge(const Plan& plan, ChainEnd end);

}  // namespace sluice::handlers
