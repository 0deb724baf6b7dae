// The environment's variables, as far as settings come from them.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace sluice::config {

// An environment variable's value; none if it is not set or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// The process's own.
[[nodiscard]] Environment process_environment();

}  // namespace sluice::config
