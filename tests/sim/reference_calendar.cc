// When the ticks of a schedule come, the long way: minute by minute, with what a clock on the wall shows there.
#include <algorithm>
#include <map>

#include "absl/time/time.h"
#include "tests/sim/reference.h"

namespace sluice::sim {
namespace {

// What a clock shows, and whether a tick comes then.
struct OnTheWall {
  int hour = 0;
  int minute = 0;
};
using Matches = bool (*)(const OnTheWall&);

struct Cron {
  Matches matches;
  bool of_every_hour = false;  // a distance rather than times of the day
};

const std::map<std::string, Cron>& crons() {
  static const auto& all = *new std::map<std::string, Cron>{
      {"* * * * *", {[](const OnTheWall&) { return true; }, true}},
      {"*/10 * * * *", {[](const OnTheWall& at) { return at.minute % 10 == 0; }, true}},
      {"*/5 1-3 * * *", {[](const OnTheWall& at) { return at.minute % 5 == 0 && at.hour >= 1 && at.hour <= 3; }}},
      {"30 2 * * *", {[](const OnTheWall& at) { return at.minute == 30 && at.hour == 2; }}},
      {"20,40 2 * * *", {[](const OnTheWall& at) { return (at.minute == 20 || at.minute == 40) && at.hour == 2; }}},
  };
  return all;
}

absl::TimeZone zone_of(const std::string& name) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!name.empty()) absl::LoadTimeZone(name, &zone);
  return zone;
}

absl::CivilMinute shown(absl::Time time, const absl::TimeZone& zone) { return absl::ToCivilMinute(time, zone); }

bool matches(const Cron& cron, absl::CivilMinute at) { return cron.matches({at.hour(), at.minute()}); }

}  // namespace

const std::vector<std::string>& calendar_times() {
  static const auto& all = *[] {
    auto* names = new std::vector<std::string>;
    for (const auto& [name, cron] : crons()) names->push_back(name);
    return names;
  }();
  return all;
}

Time Reference::tick_after(const RefSchedule& schedule, Time time) const {
  if (schedule.cron.empty()) return time + schedule.every;
  const Cron& cron = crons().at(schedule.cron);
  const absl::TimeZone zone = zone_of(schedule.time_zone);
  const absl::Duration minute = absl::Minutes(1);
  absl::Time at = absl::FromUnixMicros(time.time_since_epoch().count());
  at = absl::UnixEpoch() + absl::Floor(at - absl::UnixEpoch(), minute) + minute;
  // Where the clock goes forward, what it leaves out comes then; where it goes back, what it shows again does not come again.
  const auto ticks = [&] {
    const absl::CivilMinute now = shown(at, zone);
    if (cron.of_every_hour) return matches(cron, now);
    const bool again = shown(at - absl::Hours(1), zone) >= now;
    if (again && !makes(Mistake::kTicksTwiceWhereTheClockGoesBack)) return false;
    absl::CivilMinute each = now;
    if (!again && !makes(Mistake::kNoTicksWhereTheClockGoesForward)) each = shown(at - minute, zone) + 1;
    for (; each < now; ++each) {
      if (matches(cron, each)) return true;
    }
    return matches(cron, now);
  };
  while (!ticks()) at += minute;
  return Time{Duration{absl::ToUnixMicros(at)}};
}

}  // namespace sluice::sim
