// Schedules: what puts items by the clock.
//
// A tick that is due becomes an item of the schedule's queue, as if somebody had put it: it waits in line for room. Those that
// come due meanwhile are skipped, so that a queue which nobody drains does not collect them.
#pragma once

#include "absl/status/status.h"
#include "server/engine/tables.h"
#include "server/engine/timed.h"
#include "server/model/calendar.h"
#include "server/model/record.h"

namespace sluice::engine {

// Due at its next tick.
struct Schedule : Timed {
  Schedule(model::ScheduleSpec schedule_spec, const model::Calendar& schedule_calendar)
      : Timed(TimedKind::kSchedule), spec(std::move(schedule_spec)), calendar(schedule_calendar) {}

  model::ScheduleSpec spec;
  model::Calendar calendar;
  model::ScheduleState state;
  Transfer* transfer = nullptr;  // of the ticks that wait for room; null: none does
};

[[nodiscard]] absl::Status no_schedule(std::string_view name);
absl::Status create_schedule(Step& step, const model::ScheduleSpec& spec);
absl::Status update_schedule(Step& step, Schedule& schedule, const model::ScheduleSpec& spec);
void delete_schedule(Step& step, Schedule& schedule);
void pause(Step& step, Schedule& schedule);
// INVALID_VALUE where its time zone is not known any more.
absl::Status resume(Step& step, Schedule& schedule);

// One as it was kept. If its time zone is not known any more, it is paused, and says why.
void restore(Tables& tables, model::ScheduleRecord&& record);
// Those that were restored go on.
void start_schedules(Step& step);

// Puts what is due.
void fall_due(Step& step, Schedule& schedule);
// What became of the first of the ticks that were to be put.
void note_answer(Step& step, Schedule& schedule, const PutAnswer& answer);

// Without the upcoming ticks, which cost something: a list may be long, and is made under the lock.
[[nodiscard]] ScheduleView view_of(const Schedule& schedule);

}  // namespace sluice::engine
