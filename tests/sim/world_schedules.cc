// The part of the world that is about schedules.
#include <fmt/format.h>

#include "server/base/errors.h"
#include "tests/sim/names.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

std::string word_of(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto reason = base::reason_of(status);
  return reason ? std::string(base::info(*reason).name) : status.ToString();
}

model::ScheduleSpec spec_of(const RefSchedule& schedule) {
  return {.name = schedule.name,
          .queue = schedule.queue,
          .cron = schedule.cron,
          .time_zone = schedule.time_zone,
          .every = schedule.every,
          .body = body_of_ticks(),
          .catch_up = schedule.catch_up};
}

std::string describe(const RefSchedule& schedule) {
  const std::string ticks = schedule.cron.empty() ? fmt::format("every {}us", schedule.every.count())
                                                  : fmt::format("at {} {}", schedule.cron, schedule.time_zone);
  return fmt::format("schedule {}: into {} {}, catch up {}", schedule.name, schedule.queue, ticks, schedule.catch_up);
}

}  // namespace

void World::create_schedule(const RefSchedule& schedule) {
  both(
      "create " + describe(schedule),
      [&](engine::Effects& out) { return word_of(engine_->create_schedule(now_, spec_of(schedule), out)); },
      [&] { return reference_.create_schedule(schedule); });
}

void World::update_schedule(const RefSchedule& schedule) {
  both(
      "update " + describe(schedule),
      [&](engine::Effects& out) { return word_of(engine_->update_schedule(now_, spec_of(schedule), out)); },
      [&] { return reference_.update_schedule(schedule); });
}

void World::delete_schedule(const std::string& name) {
  both(
      "delete schedule " + name, [&](engine::Effects& out) { return word_of(engine_->delete_schedule(now_, name, out)); },
      [&] { return reference_.delete_schedule(name); });
}

void World::pause_schedule(const std::string& name, bool paused) {
  both(
      fmt::format("{} schedule {}", paused ? "pause" : "resume", name),
      [&](engine::Effects& out) {
        return word_of(paused ? engine_->pause_schedule(now_, name, out) : engine_->resume_schedule(now_, name, out));
      },
      [&] { return reference_.pause_schedule(name, paused); });
}

}  // namespace sluice::sim
