// How many items go into one call of put_all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::internal {

// What a part may hold.
struct PartLimits {
  std::size_t items;
  std::size_t bytes;
};

// How many of the first `sizes` (encoded bytes of each item) make a part: within the limits, but at least one. 0 only for none.
[[nodiscard]] std::size_t first_part(std::span<const std::size_t> sizes, const PartLimits& limits);

// How many items a part for a queue of this capacity (0 = unbounded) has at most: half of it, so that the next part can wait
// for room while consumers work on the one before.
[[nodiscard]] std::size_t part_items(std::uint32_t capacity);

}  // namespace sluice::internal
