#include "server/engine/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "server/engine/engine.h"
#include "server/engine/state.h"
#include "server/engine/transfer.h"

namespace sluice::engine {
namespace {

using base::Reason;
using model::Calendar;
using model::ScheduleSpec;

Schedule* find(const Step& step, std::string_view name) {
  const auto found = step.tables.schedules.find(name);
  return found == step.tables.schedules.end() ? nullptr : found->second.get();
}

void record(Step& step, const Schedule& schedule) { step.record(model::ScheduleRecord{schedule.spec, schedule.state}); }

absl::StatusOr<Calendar> check(const Step& step, const ScheduleSpec& spec) {
  auto calendar = Calendar::of(spec);
  if (!calendar.ok()) return calendar.status();
  if (const auto queue = step.tables.queue(spec.queue); !queue.ok()) return queue.status();
  return calendar;
}

// What a patch may have put together.
absl::Status check_ticks(const ScheduleSpec& spec) {
  const bool has_every = spec.every > base::Duration::zero();
  if (spec.cron.empty() != has_every) {
    return base::error(Reason::kInvalidValue, has_every ? "the schedule would have both cron and every; clear one of them"
                                                        : "the schedule would have neither cron nor every; name one of them");
  }
  if (!has_every || spec.time_zone.empty()) return absl::OkStatus();
  return base::error(Reason::kInvalidValue, "the schedule has an every; a time zone makes no sense without a cron");
}

bool ticks_alike(const ScheduleSpec& a, const ScheduleSpec& b) {
  return a.cron == b.cron && a.time_zone == b.time_zone && a.every == b.every;
}

void set_next(Step& step, Schedule& schedule, base::Time next) {
  schedule.state.next = next;
  step.tables.timers.set(schedule, next);
}

std::string tick_text(base::Time tick) {
  const absl::Time time = absl::FromUnixMicros(tick.time_since_epoch().count());
  return std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()));
}

model::NewItem item_of(const ScheduleSpec& spec, base::Time tick) {
  auto body = std::make_shared<model::Body>(*spec.body);
  const auto set = [&](std::string_view key, std::string value) {
    std::erase_if(body->attributes, [&](const auto& each) { return each.first == key; });
    body->attributes.emplace_back(key, std::move(value));
  };
  set(model::kScheduleAttribute, spec.name);
  set(model::kTickAttribute, tick_text(tick));
  std::ranges::sort(body->attributes);
  return {.body = std::move(body), .priority = spec.priority};
}

// The ticks in `waiting` are put, or get in line.
void put_waiting(Step& step, Schedule& schedule) {
  if (schedule.state.waiting.empty()) return;
  Transfer transfer;
  transfer.schedule = &schedule;
  transfer.one_by_one = true;
  Transfer::Part part{.queue = schedule.spec.queue};
  for (const base::Time tick : schedule.state.waiting) part.items.push_back(item_of(schedule.spec, tick));
  transfer.parts.push_back(std::move(part));
  begin_transfer(step, std::move(transfer));
}

void leave_line(Step& step, Schedule& schedule) {
  if (schedule.transfer != nullptr) withdraw(step, *schedule.transfer);
}

}  // namespace

absl::Status no_schedule(std::string_view name) {
  return base::error(Reason::kScheduleNotFound, fmt::format("there is no schedule \"{}\"", name));
}

absl::Status create_schedule(Step& step, const ScheduleSpec& spec) {
  if (find(step, spec.name) != nullptr) {
    return base::error(Reason::kScheduleExists, fmt::format("schedule \"{}\" exists already", spec.name));
  }
  if (step.tables.schedules.size() >= limits::kMaxSchedules) {
    return base::error(Reason::kLimitReached,
                       fmt::format("the server has {} schedules; delete one first", step.tables.schedules.size()));
  }
  auto calendar = check(step, spec);
  if (!calendar.ok()) return calendar.status();
  auto schedule = std::make_unique<Schedule>(spec, *calendar);
  schedule->state.create_time = step.now;
  set_next(step, *schedule, schedule->calendar.after(step.now));
  record(step, *schedule);
  step.tables.schedules.emplace(spec.name, std::move(schedule));
  return absl::OkStatus();
}

absl::Status update_schedule(Step& step, Schedule& schedule, const ScheduleSpec& spec) {
  auto calendar = check(step, spec);
  if (!calendar.ok()) return calendar.status();
  leave_line(step, schedule);
  const bool is_moved = !ticks_alike(schedule.spec, spec);
  schedule.spec = spec;
  schedule.calendar = *calendar;
  if (is_moved && !schedule.state.paused) set_next(step, schedule, schedule.calendar.after(step.now));
  record(step, schedule);
  put_waiting(step, schedule);
  return absl::OkStatus();
}

void delete_schedule(Step& step, Schedule& schedule) {
  leave_line(step, schedule);
  step.tables.timers.cancel(schedule);
  step.record(model::ScheduleErased{schedule.spec.name});
  step.tables.schedules.erase(step.tables.schedules.find(schedule.spec.name));
}

