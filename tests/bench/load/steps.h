// The life of jobs one at a time over streams: a job is put, handed out and ended before the next is put.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::bench {

// `connections` clients, each with a connection, a queue, a Produce and a Consume of its own, until the time is over; returns
// how many jobs went through. Throws std::runtime_error when a stream breaks.
std::uint64_t run_steps(const std::string& address, int connections, std::chrono::milliseconds time);

}  // namespace sluice::bench
