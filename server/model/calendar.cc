#include "server/model/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "server/base/errors.h"
#include "server/base/limits.h"

namespace sluice::model {
namespace {

absl::Time absl_time(base::Time time) { return absl::FromUnixMicros(time.time_since_epoch().count()); }
base::Time base_time(absl::Time time) { return base::Time(base::Duration(absl::ToUnixMicros(time))); }

bool is_late(base::Time tick, base::Time now) { return now - tick > limits::kTickTolerance; }

}  // namespace

absl::StatusOr<Calendar> Calendar::of(const ScheduleSpec& spec) {
  Calendar calendar;
  calendar.every_ = spec.every;
  if (spec.cron.empty()) return calendar;
  auto cron = Cron::parse(spec.cron);
  if (!cron.ok()) return cron.status();
  calendar.cron_ = *cron;
  if (!absl::LoadTimeZone(spec.time_zone.empty() ? "UTC" : spec.time_zone, &calendar.zone_)) {
    return base::error(base::Reason::kInvalidValue,
                       fmt::format("the server's machine knows no time zone \"{}\"; take a name of the IANA's list, such as "
                                   "\"Europe/Berlin\" or \"UTC\", and see that its package tzdata is installed",
                                   spec.time_zone));
  }
  return calendar;
}

base::Time Calendar::after(base::Time time) const {
  return every_ > base::Duration::zero() ? base::add_saturating(time, every_) : base_time(after(absl_time(time)));
}

absl::Time Calendar::after(absl::Time time) const {
  if (cron_.is_hourly()) return after_by_distance(time);
  for (absl::CivilMinute minute(absl::CivilSecond(zone_.At(time).cs) + 60);; ++minute) {
    minute = cron_.next(minute);
    const auto local = zone_.At(absl::CivilSecond(minute));
    const absl::Time tick = local.kind == absl::TimeZone::TimeInfo::SKIPPED ? local.trans : local.pre;
    if (tick > time) return tick;
  }
}

absl::Time Calendar::after_by_distance(absl::Time time) const {
  while (true) {
    const absl::CivilSecond now = zone_.At(time).cs;
    const absl::CivilSecond then(cron_.next(absl::CivilMinute(now) + 1));
    const absl::Time tick = absl::FromUnixSeconds(absl::ToUnixSeconds(time) + (then - now));
    if (zone_.At(tick).cs == then) return tick;
    // The clock is changed between the two.
    absl::TimeZone::CivilTransition change;
    if (!zone_.NextTransition(time, &change)) return tick;
    time = zone_.At(change.to).trans;
    if (absl::CivilSecond(cron_.next(absl::CivilMinute(change.to))) == change.to) return time;
  }
}

DueTicks Calendar::due_by_distance(base::Time first, base::Time now, std::size_t catch_up) const {
  DueTicks due;
  const auto count = static_cast<std::uint64_t>((now - first) / every_) + 1;
  const base::Duration age_of_last = (now - first) % every_;
  const auto in_time =
      is_late(now - age_of_last, now) ? 0 : static_cast<std::uint64_t>((limits::kTickTolerance - age_of_last) / every_) + 1;
  const auto kept = std::min<std::uint64_t>({count, std::max<std::uint64_t>(in_time, catch_up), limits::kMaxCatchUp});
  due.skipped = count - kept;
  for (std::uint64_t i = count - kept; i < count; ++i) due.ticks.push_back(first + every_ * static_cast<std::int64_t>(i));
  due.next = base::add_saturating(first, every_ * static_cast<std::int64_t>(count));
  return due;
}

DueTicks Calendar::due(base::Time first, base::Time now, std::size_t catch_up) const {
  if (first > now) return {.ticks = {}, .skipped = 0, .next = first};
  if (every_ > base::Duration::zero()) return due_by_distance(first, now, catch_up);
  std::deque<base::Time> last;
  DueTicks due;
  std::size_t walked = 0;
  base::Time tick = first;
  while (tick <= now) {
    last.push_back(tick);
    if (last.size() > limits::kMaxCatchUp) {
      last.pop_front();
      ++due.skipped;
    }
    if (++walked == limits::kMaxTicksWalked) tick = std::max(tick, now - limits::kMaxTickAge);
    tick = after(tick);
  }
  while (last.size() > catch_up && is_late(last.front(), now)) {
    last.pop_front();
    ++due.skipped;
  }
  due.ticks.assign(last.begin(), last.end());
  due.next = tick;
  return due;
}

}  // namespace sluice::model
