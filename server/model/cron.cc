#include "server/model/cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "server/base/errors.h"

namespace sluice::model {
namespace {

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldInfo {
  std::string_view name;
  int min;
  int max;
  std::span<const std::string_view> names;  // of the values from `min` on
};

constexpr FieldInfo kFields[] = {
    {"minute", 0, 59, {}},
    {"hour", 0, 23, {}},
    {"day of the month", 1, 31, {}},
    {"month", 1, 12, kMonths},
    {"day of the week", 0, 7, kDays},
};

struct Nickname {
  std::string_view name;
  std::string_view meaning;
};

constexpr Nickname kNicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

// Leap years are eight years apart at the turn of most centuries.
constexpr int kMaxDaysAhead = 8 * 366;

absl::Status bad(std::string_view text, std::string_view why) {
  return base::error(base::Reason::kInvalidValue,
                     fmt::format("cron \"{}\": {}; it has five fields, minute, hour, day of the month, month and day of the "
                                 "week, such as \"*/15 9-17 * * mon-fri\"",
                                 text, why));
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<int> value_of(const FieldInfo& field, std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto named = std::ranges::find(field.names, lower);
  if (named != field.names.end()) return field.min + static_cast<int>(named - field.names.begin());
  const auto value = number(text);
  if (!value || *value < field.min || *value > field.max) return std::nullopt;
  return value;
}

// The bits of one element of a list: a value, a range or `*`, with or without a step. None: it is no such thing.
std::optional<std::uint64_t> read_element(const FieldInfo& field, std::string_view text) {
  const auto with_step = split(text, "/");
  if (with_step.size() > 2) return std::nullopt;
  const auto step = with_step.size() == 2 ? number(with_step[1]) : std::optional<int>(1);
  if (!step || *step < 1 || *step > field.max) return std::nullopt;
  const auto ends = split(with_step[0], "-");
  if (ends.size() > 2) return std::nullopt;
  const bool is_all = with_step[0] == "*";
  const auto first = is_all ? field.min : value_of(field, ends.front());
  // A single value with a step goes on to the end.
  const auto last = is_all || (ends.size() == 1 && with_step.size() == 2) ? field.max : value_of(field, ends.back());
  if (!first || !last || *first > *last) return std::nullopt;
  std::uint64_t bits = 0;
  for (int value = *first; value <= *last; value += *step) bits |= std::uint64_t{1} << value;
  return bits;
}

}  // namespace

absl::StatusOr<Cron> Cron::parse(std::string_view text) {
  const auto nickname = std::ranges::find(kNicknames, text, &Nickname::name);
  auto words = split(nickname == std::end(kNicknames) ? text : nickname->meaning, " \t");
  std::erase(words, std::string_view());
  if (words.size() != std::size(kFields)) return bad(text, fmt::format("{} fields", words.size()));
  Cron cron;
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string_view element : split(words[i], ",")) {
      const auto bits = read_element(kFields[i], element);
      if (!bits) {
        return bad(text, fmt::format("\"{}\" is no {} ({}-{})", element, kFields[i].name, kFields[i].min, kFields[i].max));
      }
      cron.sets_[i] |= *bits;
    }
  }
  // Sunday has two numbers.
  if (cron.fits(kDayOfWeek, 7)) cron.sets_[kDayOfWeek] |= 1U;
  cron.either_day_ = !words[kDayOfMonth].starts_with('*') && !words[kDayOfWeek].starts_with('*');
  if (!cron.next_day(absl::CivilDay(2000, 1, 1))) return bad(text, "no year has such a day");
  return cron;
}

bool Cron::fits_day(absl::CivilDay day) const {
  // absl counts from Monday.
  const int day_of_week = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
  const bool by_month = fits(kDayOfMonth, day.day());
  const bool by_week = fits(kDayOfWeek, day_of_week);
  return fits(kMonth, day.month()) && (either_day_ ? by_month || by_week : by_month && by_week);
}

std::optional<absl::CivilDay> Cron::next_day(absl::CivilDay from) const {
  for (absl::CivilDay day = from; day - from <= kMaxDaysAhead;) {
    if (!fits(kMonth, day.month())) {
      day = absl::CivilDay(absl::CivilMonth(day) + 1);
    } else if (fits_day(day)) {
      return day;
    } else {
      ++day;
    }
  }
  return std::nullopt;
}

std::optional<absl::CivilMinute> Cron::next_on_day(absl::CivilMinute from) const {
  for (int hour = from.hour(), minute = from.minute(); hour < 24; ++hour, minute = 0) {
    if (!fits(kHour, hour)) continue;
    for (; minute < 60; ++minute) {
      if (fits(kMinute, minute)) return absl::CivilMinute(from.year(), from.month(), from.day(), hour, minute);
    }
  }
  return std::nullopt;
}

absl::CivilMinute Cron::next(absl::CivilMinute from) const {
  const absl::CivilDay today(from);
  if (fits_day(today)) {
    if (const auto found = next_on_day(from)) return *found;
  }
  // parse() made sure that there is one.
  const auto day = next_day(today + 1);
  return *next_on_day(absl::CivilMinute(day.value_or(today)));
}

bool Cron::is_hourly() const {
  constexpr std::uint64_t kAllHours = (std::uint64_t{1} << 24) - 1;
  return sets_[kHour] == kAllHours;
}

}  // namespace sluice::model
