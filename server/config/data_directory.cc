#include "server/config/data_directory.h"

#include <unistd.h>

#include <initializer_list>
#include <string>

namespace sluice::config {
namespace {

using Path = std::optional<std::filesystem::path>;

Path absolute(const std::optional<std::string>& text) {
  if (!text || !std::filesystem::path(*text).is_absolute()) return std::nullopt;
  return *text;
}

Path below(const Path& base, const char* rest) {
  if (!base) return std::nullopt;
  return *base / rest;
}

}  // namespace

Path default_data_directory(const Environment& environment, bool system_wide) {
  auto by_systemd = environment("STATE_DIRECTORY");
  if (by_systemd) by_systemd->resize(std::min(by_systemd->size(), by_systemd->find(':')));
  const Path of_system = system_wide ? Path(kSystemDataDirectory) : std::nullopt;
  for (const Path& each : {absolute(by_systemd), of_system, below(absolute(environment("XDG_STATE_HOME")), "sluice"),
                           below(absolute(environment("HOME")), ".local/state/sluice")}) {
    if (each) return each;
  }
  return std::nullopt;
}

bool may_use_system_directory() { return ::geteuid() == 0 || ::access(kSystemDataDirectory, W_OK | X_OK) == 0; }

}  // namespace sluice::config
