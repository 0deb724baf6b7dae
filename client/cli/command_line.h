// The command line: what can be typed, and what was. The only files that know CLI11 are command_line.cc and commands_of_*.cc.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "client/cli/arguments.h"
#include "client/cli/completion.h"
#include "client/cli/session.h"

namespace sluice::cli {

struct CommandLine {
  Globals globals;
  // The command that was typed, with its arguments.
  std::function<int(Session&)> command;
  // Where there is nothing to run: help was asked for and printed, or the line made no sense and the reason was printed.
  std::optional<int> exit_code;
};

[[nodiscard]] CommandLine parse(int argc, const char* const* argv);

// The whole tree, for completion.
[[nodiscard]] CommandNode command_tree();

}  // namespace sluice::cli
