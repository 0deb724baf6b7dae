// Durations as people write them.
#pragma once

#include <optional>
#include <string_view>

#include "server/base/clock.h"

namespace sluice::handlers {

// "1.5s", "200ms", "50us", "2m", "1h": a decimal number, not negative, and its unit, without space. None if it is anything
// else, or over a year.
[[nodiscard]] std::optional<base::Duration> parse_duration(std::string_view text);

}  // namespace sluice::handlers
