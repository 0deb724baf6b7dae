#include "server/rpc/schedule_service.h"

#include <string>
#include <vector>

#include "server/rpc/page.h"
#include "server/wire/requests.h"
#include "server/wire/views.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;
using engine::ScheduleView;

absl::StatusOr<ScheduleView> schedule_after(const absl::Status& change, const Engine& engine, const std::string& name) {
  if (!change.ok()) return change;
  return engine.schedule(name);
}

// Finishes a call whose answer is a schedule.
template <class Response>
auto with_schedule(Call* call) {
  return [call](const absl::StatusOr<ScheduleView>& view) {
    if (!view.ok()) return call->finish(view.status());
    Response response;
    wire::fill(*view, *response.mutable_schedule());
    call->finish(response);
  };
}

// Checks a request that has nothing but a schedule's name, and runs `command` on that one.
template <class Response, class Request, class Command>
absl::Status run_named(House& house, Call* call, const Request& request, Command command) {
  auto status = wire::check_name("schedule", request.schedule());
  if (!status.ok()) return status;
  call->about("schedule", request.schedule());
  house.runtime.run(
      [&](Engine& engine, base::Time now, Effects& effects) {
        return schedule_after(command(engine, now, request.schedule(), effects), engine, request.schedule());
      },
      with_schedule<Response>(call));
  return status;
}

}  // namespace

grpc::ServerUnaryReactor* ScheduleService::CreateSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/CreateSchedule"_method, context, out, house_);
  return serve<v1::CreateScheduleRequest>(house_, call, in, [&](const v1::CreateScheduleRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    const auto spec = wire::spec_of(request);
    if (!spec.ok()) return spec.status();
    call->about("schedule", spec->name);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return schedule_after(engine.create_schedule(now, *spec, effects), engine, spec->name);
        },
        with_schedule<v1::CreateScheduleResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ScheduleService::UpdateSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/UpdateSchedule"_method, context, out, house_);
  return serve<v1::UpdateScheduleRequest>(house_, call, in, [&](const v1::UpdateScheduleRequest& request) {
    const auto update = [&](const auto& change) {
      if (!change.ok()) return change.status();
      call->about("schedule", change->name);
      house_.runtime.run(
          [&](Engine& engine, base::Time now, Effects& effects) {
            return schedule_after(engine.update_schedule(now, *change, effects), engine, change->name);
          },
          with_schedule<v1::UpdateScheduleResponse>(call));
      return absl::OkStatus();
    };
    return request.has_update_mask() ? update(wire::patch_of(request)) : update(wire::spec_of(request));
  });
}

grpc::ServerUnaryReactor* ScheduleService::GetSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/GetSchedule"_method, context, out, house_);
  return serve<v1::GetScheduleRequest>(house_, call, in, [&](const v1::GetScheduleRequest& request) {
    return run_named<v1::GetScheduleResponse>(
        house_, call, request, [](const Engine&, base::Time, const std::string&, Effects&) { return absl::OkStatus(); });
  });
}

grpc::ServerUnaryReactor* ScheduleService::ListSchedules(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/ListSchedules"_method, context, out, house_);
  return serve<v1::ListSchedulesRequest>(house_, call, in, [&](const v1::ListSchedulesRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run(
        [&](const Engine& engine, base::Time, Effects&) {
          // One more, to see whether there is a next page.
          return absl::StatusOr<std::vector<ScheduleView>>(engine.list_schedules(page->after, page->size + 1));
        },
        [call, size = page->size](const absl::StatusOr<std::vector<ScheduleView>>& views) {
          if (!views.ok()) return call->finish(views.status());
          v1::ListSchedulesResponse response;
          const auto shown = fill_page(*views, size, [&](const ScheduleView& view) {
            wire::fill(view, *response.add_schedules());
            return &response.schedules(response.schedules_size() - 1);
          });
          if (shown < views->size()) response.set_next_page_token(wire::token_after((*views)[shown - 1].spec.name));
          call->finish(response);
        });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ScheduleService::DeleteSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/DeleteSchedule"_method, context, out, house_);
  return serve<v1::DeleteScheduleRequest>(house_, call, in, [&](const v1::DeleteScheduleRequest& request) {
    auto status = wire::check_name("schedule", request.schedule());
    if (!status.ok()) return status;
    call->about("schedule", request.schedule());
    house_.runtime.run([&](Engine& engine, base::Time now,
                           Effects& effects) { return engine.delete_schedule(now, request.schedule(), effects); },
                       [call](const absl::Status& deleted) {
                         if (!deleted.ok()) return call->finish(deleted);
                         call->finish(v1::DeleteScheduleResponse());
                       });
    return status;
  });
}

grpc::ServerUnaryReactor* ScheduleService::PauseSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/PauseSchedule"_method, context, out, house_);
  return serve<v1::PauseScheduleRequest>(house_, call, in, [&](const v1::PauseScheduleRequest& request) {
    return run_named<v1::PauseScheduleResponse>(house_, call, request,
                                                [](Engine& engine, base::Time now, const std::string& name, Effects& effects) {
                                                  return engine.pause_schedule(now, name, effects);
                                                });
  });
}

grpc::ServerUnaryReactor* ScheduleService::ResumeSchedule(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("ScheduleService/ResumeSchedule"_method, context, out, house_);
  return serve<v1::ResumeScheduleRequest>(house_, call, in, [&](const v1::ResumeScheduleRequest& request) {
    return run_named<v1::ResumeScheduleResponse>(house_, call, request,
                                                 [](Engine& engine, base::Time now, const std::string& name, Effects& effects) {
                                                   return engine.resume_schedule(now, name, effects);
                                                 });
  });
}

}  // namespace sluice::rpc
