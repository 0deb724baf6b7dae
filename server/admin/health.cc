#include <memory>
#include <mutex>

#include "server/admin/json.h"
#include "server/admin/lists.h"
#include "server/admin/metrics.h"
#include "server/admin/problem.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

Response well(std::string_view status) {
  Response response;
  response.body = dump({{"status", status}});
  return response;
}

Response ready(const House& house) {
  const auto status = house.ready();
  if (status.ok()) return well("ready");
  return problem(503, base::reason_of(status).value_or(base::Reason::kInternal), std::string(status.message()));
}

Response scrape(const House& house, Metrics& metrics) {
  Measured measured;
  measured.queues = see_queues(house.runtime);
  measured.pipelines = see_pipelines(house.runtime);
  measured.limits = see_limits(house.runtime);
  measured.schedules = see_schedules(house.runtime);
  house.runtime.apply([&](const engine::Engine& engine, base::Time, engine::Effects&) { measured.jobs = engine.job_counts(); });
  measured.commit_times = house.runtime.commit_times();
  measured.calls = &house.calls;
  measured.registry = &house.runtime.handlers();
  measured.store = house.journal.use();
  measured.payloads = house.runtime.payload_use();
  measured.version = house.version;
  measured.ready = house.ready().ok();
  Response response;
  response.content_type = kPrometheusText;
  response.body = metrics.text(measured);
  return response;
}

}  // namespace

void add_health(const House& house, Router& router) {
  router.add("GET", "/healthz", [](const Match&) { return well("ok"); });
  router.add("GET", "/readyz", [&house](const Match&) { return ready(house); });
  router.add("GET", "/metrics",
             [&house, metrics = std::make_shared<Metrics>()](const Match&) { return scrape(house, *metrics); });
}

}  // namespace sluice::admin
