// Who asks how the jobs of a run ended.
#pragma once

#include <cstdint>

#include "tests/crash/load.h"

namespace sluice::crash {

// Awaits the jobs whose submission was acknowledged, a few at a time, until producing stops.
void await_jobs(const Scene& scene, std::uint64_t seed);

// Once nothing is unfinished: asks for all outcomes, for all jobs that the server knows, for the batches, and for what the
// queues have counted.
void audit(const Scene& scene);

}  // namespace sluice::crash
