#include "server/admin/metrics.h"

namespace sluice::admin {
namespace {

using Type = Exposition::Type;

struct ShownSchedule {
  std::string_view name;
  std::uint64_t paused = 0;
  std::uint64_t waiting = 0;
  model::ScheduleCounters counters;
};

void write(const std::vector<ShownSchedule>& schedules, Exposition& out) {
  out.family("sluice_schedule_ticks_total", Type::kCounter,
             "Ticks by what became of them: put, skipped because they were missed or others waited for room, or refused.");
  for (const ShownSchedule& each : schedules) {
    out.value({{"schedule", each.name}, {"result", "put"}}, each.counters.put);
    out.value({{"schedule", each.name}, {"result", "skipped"}}, each.counters.skipped);
    out.value({{"schedule", each.name}, {"result", "refused"}}, each.counters.refused);
  }
  out.family("sluice_schedule_waiting", Type::kGauge, "Ticks that wait for room in their queue.");
  for (const ShownSchedule& each : schedules) out.value({{"schedule", each.name}}, each.waiting);
  out.family("sluice_schedule_paused", Type::kGauge, "1 while the schedule has no ticks.");
  for (const ShownSchedule& each : schedules) out.value({{"schedule", each.name}}, each.paused);
}

}  // namespace

void TickCounts::add_growth(const TickCounts& before, const TickCounts& now) {
  counters.put += now.counters.put - before.counters.put;
  counters.skipped += now.counters.skipped - before.counters.skipped;
  counters.refused += now.counters.refused - before.counters.refused;
}

void Metrics::write_schedules(const std::vector<engine::ScheduleView>& all, Exposition& out) {
  out.family("sluice_schedules", Type::kGauge, "Schedules that there are.");
  out.value({}, std::uint64_t{all.size()});
  std::vector<ShownSchedule> shown;
  ShownSchedule others{.name = "_other"};
  for (const auto& [spec, state, upcoming] : all) {
    const bool own = schedules_.see(spec.name, state.create_time, {state.counters});
    ShownSchedule& at = own ? shown.emplace_back(ShownSchedule{.name = spec.name, .counters = state.counters}) : others;
    at.paused += state.paused ? 1 : 0;
    at.waiting += state.waiting.size();
  }
  schedules_.forget_unseen();
  if (schedules_.has_others()) {
    others.counters = schedules_.others().counters;
    shown.push_back(others);
  }
  write(shown, out);
}

}  // namespace sluice::admin