void pause(Step& step, Schedule& schedule) {
  if (schedule.state.paused) return;
  leave_line(step, schedule);
  schedule.state.counters.skipped += std::exchange(schedule.state.waiting, {}).size();
  schedule.state.paused = true;
  set_next(step, schedule, base::kNever);
  record(step, schedule);
}

absl::Status resume(Step& step, Schedule& schedule) {
  if (!schedule.state.paused) return absl::OkStatus();
  auto calendar = Calendar::of(schedule.spec);
  if (!calendar.ok()) return calendar.status();
  schedule.calendar = *calendar;
  schedule.state.paused = false;
  schedule.state.last_error.clear();
  set_next(step, schedule, schedule.calendar.after(step.now));
  record(step, schedule);
  return absl::OkStatus();
}

void restore(Tables& tables, model::ScheduleRecord&& record) {
  auto calendar = Calendar::of(record.spec);
  auto schedule = std::make_unique<Schedule>(std::move(record.spec), calendar.value_or(Calendar()));
  schedule->state = std::move(record.state);
  if (!calendar.ok()) {
    schedule->state.paused = true;
    schedule->state.next = base::kNever;
    schedule->state.last_error = std::string(calendar.status().message());
  }
  std::string name = schedule->spec.name;
  tables.schedules.emplace(std::move(name), std::move(schedule));
}

void start_schedules(Step& step) {
  for (const auto& [name, schedule] : step.tables.schedules) {
    put_waiting(step, *schedule);
    step.tables.timers.set(*schedule, schedule->state.next);
  }
}

void fall_due(Step& step, Schedule& schedule) {
  auto due = schedule.calendar.due(schedule.state.next, step.now, schedule.spec.catch_up);
  set_next(step, schedule, due.next);
  model::ScheduleState& state = schedule.state;
  state.counters.skipped += due.skipped;
  if (state.waiting.empty()) {
    state.waiting = std::move(due.ticks);
    record(step, schedule);
    put_waiting(step, schedule);
  } else {
    state.counters.skipped += due.ticks.size();
    record(step, schedule);
  }
}

void note_answer(Step& step, Schedule& schedule, const PutAnswer& answer) {
  model::ScheduleState& state = schedule.state;
  const std::size_t count = answer.status.ok() ? answer.count : state.waiting.size();
  if (answer.status.ok()) {
    state.counters.put += count;
    state.last_tick = state.waiting[count - 1];
    state.last_error.clear();
  } else {
    state.counters.refused += count;
    state.last_error = std::string(answer.status.message());
  }
  state.waiting.erase(state.waiting.begin(), state.waiting.begin() + static_cast<std::ptrdiff_t>(count));
  record(step, schedule);
}

ScheduleView view_of(const Schedule& schedule) { return {.spec = schedule.spec, .state = schedule.state, .upcoming = {}}; }

absl::Status Engine::create_schedule(base::Time now, const ScheduleSpec& spec, Effects& out) {
  return state_->command(now, out, [&](Step& step) { return engine::create_schedule(step, spec); });
}

absl::Status Engine::update_schedule(base::Time now, const ScheduleSpec& spec, Effects& out) {
  return state_->with_schedule(now, spec.name, out,
                               [&](Step& step, Schedule& found) { return engine::update_schedule(step, found, spec); });
}

absl::Status Engine::update_schedule(base::Time now, const model::SchedulePatch& patch, Effects& out) {
  return state_->with_schedule(now, patch.name, out, [&](Step& step, Schedule& found) {
    const ScheduleSpec spec = model::patched(found.spec, patch);
    const absl::Status status = check_ticks(spec);
    return status.ok() ? engine::update_schedule(step, found, spec) : status;
  });
}

absl::Status Engine::delete_schedule(base::Time now, std::string_view name, Effects& out) {
  return state_->with_schedule(now, name, out, [](Step& step, Schedule& found) {
    engine::delete_schedule(step, found);
    return absl::OkStatus();
  });
}

absl::Status Engine::pause_schedule(base::Time now, std::string_view name, Effects& out) {
  return state_->with_schedule(now, name, out, [](Step& step, Schedule& found) {
    pause(step, found);
    return absl::OkStatus();
  });
}

absl::Status Engine::resume_schedule(base::Time now, std::string_view name, Effects& out) {
  return state_->with_schedule(now, name, out, [](Step& step, Schedule& found) { return resume(step, found); });
}

absl::StatusOr<ScheduleView> Engine::schedule(std::string_view name) const {
  const auto found = state_->tables.schedules.find(name);
  if (found == state_->tables.schedules.end()) return no_schedule(name);
  const Schedule& schedule = *found->second;
  ScheduleView view = view_of(schedule);
  for (base::Time tick = schedule.state.next; tick != base::kNever && view.upcoming.size() < limits::kUpcomingTicks;) {
    view.upcoming.push_back(tick);
    tick = schedule.calendar.after(tick);
  }
  return view;
}

std::vector<ScheduleView> Engine::list_schedules(std::string_view after, std::size_t limit) const {
  std::vector<ScheduleView> views;
  const auto& all = state_->tables.schedules;
  for (auto next = all.upper_bound(after); next != all.end() && views.size() < limit; ++next) {
    views.push_back(view_of(*next->second));
  }
  return views;
}

}  // namespace sluice::engine
