// Unary calls, a number of them under way at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/measure.h"

namespace sluice::bench {

// One caller's next call, again and again.
enum class UnaryCall {
  kPut,            // of one item of 100 bytes into `queue`
  kEcho,           // the same bytes both ways, to a bare gRPC server
  kLifecycle,      // put, get, complete: three calls
  kEchoLifecycle,  // three calls of their sizes, to a bare gRPC server
};

struct UnaryLoad {
  UnaryCall call = UnaryCall::kPut;
  std::vector<std::string> queues;  // each job of a caller goes through the next one; callers begin at different ones
  int callers = 1;                  // calls under way at a time
  int connections = 1;              // shared by the callers
  std::chrono::milliseconds time{2'000};
};

// Calls for so long; returns how many calls (or lifecycles) were done.
std::uint64_t run(const std::string& address, const UnaryLoad& load);

}  // namespace sluice::bench
