// The clients of a run. Each of these is the whole life of one thread: it works until its part is over, whatever happens to the
// server meanwhile, and records every call.
#pragma once

#include <cstdint>
#include <string>

#include "tests/crash/recorder.h"
#include "tests/crash/setting.h"

namespace sluice::crash {

struct Scene {
  Recorder& recorder;
  const Setting& setting;
  std::string address;
};

// Puts until producing stops, or until it has been refused often enough because its queue is closed.
void produce(const Scene& scene, const Producer& part, std::uint64_t seed);
// Takes and ends items until the queue is at its end, or the run is over.
void consume(const Scene& scene, const Consumer& part, std::uint64_t seed);
// Puts a few items and joins, until producing stops.
void put_and_join(const Scene& scene, std::uint64_t seed);
// Cancels now one item, now another, whatever has become of it since it was seen, until producing stops.
void cancel_some(const Scene& scene, std::uint64_t seed);
// Looks at the depths until the run is over.
void watch(const Scene& scene);
// Once producing has stopped: closes and joins one after the other. Each must be over within `patience`, else the run is.
void wind_down(const Scene& scene, std::chrono::milliseconds patience);

}  // namespace sluice::crash
