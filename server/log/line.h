// How the variable part of a line is written, in both formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/log/log.h"

namespace sluice::log {

// message  key=value key="value with spaces". Control characters are escaped: one event is one line, whatever it holds.
[[nodiscard]] std::string text_line(std::string_view message, Fields fields, std::uint64_t suppressed);

// "message":"...","key":"value" without the braces around. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_members(std::string_view message, Fields fields, std::uint64_t suppressed);

}  // namespace sluice::log
