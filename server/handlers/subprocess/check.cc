#include "server/handlers/subprocess/check.h"

#include <string_view>

#include <fmt/format.h>

#include "proto/trace/traceparent.h"
#include "server/base/errors.h"
#include "server/handlers/subprocess/argument.h"

namespace sluice::handlers {
namespace {

constexpr std::uint32_t kMaxExitCode = 255;

absl::Status bad(std::string_view message) { return base::error(base::Reason::kInvalidValue, message); }

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

absl::Status check_command(const CommandSpec& command, std::size_t index) {
  const auto field = fmt::format("commands[{}]", index);
  if (command.argv.empty() == command.shell.empty()) return bad(field + ": give either argv or shell");
  if (has_nul(command.shell)) return bad(field + ".shell: a NUL byte cannot stand in a script");
  if (command.argv.empty()) return absl::OkStatus();
  if (command.argv.front().empty()) return bad(field + ".argv: the program's name is empty");
  if (!ArgumentTemplate(command.argv.front()).is_literal()) {
    return bad(field + ".argv: the program cannot come from the item; put the placeholder into an argument");
  }
  for (const std::string& argument : command.argv) {
    if (has_nul(argument)) return bad(field + ".argv: a NUL byte cannot stand in an argument");
  }
  return absl::OkStatus();
}

// Set from each item, or, where the item has none, not set at all.
bool is_items_own(std::string_view name) {
  return name == "SLUICE_ITEM_ID" || name == "SLUICE_ATTEMPT" || name == "SLUICE_QUEUE" || name == "SLUICE_STAGE" ||
         name == trace::kTraceparentVariable || name == trace::kTracestateVariable || name.starts_with("SLUICE_ATTR_");
}

absl::Status check_environment(const SubprocessSpec& spec) {
  const auto is_name = [](std::string_view name) { return !name.empty() && name.find('=') == name.npos && !has_nul(name); };
  for (const std::string& name : spec.inherit_env) {
    if (!is_name(name)) return bad(fmt::format("inherit_env: \"{}\" is no variable's name", name));
    if (is_items_own(name)) return bad(fmt::format("inherit_env: {} is set from each item", name));
  }
  for (const auto& [name, value] : spec.env) {
    if (!is_name(name)) return bad(fmt::format("env: \"{}\" is no variable's name", name));
    if (has_nul(value)) return bad(fmt::format("env: the value of {} has a NUL byte", name));
    if (is_items_own(name)) return bad(fmt::format("env: {} is set from each item; use another name", name));
  }
  return absl::OkStatus();
}

absl::Status check_numbers(const SubprocessSpec& spec) {
  using std::chrono::milliseconds;
  if (spec.timeout && (*spec.timeout < milliseconds(1) || *spec.timeout > limits::kMaxHandlerTimeout)) {
    return bad("timeout: 1 ms to 24 h");
  }
  if (spec.grace < base::Duration::zero() || spec.grace > limits::kMaxGrace) return bad("grace: 0 to 1 h");
  if (spec.max_output_bytes < 1 || spec.max_output_bytes > limits::kMaxPayloadBytes) {
    return bad(fmt::format("max_output_bytes: 1 to {}", limits::kMaxPayloadBytes));
  }
  for (const std::uint32_t code : spec.do_not_retry_exit_codes) {
    if (code < 1 || code > kMaxExitCode) return bad(fmt::format("do_not_retry_exit_codes: {} is not in 1 to 255", code));
  }
  if (spec.limits.cpu_time && *spec.limits.cpu_time <= base::Duration::zero()) return bad("limits.cpu_time: more than 0");
  return absl::OkStatus();
}

}  // namespace

absl::Status check(const SubprocessSpec& spec) {
  if (spec.commands.empty() || spec.commands.size() > limits::kMaxChainCommands) {
    return bad(fmt::format("commands: 1 to {}", limits::kMaxChainCommands));
  }
  for (std::size_t i = 0; i < spec.commands.size(); ++i) {
    if (auto checked = check_command(spec.commands[i], i); !checked.ok()) return checked;
  }
  if (has_nul(spec.working_directory)) return bad("working_directory: a NUL byte cannot stand in a path");
  if (auto checked = check_environment(spec); !checked.ok()) return checked;
  return check_numbers(spec);
}

}  // namespace sluice::handlers
