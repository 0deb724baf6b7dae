// Numbers, times and spans as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/types.h"

namespace sluice::cli {

// "1,234,567".
[[nodiscard]] std::string count_text(std::uint64_t count);
// "812 B", "1.5 KiB", "3.2 GiB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
// As the command line reads it: "0s", "200ms", "1.5s", "2m", "1h30m".
[[nodiscard]] std::string duration_text(Duration duration);
// A span that goes by, to the second: "0:07", "12:34", "1:02:03".
[[nodiscard]] std::string clock_text(Duration duration);
// "2024-05-01 12:30:05" in local time; "-" for the epoch.
[[nodiscard]] std::string time_text(Time time);
// "12:30:05" in local time.
[[nodiscard]] std::string time_of_day_text(Time time);
// "3.1/s", "120/s", "-" where nothing is known yet.
[[nodiscard]] std::string rate_text(double per_second);
// "1 queue", "2,000 queues".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
// "1 item", "2 items".
[[nodiscard]] std::string items_text(std::uint64_t count);

}  // namespace sluice::cli
