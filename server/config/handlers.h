// A handler out of the configuration file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config/settings.h"
#include "server/wire/reader.h"
#include "sluice/v1/config.pb.h"

namespace sluice::config {

// The specification that the message at `at` asks for, complete and checked: make_subprocess() or make_coprocess() will take
// it. A relative working directory is taken from `directory`. INVALID_VALUE, annotated with its "field".
[[nodiscard]] absl::StatusOr<HandlerSpec> handler_spec(const v1::HandlerConfig& config, const wire::Field& at,
                                                       const std::filesystem::path& directory);

// What looks wrong with this machine for a valid spec, one sentence each.
[[nodiscard]] std::vector<std::string> warnings(const HandlerSpec& spec);
// The handler. As make_subprocess() and make_coprocess().
[[nodiscard]] absl::StatusOr<std::shared_ptr<handlers::Handler>> make_handler(const HandlerSpec& spec);

}  // namespace sluice::config
