#include "server/handlers/subprocess/plan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "server/base/errors.h"
#include "server/handlers/subprocess/check.h"
#include "server/model/trace_context.h"

namespace sluice::handlers {
namespace {

constexpr std::string_view kPathIfNone = "/usr/local/bin:/usr/bin:/bin";

std::map<std::string, std::string> base_environment(const SubprocessSpec& spec) {
  std::map<std::string, std::string> env;
  for (const std::string& name : spec.inherit_env) {
    if (const char* value = std::getenv(name.c_str())) env[name] = value;
  }
  for (const auto& [name, value] : spec.env) env[name] = value;
  return env;
}

std::vector<std::string> candidates(const std::string& program, std::string_view path) {
  if (program.find('/') != program.npos) return {program};
  std::vector<std::string> files;
  while (true) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const auto directory = path.substr(0, end);
    files.push_back(directory.empty() ? program : fmt::format("{}/{}", directory, program));
    if (end == path.size()) return files;
    path.remove_prefix(end + 1);
  }
}

// Soft and hard limit `value`, or the hard limit of this process if that is lower.
ResourceLimit capped(int resource, rlim_t soft, rlim_t hard) {
  rlimit own{};
  const bool known = ::getrlimit(static_cast<__rlimit_resource_t>(resource), &own) == 0;
  const rlim_t most = known ? own.rlim_max : RLIM_INFINITY;
  return {.resource = resource, .value = {.rlim_cur = std::min(soft, most), .rlim_max = std::min(hard, most)}};
}

std::vector<ResourceLimit> resource_limits(const ResourceLimits& limits) {
  std::vector<ResourceLimit> all;
  const auto add = [&](int resource, const std::optional<std::uint64_t>& value) {
    if (value) all.push_back(capped(resource, *value, *value));
  };
  add(RLIMIT_CORE, limits.core_bytes);
  add(RLIMIT_AS, limits.address_space_bytes);
  add(RLIMIT_NOFILE, limits.open_files);
  add(RLIMIT_FSIZE, limits.file_size_bytes);
  add(RLIMIT_NPROC, limits.processes);
  if (limits.cpu_time) {
    const auto seconds = static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(*limits.cpu_time).count());
    all.push_back(capped(RLIMIT_CPU, seconds, seconds + 1));
  }
  return all;
}

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

std::string CommandPlan::not_found() const {
  if (searched.empty()) return fmt::format("{} is not there, or its interpreter or loader is not", name);
  return fmt::format("there is no program {} in {} (PATH)", name, searched);
}

absl::StatusOr<std::shared_ptr<const Plan>> Plan::make(SubprocessSpec spec) {
  if (auto checked = check(spec); !checked.ok()) return checked;
  return std::shared_ptr<const Plan>(new Plan(std::move(spec)));
}

Plan::Plan(SubprocessSpec spec) : spec_(std::move(spec)), limits_(resource_limits(spec_.limits)) {
  const auto env = base_environment(spec_);
  for (const auto& [name, value] : env) env_.push_back(fmt::format("{}={}", name, value));
  const auto given = env.find("PATH");
  const std::string path = given == env.end() ? std::string(kPathIfNone) : given->second;
  for (const CommandSpec& command : spec_.commands) {
    const std::vector<std::string> shell = {"/bin/sh", "-c", command.shell};
    const std::vector<std::string>& argv = command.argv.empty() ? shell : command.argv;
    CommandPlan& plan = commands_.emplace_back();
    plan.name = argv.front();
    plan.paths = candidates(plan.name, path);
    if (plan.name.find('/') == plan.name.npos) plan.searched = path;
    for (const std::string& argument : argv) {
      plan.argv.emplace_back(argument, command.argv.empty() ? ArgumentTemplate::kAsItIs : ArgumentTemplate::kWithPlaceholders);
    }
  }
  for (const CommandPlan& command : commands_) {
    auto& paths = paths_.emplace_back();
    for (const std::string& file : command.paths) paths.push_back(file.c_str());
    paths.push_back(nullptr);
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
  for (const std::string& variable : env_) launch.env_.push_back(variable.c_str());
  const auto add = [&](std::string variable) {
    launch.env_.push_back(launch.owned_.emplace_back(std::make_unique<std::string>(std::move(variable)))->c_str());
  };
  add(fmt::format("SLUICE_ITEM_ID={}", model::number(input.item)));
  add(fmt::format("SLUICE_ATTEMPT={}", input.attempt));
  add(fmt::format("SLUICE_QUEUE={}", input.queue));
  add(fmt::format("SLUICE_STAGE={}", input.stage));
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

std::vector<std::string> Plan::warnings() const {
  std::vector<std::string> warnings;
  struct stat info {};
  const std::string& directory = spec_.working_directory;
  if (!directory.empty() && (::stat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    warnings.push_back(fmt::format("working_directory: {} is not a directory", directory));
  }
  for (const CommandPlan& command : commands_) {
    const auto is_there = [&](const std::string& file) {
      const std::string from = file.starts_with('/') || directory.empty() ? file : fmt::format("{}/{}", directory, file);
      return ::access(from.c_str(), X_OK) == 0 && ::stat(from.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    };
    if (std::none_of(command.paths.begin(), command.paths.end(), is_there)) {
      warnings.push_back(command.not_found());
    }
  }
  return warnings;
}

}  // namespace sluice::handlers
