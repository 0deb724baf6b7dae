// The routes that show: health, metrics, and everything that there is as JSON.
#pragma once

#include "server/admin/house.h"
#include "server/admin/router.h"

namespace sluice::admin {

// /healthz, /readyz, /metrics.
void add_health(const House& house, Router& router);
// /api/v1: queues, items, pipelines, what runs, dead letters, stalls, handlers, the server itself.
void add_lists(const House& house, Router& router);
// Of these: jobs and batches; limits and schedules.
void add_lists_of_jobs(const House& house, Router& router);
void add_lists_of_limits(const House& house, Router& router);
void add_lists_of_schedules(const House& house, Router& router);

}  // namespace sluice::admin
