// The routes that show limits.
#include <vector>

#include "server/admin/lists.h"
#include "server/admin/pages.h"
#include "server/admin/problem.h"
#include "server/wire/requests.h"
#include "sluice/v1/limit_service.pb.h"

namespace sluice::admin {
namespace {

using engine::Effects;
using engine::Engine;

Response list_limits(const House& house, const Match& match) {
  const auto request = page_request<v1::ListLimitsRequest>(match);
  if (!request.ok()) return problem(request.status());
  const auto page = wire::page_of(*request);
  if (!page.ok()) return problem(page.status());
  std::vector<engine::LimitView> limits;
  house.runtime.apply([&](const Engine& engine, base::Time now, Effects&) {
    limits = engine.list_limits(now, page->after, std::size_t{page->size} + 1);
  });
  return answer(page_json("limits", limits, page->size,
                          [](const engine::LimitView& limit) { return wire::token_after(limit.spec.name); }));
}

Response show_limit(const House& house, const Match& match) {
  const std::string& name = match.part("limit");
  if (auto status = wire::check_name("limit", name); !status.ok()) return problem(status);
  absl::StatusOr<engine::LimitView> limit;
  house.runtime.apply([&](const Engine& engine, base::Time now, Effects&) { limit = engine.limit(now, name); });
  if (!limit.ok()) return problem(about(limit.status(), "limit", name));
  return answer(json_of(message_of(*limit)));
}

}  // namespace

void add_lists_of_limits(const House& house, Router& router) {
  add_view(house, router, "/api/v1/limits", list_limits);
  add_view(house, router, "/api/v1/limits/{limit}", show_limit);
}

}  // namespace sluice::admin
