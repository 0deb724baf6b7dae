// The routes that change something: queues, pipelines, stages, the log's level.
#pragma once

#include "server/admin/house.h"
#include "server/admin/router.h"

namespace sluice::admin {

void add_actions(const House& house, Router& router);

}  // namespace sluice::admin
