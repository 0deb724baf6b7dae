// A schedule: puts an item into a queue at each of its ticks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/model/item.h"

namespace sluice::model {

// Ticks come either by `cron` or every `every`.
struct ScheduleSpec {
  std::string name;
  std::string queue;
  std::string cron;       // cron.h; empty: `every`
  std::string time_zone;  // of the IANA's list; of `cron`; empty: UTC
  base::Duration every{0};
  // What each tick puts; the item also gets the attributes of kScheduleAttribute and kTickAttribute.
  BodyPtr body;
  std::int64_t priority = 0;
  // Of ticks that were missed, so many are made up for, the latest ones.
  std::uint32_t catch_up = 1;
};

// What changes of a spec; what is absent stays.
struct SchedulePatch {
  std::string name;  // of the schedule
  std::optional<std::string> queue;
  std::optional<std::string> cron;
  std::optional<std::string> time_zone;
  std::optional<base::Duration> every;
  std::optional<std::string> payload;
  std::optional<Attributes> attributes;
  std::optional<std::int64_t> priority;
  std::optional<std::uint32_t> catch_up;
};

// A new cron takes the place of an `every` that is not named, and a new `every` that of cron and time zone.
[[nodiscard]] ScheduleSpec patched(ScheduleSpec spec, const SchedulePatch& patch);

inline constexpr std::string_view kScheduleAttribute = "sluice-schedule";  // its name
inline constexpr std::string_view kTickAttribute = "sluice-tick";          // when the tick was due, RFC 3339 in UTC

// What becomes of a schedule's ticks. Each is counted once.
struct ScheduleCounters {
  std::uint64_t put = 0;
  std::uint64_t skipped = 0;  // missed and not made up for, or due while others waited for room
  std::uint64_t refused = 0;  // the queue was closed, or not there, or the server's store was full

  bool operator==(const ScheduleCounters&) const = default;
};

// A schedule as it stands.
struct ScheduleState {
  bool paused = false;
  base::Time create_time{};
  base::Time next = base::kNever;   // tick; kNever while it is paused
  std::vector<base::Time> waiting;  // ticks that were due and wait for room in the queue, the first first
  ScheduleCounters counters;
  base::Time last_tick{};  // of those that were put; the epoch: none was
  std::string last_error;  // why the last tick was refused; empty once one was put

  bool operator==(const ScheduleState&) const = default;
};

}  // namespace sluice::model
