#include "server/handlers/process/program.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "server/handlers/process/guard.h"

namespace sluice::handlers {
namespace {

constexpr const char* kPathIfNone = "/usr/local/bin:/usr/bin:/bin";

std::map<std::string, std::string> environment(const ChildrenSpec& spec) {
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

}  // namespace

Surroundings::Surroundings(const ChildrenSpec& spec)
    : limits_(resource_limits(spec.limits)), directory_(spec.working_directory) {
  const auto env = environment(spec);
  for (const auto& [name, value] : env) env_.push_back(fmt::format("{}={}", name, value));
  const auto given = env.find("PATH");
  path_ = given == env.end() ? std::string(kPathIfNone) : given->second;
}

Program::Program(const CommandSpec& command, const Surroundings& surroundings)
    : argv_(command.argv.empty() ? std::vector<std::string>{"/bin/sh", "-c", command.shell} : command.argv),
      paths_(candidates(name(), surroundings.path())) {
  if (name().find('/') == std::string::npos) searched_ = surroundings.path();
  for (const std::string& file : paths_) pointers_.push_back(file.c_str());
  pointers_.push_back(nullptr);
}

bool Program::is_there(const Surroundings& surroundings) const {
  const std::string& directory = surroundings.directory();
  return std::any_of(paths_.begin(), paths_.end(), [&](const std::string& file) {
    const std::string from = file.starts_with('/') || directory.empty() ? file : fmt::format("{}/{}", directory, file);
    struct stat info {};
    return ::access(from.c_str(), X_OK) == 0 && ::stat(from.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  });
}

std::string Program::not_found() const {
  if (searched_.empty()) return fmt::format("{} is not there, or its interpreter or loader is not", name());
  return fmt::format("there is no program {} in {} (PATH)", name(), searched_);
}

std::vector<std::string> warnings_of(const Surroundings& surroundings, const std::vector<Program>& programs) {
  std::vector<std::string> warnings;
  struct stat info {};
  const std::string& directory = surroundings.directory();
  if (!directory.empty() && (::stat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    warnings.push_back(fmt::format("working_directory: {} is not a directory", directory));
  }
  for (const Program& program : programs) {
    if (!program.is_there(surroundings)) warnings.push_back(program.not_found());
  }
  if (Guard::program().empty()) {
    warnings.emplace_back(
        "sluice-guard is neither beside this program nor installed: if this process is killed, processes that its "
        "commands have started may go on");
  }
  return warnings;
}

}  // namespace sluice::handlers
