// Times by the calendar, written as in crontab(5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

namespace sluice::model {

// Five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or jan-dec), day of the week (0-7 or sun-sat;
// 0 and 7 are Sunday). Each is `*` or a list of numbers and ranges, each with a step if need be: `*/15`, `1-5`, `9-17/2,20`.
// Where both days are restricted, that is, neither field begins with `*`, either of them suffices. Or one of @yearly,
// @annually,
// @monthly, @weekly, @daily, @midnight and @hourly.
//
// A value; knows no time zone.
class Cron {
 public:
  // INVALID_VALUE, with a message that names the field; also for what never comes, such as 30 February.
  static absl::StatusOr<Cron> parse(std::string_view text);

  // The first minute that fits, from this one on. There is always one: what fits at all does so within eight years, from one 29
  // February to the next.
  [[nodiscard]] absl::CivilMinute next(absl::CivilMinute from) const;
  // No hour is left out: it stands for a distance between ticks rather than for times of the day.
  [[nodiscard]] bool is_hourly() const;

 private:
  // One bit for each value that fits.
  enum Field : std::uint8_t { kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek };

  [[nodiscard]] bool fits(Field field, int value) const { return (sets_[field] >> value & 1U) != 0; }
  [[nodiscard]] bool fits_day(absl::CivilDay day) const;
  // None within eight years.
  [[nodiscard]] std::optional<absl::CivilDay> next_day(absl::CivilDay from) const;
  // The first minute of this day that fits, from this one on.
  [[nodiscard]] std::optional<absl::CivilMinute> next_on_day(absl::CivilMinute from) const;

  std::array<std::uint64_t, 5> sets_{};
  bool either_day_ = false;
};

}  // namespace sluice::model
