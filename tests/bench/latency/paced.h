// Jobs at a steady rate over one Produce and one Consume, each with the time at which it was due.
#pragma once

#include <chrono>
#include <string>

#include "tests/bench/latencies.h"

namespace sluice::bench {

// From the moment at which a job was due, not from when it could be sent: what is held up counts as it would for a user.
struct JobLatencies {
  Latencies put;     // until its put was acknowledged
  Latencies handed;  // until the consumer had it
  Latencies ended;   // from then until its end was
};

// Puts `rate` jobs of 100 bytes a second, a thousandth of that each millisecond. Throws std::runtime_error when a stream
// breaks.
JobLatencies run_paced(const std::string& address, const std::string& queue, double rate, std::chrono::milliseconds time);

}  // namespace sluice::bench
