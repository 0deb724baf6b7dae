#include "server/rpc/limit_service.h"

#include <string>
#include <vector>

#include "server/rpc/page.h"
#include "server/wire/requests.h"
#include "server/wire/views.h"

namespace sluice::rpc {
namespace {

using engine::Effects;
using engine::Engine;
using engine::LimitView;

absl::StatusOr<LimitView> limit_after(const absl::Status& change, const Engine& engine, base::Time now,
                                      const std::string& name) {
  if (!change.ok()) return change;
  return engine.limit(now, name);
}

// Finishes a call whose answer is a limit.
template <class Response>
auto with_limit(Call* call) {
  return [call](const absl::StatusOr<LimitView>& view) {
    if (!view.ok()) return call->finish(view.status());
    Response response;
    wire::fill(*view, *response.mutable_limit());
    call->finish(response);
  };
}

}  // namespace

grpc::ServerUnaryReactor* LimitService::CreateLimit(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("LimitService/CreateLimit"_method, context, out, house_);
  return serve<v1::CreateLimitRequest>(house_, call, in, [&](const v1::CreateLimitRequest& request) {
    if (auto open = house_.open(); !open.ok()) return open;
    const auto spec = wire::spec_of(request);
    if (!spec.ok()) return spec.status();
    call->about("limit", spec->name);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return limit_after(engine.create_limit(now, *spec, effects), engine, now, spec->name);
        },
        with_limit<v1::CreateLimitResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LimitService::UpdateLimit(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("LimitService/UpdateLimit"_method, context, out, house_);
  return serve<v1::UpdateLimitRequest>(house_, call, in, [&](const v1::UpdateLimitRequest& request) {
    const auto patch = wire::patch_of(request);
    if (!patch.ok()) return patch.status();
    const std::string& name = request.limit().name();
    call->about("limit", name);
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) {
          return limit_after(engine.update_limit(now, name, *patch, effects), engine, now, name);
        },
        with_limit<v1::UpdateLimitResponse>(call));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LimitService::GetLimit(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("LimitService/GetLimit"_method, context, out, house_);
  return serve<v1::GetLimitRequest>(house_, call, in, [&](const v1::GetLimitRequest& request) {
    auto status = wire::check_name("limit", request.limit());
    if (!status.ok()) return status;
    call->about("limit", request.limit());
    house_.runtime.run([&](const Engine& engine, base::Time now, Effects&) { return engine.limit(now, request.limit()); },
                       with_limit<v1::GetLimitResponse>(call));
    return status;
  });
}

grpc::ServerUnaryReactor* LimitService::ListLimits(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("LimitService/ListLimits"_method, context, out, house_);
  return serve<v1::ListLimitsRequest>(house_, call, in, [&](const v1::ListLimitsRequest& request) {
    const auto page = wire::page_of(request);
    if (!page.ok()) return page.status();
    house_.runtime.run(
        [&](const Engine& engine, base::Time now, Effects&) {
          // One more, to see whether there is a next page.
          return absl::StatusOr<std::vector<LimitView>>(engine.list_limits(now, page->after, page->size + 1));
        },
        [call, size = page->size](const absl::StatusOr<std::vector<LimitView>>& views) {
          if (!views.ok()) return call->finish(views.status());
          v1::ListLimitsResponse response;
          const auto shown = fill_page(*views, size, [&](const LimitView& view) {
            wire::fill(view, *response.add_limits());
            return &response.limits(response.limits_size() - 1);
          });
          if (shown < views->size()) response.set_next_page_token(wire::token_after((*views)[shown - 1].spec.name));
          call->finish(response);
        });
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LimitService::DeleteLimit(Context* context, const Bytes* in, Bytes* out) {
  auto* call = new Call("LimitService/DeleteLimit"_method, context, out, house_);
  return serve<v1::DeleteLimitRequest>(house_, call, in, [&](const v1::DeleteLimitRequest& request) {
    auto status = wire::check_name("limit", request.limit());
    if (!status.ok()) return status;
    call->about("limit", request.limit());
    house_.runtime.run(
        [&](Engine& engine, base::Time now, Effects& effects) { return engine.delete_limit(now, request.limit(), effects); },
        [call](const absl::Status& deleted) {
          if (!deleted.ok()) return call->finish(deleted);
          call->finish(v1::DeleteLimitResponse());
        });
    return status;
  });
}

}  // namespace sluice::rpc
