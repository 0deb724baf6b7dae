#include "server/handlers/subprocess/plan.h"

#include <set>

#include <fmt/format.h>

#include "proto/progress/lines.h"
#include "server/base/errors.h"
#include "server/handlers/subprocess/check.h"
#include "server/model/trace_context.h"

namespace sluice::handlers {
namespace {

// "content-type" -> "CONTENT_TYPE".
std::string variable_name(std::string_view key) {
  std::string name(key);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) {
      c = '_';
    }
  }
  return name;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Plan>> Plan::make(SubprocessSpec spec) {
  if (auto checked = check(spec); !checked.ok()) return checked;
  return std::shared_ptr<const Plan>(new Plan(std::move(spec)));
}

Plan::Plan(SubprocessSpec spec) : spec_(std::move(spec)), surroundings_(spec_) {
  for (const CommandSpec& command : spec_.commands) {
    CommandPlan& plan = commands_.emplace_back(CommandPlan{.program = Program(command, surroundings_), .argv = {}});
    for (const std::string& argument : plan.program.argv()) {
      plan.argv.emplace_back(argument, command.argv.empty() ? ArgumentTemplate::kAsItIs : ArgumentTemplate::kWithPlaceholders);
    }
  }
}

std::variant<Launch, Error> Plan::prepare(const Input& input) const {
  Launch launch;
  auto status = add_arguments(input, launch);
  if (status.ok()) status = add_environment(input, launch);
  if (status.ok()) return launch;
  Error error;
  error.failure.reason = model::failure_reason::kBadArgument;
  error.failure.message = std::string(status.message());
  error.do_not_retry = true;
  return error;
}

absl::Status Plan::add_arguments(const Input& input, Launch& launch) const {
  for (const CommandPlan& command : commands_) {
    auto& argv = launch.argvs_.emplace_back();
    for (const ArgumentTemplate& argument : command.argv) {
      if (argument.is_literal()) {
        argv.push_back(argument.literal().c_str());
        continue;
      }
      auto filled = argument.filled(input);
      if (!filled.ok()) return filled.status();
      argv.push_back(launch.owned_.emplace_back(std::make_unique<std::string>(*std::move(filled)))->c_str());
    }
    argv.push_back(nullptr);
  }
  return absl::OkStatus();
}

absl::Status Plan::add_environment(const Input& input, Launch& launch) const {
  for (const std::string& variable : surroundings_.env()) launch.env_.push_back(variable.c_str());
  const auto add = [&](std::string variable) {
    launch.env_.push_back(launch.owned_.emplace_back(std::make_unique<std::string>(std::move(variable)))->c_str());
  };
  add(fmt::format("SLUICE_ITEM_ID={}", model::number(input.item)));
  add(fmt::format("SLUICE_ATTEMPT={}", input.attempt));
  add(fmt::format("SLUICE_QUEUE={}", input.queue));
  add(fmt::format("SLUICE_STAGE={}", input.stage));
  add(fmt::format("{}={}", progress::kVariable, progress::kDescriptor));
  if (const auto context = model::trace_of(input.body->attributes)) {
    add(fmt::format("{}={}", trace::kTraceparentVariable, context->parent));
    if (!context->state.empty()) add(fmt::format("{}={}", trace::kTracestateVariable, context->state));
  }
  std::set<std::string> names;  // keys may differ only in what no name can hold: the first counts
  for (const auto& [key, value] : input.body->attributes) {
    if (value.find('\0') != value.npos) {
      return base::error(base::Reason::kInvalidValue,
                         fmt::format("the attribute \"{}\" has a NUL byte, which no environment variable can hold", key));
    }
    const auto [name, is_new] = names.insert(variable_name(key));
    if (is_new) add(fmt::format("SLUICE_ATTR_{}={}", *name, value));
  }
  launch.env_.push_back(nullptr);
  return absl::OkStatus();
}

}  // namespace sluice::handlers
