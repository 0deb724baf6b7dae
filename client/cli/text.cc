#include "client/cli/text.h"

#include <array>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

namespace sluice::cli {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string duration_text(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  if (duration < milliseconds(1)) return fmt::format("{}us", duration.count());
  if (duration < seconds(1)) return fmt::format("{:g}ms", static_cast<double>(duration.count()) / 1e3);
  const auto h = duration_cast<hours>(duration);
  const auto m = duration_cast<minutes>(duration - h);
  const double s = static_cast<double>((duration - h - m).count()) / 1e6;
  std::string text;
  if (h.count() > 0) text += fmt::format("{}h", h.count());
  if (m.count() > 0) text += fmt::format("{}m", m.count());
  if (s > 0) text += fmt::format("{:g}s", s);
  return text;
}

std::string clock_text(Duration duration) {
  const auto total = duration_cast<seconds>(duration).count();
  if (total >= 3600) return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

namespace {

std::string local_time(std::time_t time, const char* format) {
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &local)};
}

}  // namespace

std::string time_text(Time time) {
  const std::time_t seconds_since_epoch = std::chrono::system_clock::to_time_t(time);
  return seconds_since_epoch == 0 ? "-" : local_time(seconds_since_epoch, "%Y-%m-%d %H:%M:%S");
}

std::string time_of_day_text(Time time) { return local_time(std::chrono::system_clock::to_time_t(time), "%H:%M:%S"); }

std::string rate_text(double per_second) {
  if (!std::isfinite(per_second) || per_second <= 0) return "-";
  if (per_second < 10) return fmt::format("{:.1f}/s", per_second);
  return count_text(static_cast<std::uint64_t>(std::llround(per_second))) + "/s";
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string items_text(std::uint64_t count) { return counted(count, "item"); }

}  // namespace sluice::cli
