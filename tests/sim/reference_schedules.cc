// The part of the reference that is about schedules.
#include "server/base/limits.h"
#include "tests/sim/names.h"
#include "tests/sim/reference.h"

namespace sluice::sim {

std::string Reference::create_schedule(const RefSchedule& schedule) {
  if (schedules_.contains(schedule.name)) return "SCHEDULE_EXISTS";
  if (find(schedule.queue) == nullptr) return "QUEUE_NOT_FOUND";
  RefSchedule& made = schedules_[schedule.name] = schedule;
  made.next = alarm(tick_after(made, now_));
  return "OK";
}

std::string Reference::update_schedule(const RefSchedule& wanted) {
  const auto found = schedules_.find(wanted.name);
  if (found == schedules_.end()) return "SCHEDULE_NOT_FOUND";
  if (find(wanted.queue) == nullptr) return "QUEUE_NOT_FOUND";
  RefSchedule& schedule = found->second;
  leave_line(schedule);
  const bool moved = schedule.every != wanted.every || schedule.cron != wanted.cron || schedule.time_zone != wanted.time_zone;
  if (moved && !schedule.paused) schedule.next = alarm(tick_after(wanted, now_));
  schedule.queue = wanted.queue;
  schedule.every = wanted.every;
  schedule.cron = wanted.cron;
  schedule.time_zone = wanted.time_zone;
  schedule.catch_up = wanted.catch_up;
  put_ticks(schedule);
  settle();
  return "OK";
}

std::string Reference::delete_schedule(const std::string& name) {
  const auto found = schedules_.find(name);
  if (found == schedules_.end()) return "SCHEDULE_NOT_FOUND";
  leave_line(found->second);
  schedules_.erase(found);
  settle();
  return "OK";
}

std::string Reference::pause_schedule(const std::string& name, bool paused) {
  const auto found = schedules_.find(name);
  if (found == schedules_.end()) return "SCHEDULE_NOT_FOUND";
  RefSchedule& schedule = found->second;
  if (schedule.paused == paused) return "OK";
  schedule.paused = paused;
  if (paused) {
    leave_line(schedule);
    schedule.counters.skipped += schedule.waiting.size();
    schedule.waiting.clear();
    schedule.next = {};
  } else {
    schedule.next = alarm(tick_after(schedule, now_));
  }
  settle();
  return "OK";
}

void Reference::fall_due(RefSchedule& schedule) {
  std::vector<Time> ticks;
  Time tick = schedule.next.due;
  for (; tick <= now_; tick = tick_after(schedule, tick)) ticks.push_back(tick);
  schedule.next = alarm(tick);
  const auto is_missed = [&] {
    if (ticks.empty() || makes(Mistake::kMakesUpForEveryTick)) return false;
    return ticks.size() > schedule.catch_up && now_ - ticks.front() > limits::kTickTolerance;
  };
  for (; is_missed(); ticks.erase(ticks.begin())) ++schedule.counters.skipped;
  if (!schedule.waiting.empty() && !makes(Mistake::kTicksPileUp)) {
    schedule.counters.skipped += ticks.size();
    return;
  }
  leave_line(schedule);
  schedule.waiting.insert(schedule.waiting.end(), ticks.begin(), ticks.end());
  put_ticks(schedule);
}

void Reference::put_ticks(RefSchedule& schedule) {
  if (schedule.waiting.empty()) return;
  RefTransfer put{.parts = {{schedule.queue, {}}}, .one_by_one = true, .schedule = schedule.name};
  for (const Time tick : schedule.waiting) {
    put.parts.front().second.push_back({.payload = name_of_tick(schedule.name, tick)});
  }
  if (!obstacle(put).empty()) return note_refused(schedule);
  if (blocking(put, line_.size()) == nullptr && carry_out_in_part(put)) return;
  line_.push_back(std::move(put));
}

void Reference::note_put(RefSchedule& schedule, std::uint32_t count) {
  schedule.counters.put += count;
  schedule.last_tick = schedule.waiting.at(count - 1);
  schedule.waiting.erase(schedule.waiting.begin(), schedule.waiting.begin() + count);
}

void Reference::note_refused(RefSchedule& schedule) {
  schedule.counters.refused += schedule.waiting.size();
  schedule.waiting.clear();
}

void Reference::leave_line(const RefSchedule& schedule) {
  std::erase_if(line_, [&](const RefTransfer& transfer) { return transfer.schedule == schedule.name; });
}

// What waited for room still does.
void Reference::restart_schedules() {
  for (auto& [name, schedule] : schedules_) {
    if (makes(Mistake::kRestartForgetsTicks)) schedule.waiting.clear();
    put_ticks(schedule);
    if (!schedule.paused) schedule.next = alarm(schedule.next.due);
  }
}

}  // namespace sluice::sim
