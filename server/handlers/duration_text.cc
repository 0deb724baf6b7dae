#include "server/handlers/duration_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace sluice::handlers {
namespace {

struct Unit {
  std::string_view name;
  double microseconds;
};

constexpr std::array kUnits = {Unit{"us", 1.0}, Unit{"ms", 1e3}, Unit{"s", 1e6}, Unit{"m", 60e6}, Unit{"h", 3600e6}};
constexpr double kMaxMicroseconds = 366.0 * 24 * 3600e6;

}  // namespace

std::optional<base::Duration> parse_duration(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (parsed.ec != std::errc{}) return std::nullopt;
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  for (const Unit& known : kUnits) {
    if (known.name != unit) continue;
    const double microseconds = number * known.microseconds;
    if (microseconds > kMaxMicroseconds) return std::nullopt;
    return base::Duration(std::llround(microseconds));
  }
  return std::nullopt;
}

}  // namespace sluice::handlers
