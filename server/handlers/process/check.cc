#include "server/handlers/process/check.h"

#include <fmt/format.h>

#include "server/base/errors.h"

namespace sluice::handlers {
namespace {

absl::Status bad(std::string_view message) { return base::error(base::Reason::kInvalidValue, message); }

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

absl::Status check_environment(const ChildrenSpec& spec) {
  const auto is_name = [](std::string_view name) { return !name.empty() && name.find('=') == name.npos && !has_nul(name); };
  for (const std::string& name : spec.inherit_env) {
    if (!is_name(name)) return bad(fmt::format("inherit_env: \"{}\" is no variable's name", name));
  }
  for (const auto& [name, value] : spec.env) {
    if (!is_name(name)) return bad(fmt::format("env: \"{}\" is no variable's name", name));
    if (has_nul(value)) return bad(fmt::format("env: the value of {} has a NUL byte", name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check_command(const CommandSpec& command, std::string_view field) {
  const auto at = [&](std::string_view name) { return field.empty() ? std::string(name) : fmt::format("{}.{}", field, name); };
  if (command.argv.empty() == command.shell.empty()) {
    return bad(fmt::format("{}give either argv or shell", field.empty() ? "" : fmt::format("{}: ", field)));
  }
  if (has_nul(command.shell)) return bad(at("shell") + ": a NUL byte cannot stand in a script");
  if (command.argv.empty()) return absl::OkStatus();
  if (command.argv.front().empty()) return bad(at("argv") + ": the program's name is empty");
  for (const std::string& argument : command.argv) {
    if (has_nul(argument)) return bad(at("argv") + ": a NUL byte cannot stand in an argument");
  }
  return absl::OkStatus();
}

absl::Status check_children(const ChildrenSpec& spec) {
  using std::chrono::milliseconds;
  if (has_nul(spec.working_directory)) return bad("working_directory: a NUL byte cannot stand in a path");
  if (auto checked = check_environment(spec); !checked.ok()) return checked;
  if (spec.timeout && (*spec.timeout < milliseconds(1) || *spec.timeout > limits::kMaxHandlerTimeout)) {
    return bad("timeout: 1 ms to 24 h");
  }
  if (spec.grace < base::Duration::zero() || spec.grace > limits::kMaxGrace) return bad("grace: 0 to 1 h");
  if (spec.max_output_bytes < 1 || spec.max_output_bytes > limits::kMaxPayloadBytes) {
    return bad(fmt::format("max_output_bytes: 1 to {}", limits::kMaxPayloadBytes));
  }
  if (spec.limits.cpu_time && *spec.limits.cpu_time <= base::Duration::zero()) return bad("limits.cpu_time: more than 0");
  return absl::OkStatus();
}

}  // namespace sluice::handlers
