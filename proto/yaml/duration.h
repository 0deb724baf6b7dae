// Time spans as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::yaml {

// "1.5s", "200ms", "2m", "1h", "1h30m", "250us", "0". Units h, m, s, ms and us, the larger first, each at most once; a number
// has at most one decimal point. Not negative; parts of a microsecond are cut off. None for everything else, and for more than
// 10,000 years.
[[nodiscard]] std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

// For complaints about what is none.
inline constexpr std::string_view kDurationExamples = R"("1.5s", "200ms", "2m" or "1h")";

}  // namespace sluice::yaml
