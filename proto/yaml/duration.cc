#include "proto/yaml/duration.h"

#include <array>
#include <charconv>
#include <utility>

namespace sluice::yaml {
namespace {

using Micros = std::chrono::microseconds;

constexpr std::array<std::pair<std::string_view, Micros>, 5> kUnits = {{{"h", std::chrono::hours(1)},
                                                                        {"m", std::chrono::minutes(1)},
                                                                        {"s", std::chrono::seconds(1)},
                                                                        {"ms", std::chrono::milliseconds(1)},
                                                                        {"us", Micros(1)}}};
constexpr Micros kMost = std::chrono::hours(24) * 366 * 10'000;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what satisfies `wanted` off the beginning of `text`.
template <class Wanted>
std::string_view take(std::string_view& text, Wanted wanted) {
  std::size_t length = 0;
  while (length < text.size() && wanted(text[length])) ++length;
  const auto taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

// Takes "1.5" off the beginning: whole numbers exactly, fractions to the microsecond.
std::optional<Micros> take_number(std::string_view& text, Micros unit) {
  const auto whole = take(text, is_digit);
  std::int64_t count = 0;
  if (std::from_chars(whole.data(), whole.data() + whole.size(), count).ec != std::errc{}) return std::nullopt;
  if (count > kMost / unit) return std::nullopt;
  Micros sum = count * unit;
  if (text.empty() || text.front() != '.') return sum;
  text.remove_prefix(1);
  const auto decimals = take(text, is_digit);
  if (decimals.empty()) return std::nullopt;
  std::int64_t part = unit.count();
  double fraction = 0;
  double scale = 0.1;
  for (const char digit : decimals) {
    fraction += scale * (digit - '0');
    scale /= 10;
  }
  // The small sum keeps 0.3 s, which no binary fraction hits, from becoming 299,999 us.
  part = static_cast<std::int64_t>(fraction * static_cast<double>(part) + 1e-6);
  return sum + Micros(part);
}

}  // namespace

std::optional<Micros> parse_duration(std::string_view text) {
  if (text == "0") return Micros(0);
  Micros sum{0};
  std::size_t next_unit = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    // The unit comes behind the number and decides what the number is worth: look ahead.
    std::string_view rest = text;
    take(rest, [](char c) { return is_digit(c) || c == '.'; });
    const auto name = take(rest, [](char c) { return !is_digit(c) && c != '.'; });
    while (next_unit < kUnits.size() && kUnits[next_unit].first != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    const auto part = take_number(text, kUnits[next_unit].second);
    if (!part || !text.starts_with(name)) return std::nullopt;
    text.remove_prefix(name.size());
    sum += *part;
    ++next_unit;
  }
  if (sum > kMost) return std::nullopt;
  return sum;
}

}  // namespace sluice::yaml
