// From the message to the settings.
#pragma once

#include <filesystem>

#include "server/config/complaints.h"
#include "server/config/settings.h"
#include "server/handlers/registry.h"
#include "sluice/v1/config.pb.h"

namespace sluice::config {

// Checks everything that can be known without starting: ranges, names, handlers that stages name, and whether the queues and
// pipelines fit together. What is wrong goes to `complaints`; the settings count only if there is nothing wrong.
// `registered` are the handlers that exist without the configuration; relative paths are taken from `directory`.
[[nodiscard]] Settings check(const v1::ServerConfig& config, const handlers::Registry& registered,
                             const std::filesystem::path& directory, Complaints& complaints);

}  // namespace sluice::config
