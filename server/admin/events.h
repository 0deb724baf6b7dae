// /api/v1/events: what changes, as server-sent events.
//
// The first event, "snapshot", holds everything; each later one, "change", the queues and pipelines that differ from what the
// stream said before, and the names of those that are gone. A stream looks again only when all it had to say has been written:
// a slow reader gets fewer and larger events, and one that does not read at all is dropped by the connection's time-out.
#pragma once

#include "server/admin/house.h"
#include "server/admin/router.h"

namespace sluice::admin {

// LIMIT_REACHED beyond limits::kMaxAdminStreams streams at once.
void add_events(const House& house, Router& router);

}  // namespace sluice::admin
