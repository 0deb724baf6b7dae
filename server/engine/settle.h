// What follows from a command: waiting puts that now fit, waiting gets that now have something, joins that are over, stages
// that are finished. Goes on until nothing follows any more.
#pragma once

#include "server/engine/tables.h"

namespace sluice::engine {

// Ends a command. Afterwards nobody waits who need not, and every changed counter is recorded.
void settle(Step& step);

// Does what has fallen due by step.now.
void fall_due(Step& step);

}  // namespace sluice::engine
