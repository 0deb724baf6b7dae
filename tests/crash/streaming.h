// The clients of a run that use the streams: like those of load.h, one life of one thread each.
#pragma once

#include <cstdint>

#include "tests/crash/load.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

// Puts over Produce, one stream after the other, until producing stops; or, if its part says so, until the queue's end has
// refused it often enough. A stream ends when its client half-closes, vanishes, or its server is gone.
void produce_streamed(const Scene& scene, const Producer& part, std::uint64_t seed);

// Takes and ends items over Consume, or over Work as a worker of the stage that reads the queue, one stream after the other,
// until the queue is at its end, or the run is over. A stream's client leaves in order, half-closes with items in its hands,
// vanishes, or loses its server.
void consume_streamed(const Scene& scene, const Consumer& part, std::uint64_t seed);

}  // namespace sluice::crash
