// One turn of the engine, as it is passed to whoever has to do something in it. Exists only under the runtime's lock.
#pragma once

#include "server/base/clock.h"
#include "server/engine/engine.h"

namespace sluice::runtime {

struct EngineTurn {
  engine::Engine& engine;
  base::Time now;
  engine::Effects& effects;
};

}  // namespace sluice::runtime
