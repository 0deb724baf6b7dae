#include "server/handlers/subprocess/check.h"

#include <string_view>

#include <fmt/format.h>

#include "proto/progress/lines.h"
#include "proto/trace/traceparent.h"
#include "server/base/errors.h"
#include "server/handlers/process/check.h"
#include "server/handlers/subprocess/argument.h"

namespace sluice::handlers {
namespace {

constexpr std::uint32_t kMaxExitCode = 255;

absl::Status bad(std::string_view message) { return base::error(base::Reason::kInvalidValue, message); }

absl::Status check_commands(const std::vector<CommandSpec>& commands) {
  if (commands.empty() || commands.size() > limits::kMaxChainCommands) {
    return bad(fmt::format("commands: 1 to {}", limits::kMaxChainCommands));
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto field = fmt::format("commands[{}]", i);
    if (auto checked = check_command(commands[i], field); !checked.ok()) return checked;
    if (!commands[i].argv.empty() && !ArgumentTemplate(commands[i].argv.front()).is_literal()) {
      return bad(field + ".argv: the program cannot come from the item; put the placeholder into an argument");
    }
  }
  return absl::OkStatus();
}

// Set from each item, or, where the item has none, not set at all.
bool is_items_own(std::string_view name) {
  return name == "SLUICE_ITEM_ID" || name == "SLUICE_ATTEMPT" || name == "SLUICE_QUEUE" || name == "SLUICE_STAGE" ||
         name == progress::kVariable || name == trace::kTraceparentVariable || name == trace::kTracestateVariable ||
         name.starts_with("SLUICE_ATTR_");
}

absl::Status check_names(const SubprocessSpec& spec) {
  for (const std::string& name : spec.inherit_env) {
    if (is_items_own(name)) return bad(fmt::format("inherit_env: {} is set from each item", name));
  }
  for (const auto& [name, value] : spec.env) {
    if (is_items_own(name)) return bad(fmt::format("env: {} is set from each item; use another name", name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check(const SubprocessSpec& spec) {
  if (auto checked = check_commands(spec.commands); !checked.ok()) return checked;
  if (auto checked = check_names(spec); !checked.ok()) return checked;
  if (auto checked = check_children(spec); !checked.ok()) return checked;
  for (const std::uint32_t code : spec.do_not_retry_exit_codes) {
    if (code < 1 || code > kMaxExitCode) return bad(fmt::format("do_not_retry_exit_codes: {} is not in 1 to 255", code));
  }
  return absl::OkStatus();
}

}  // namespace sluice::handlers
