// When the ticks of a schedule come.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/model/cron.h"
#include "server/model/schedule.h"

namespace sluice::model {

// What has fallen due at a schedule: ticks to be put, the first first, and how many of those before them are left out.
struct DueTicks {
  std::vector<base::Time> ticks;
  std::uint64_t skipped = 0;
  base::Time next = base::kNever;  // the first that is not due
};

// Ticks `every` so often follow each other from any tick on, without drift. Those by cron come at local times of a place: where
// its clock goes forward, those between come at the moment of the change, once; where it goes back, they come the first time. A
// cron of every hour stands for a distance instead: its ticks go on through both.
//
// A value.
class Calendar {
 public:
  // INVALID_VALUE for a cron or a time zone that is none.
  static absl::StatusOr<Calendar> of(const ScheduleSpec& spec);

  // The first tick after `time`: by cron whatever `time` is, else that after the tick `time`.
  [[nodiscard]] base::Time after(base::Time time) const;
  // Those from `first`, a tick, to `now`. Put are those that are at most limits::kTickTolerance late, and of all the latest
  // `catch_up`, but no more than limits::kMaxCatchUp together. Where more than limits::kMaxTicksWalked by cron were missed,
  // those older than limits::kMaxTickAge are not all counted.
  [[nodiscard]] DueTicks due(base::Time first, base::Time now, std::size_t catch_up) const;

 private:
  [[nodiscard]] absl::Time after(absl::Time time) const;
  [[nodiscard]] absl::Time after_by_distance(absl::Time time) const;
  [[nodiscard]] DueTicks due_by_distance(base::Time first, base::Time now, std::size_t catch_up) const;

  base::Duration every_{0};  // 0: by cron
  Cron cron_;
  absl::TimeZone zone_;
};

}  // namespace sluice::model
