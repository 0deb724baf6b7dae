// Where a server keeps its data that was not told where.
#pragma once

#include <filesystem>
#include <optional>

#include "server/config/environment.h"

namespace sluice::config {

inline constexpr const char* kSystemDataDirectory = "/var/lib/sluice";

// The first of these that there is: $STATE_DIRECTORY, which systemd sets (of several the first); kSystemDataDirectory if
// `system_wide`; $XDG_STATE_HOME/sluice; $HOME/.local/state/sluice. Relative paths do not count. Creates nothing.
[[nodiscard]] std::optional<std::filesystem::path> default_data_directory(const Environment& environment, bool system_wide);

// True for root, and for whoever may write into a kSystemDataDirectory that was made for them.
[[nodiscard]] bool may_use_system_directory();

}  // namespace sluice::config
