// The admin endpoint's part of the configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "server/config/complaints.h"
#include "server/config/settings.h"
#include "sluice/v1/config.pb.h"

namespace sluice::config {

// `directory` is what the token's file is relative to.
[[nodiscard]] AdminSettings check_admin(const v1::AdminConfig& config, const std::filesystem::path& directory,
                                        Complaints& complaints);

// That everybody on the network could act, if so.
[[nodiscard]] std::optional<std::string> admin_warning(const AdminSettings& settings);

}  // namespace sluice::config
