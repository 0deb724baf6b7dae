// What has become of an item's commands, and what that means for the item.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/handlers/handler.h"
#include "server/handlers/subprocess/plan.h"
#include "server/handlers/subprocess/spawn.h"

namespace sluice::handlers {

// How one command ended.
struct CommandEnd {
  std::optional<std::int32_t> exit_code;
  std::optional<std::int32_t> signal;
  bool is_lost = false;   // somebody else in this process took its exit status
  bool was_told = false;  // it ended after the chain had been told to

  // False: it was not started, or nothing could end it.
  [[nodiscard]] bool has_ended() const { return exit_code || signal || is_lost; }
  [[nodiscard]] bool is_success() const { return exit_code == 0; }
};

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
