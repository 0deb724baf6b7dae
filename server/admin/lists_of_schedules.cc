// The routes that show schedules.
#include <vector>

#include "server/admin/lists.h"
#include "server/admin/pages.h"
#include "server/admin/problem.h"
#include "server/wire/requests.h"
#include "sluice/v1/schedule_service.pb.h"

namespace sluice::admin {
namespace {

using engine::Effects;
using engine::Engine;

Response list_schedules(const House& house, const Match& match) {
  const auto request = page_request<v1::ListSchedulesRequest>(match);
  if (!request.ok()) return problem(request.status());
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  std::vector<engine::ScheduleView> schedules;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) {
    schedules = engine.list_schedules(page->after, std::size_t{page->size} + 1);
  });
  return answer(page_json("schedules", schedules, page->size,
                          [](const engine::ScheduleView& schedule) { return wire::token_after(schedule.spec.name); }));
}

Response show_schedule(const House& house, const Match& match) {
  const std::string& name = match.part("schedule");
  if (auto status = wire::check_name("schedule", name); !status.ok()) return problem(status);
  absl::StatusOr<engine::ScheduleView> schedule;
  house.runtime.apply([&](const Engine& engine, base::Time, Effects&) { schedule = engine.schedule(name); });
  if (!schedule.ok()) return problem(about(schedule.status(), "schedule", name));
  return answer(shown(*schedule));
}

}  // namespace

void add_lists_of_schedules(const House& house, Router& router) {
  add_view(house, router, "/api/v1/schedules", list_schedules);
  add_view(house, router, "/api/v1/schedules/{schedule}", show_schedule);
}

}  // namespace sluice::admin
