// What a child for each item costs without a server around it.
#pragma once

#include <cstdint>

namespace sluice::bench {

// Runs cat(1) `count` times, from `at_a_time` threads: 100 bytes to its standard input, the same back from its standard output,
// and its exit code. Returns `count`. Throws std::runtime_error if one fails.
std::uint64_t spawn_children(int count, int at_a_time);

}  // namespace sluice::bench
