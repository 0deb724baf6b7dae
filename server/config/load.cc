#include "server/config/load.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "proto/yaml/read.h"
#include "proto/yaml/scalar.h"
#include "server/base/limits.h"
#include "server/config/admin.h"
#include "server/config/check.h"
#include "server/config/complaints.h"
#include "server/config/data_directory.h"
#include "server/config/handlers.h"
#include "sluice/v1/config.pb.h"

namespace sluice::config {
namespace {

static_assert(yaml::kMaxBytes == limits::kMaxConfigBytes);

// Puts `text` into the field at `path`, as if it stood in the file. Returns what is wrong with it.
std::optional<std::string> set_field(google::protobuf::Message& message, std::string_view path, const std::string& text) {
  const auto dot = path.find('.');
  const auto* field = message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (dot == std::string_view::npos) return yaml::set_scalar({message, *field}, text);
  return set_field(*message.GetReflection()->MutableMessage(&message, field), path.substr(dot + 1), text);
}

// Lays the flags and the environment over the file.
void overlay(const Flags& flags, const Environment& environment, v1::ServerConfig& config, Complaints& complaints) {
  for (const FlagInfo& info : kFlags) {
    const auto flag = flags.settings.find(info.path);
    const bool by_flag = flag != flags.settings.end();
    const auto value = by_flag ? std::optional(flag->second) : environment(info.environment);
    if (!value) continue;
    complaints.set_source(info.path, by_flag ? info.flag : info.environment);
    if (const auto problem = set_field(config, info.path, *value)) complaints.add(info.path, *problem);
  }
}

std::filesystem::path directory_of(const std::string& file) {
  std::error_code ignored;
  if (file.empty() || file == "-") return std::filesystem::current_path(ignored);
  return std::filesystem::absolute(file, ignored).parent_path();
}

void choose_data_directory(const Environment& environment, Settings& settings, Complaints& complaints) {
  const auto chosen = default_data_directory(environment, may_use_system_directory());
  if (chosen) {
    settings.data = *chosen;
  } else {
    complaints.add(
        "data",
        "there is no home directory to keep data in; say where (--data DIR), or that nothing is to be kept (--data none)");
  }
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Loaded load(const Flags& flags, const Environment& environment, const handlers::Registry& registered) {
  Loaded loaded;
  loaded.file = flags.config ? *flags.config : environment(kConfigVariable).value_or("");
  v1::ServerConfig config;
  Complaints complaints(loaded.file.empty() ? yaml::Reading() : yaml::read_file(loaded.file, config));
  overlay(flags, environment, config, complaints);
  loaded.settings = check(config, registered, directory_of(loaded.file), complaints);
  if (config.data().empty()) choose_data_directory(environment, loaded.settings, complaints);
  loaded.complaints = complaints.text();
  if (!loaded.ok()) return loaded;
  if (auto warning = admin_warning(loaded.settings.admin)) loaded.warnings.push_back(*std::move(warning));
  for (const auto& [name, spec] : loaded.settings.handlers) {
    for (const auto& warning : warnings(spec)) {
      loaded.warnings.push_back(fmt::format("handler {}: {}", name, warning));
    }
  }
  return loaded;
}

}  // namespace sluice::config
