// A handler out of the configuration file.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "server/handlers/subprocess.h"
#include "server/wire/reader.h"
#include "sluice/v1/config.pb.h"

namespace sluice::config {

// The specification that the message at `at` asks for, complete and checked: make_subprocess() will take it. A relative
// working directory is taken from `directory`. INVALID_VALUE, annotated with its "field".
[[nodiscard]] absl::StatusOr<handlers::SubprocessSpec> subprocess_spec(const v1::HandlerConfig& config, const wire::Field& at,
                                                                       const std::filesystem::path& directory);

}  // namespace sluice::config
