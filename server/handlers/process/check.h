// Checks of what all specs of handlers with children have.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/handlers/children.h"

namespace sluice::handlers {

// INVALID_VALUE for the first thing that is out of its range. The message begins with the field: "env: ...".
[[nodiscard]] absl::Status check_children(const ChildrenSpec& spec);
// Of the command that stands at `field`; an empty field is the spec itself: "argv: ..." instead of "commands[1].argv: ...".
[[nodiscard]] absl::Status check_command(const CommandSpec& command, std::string_view field);

}  // namespace sluice::handlers
