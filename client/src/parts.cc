#include "client/src/parts.h"

#include <algorithm>

#include "client/src/limits.h"

namespace sluice::internal {

std::size_t first_part(std::span<const std::size_t> sizes, const PartLimits& limits) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const std::size_t size : sizes) {
    if (count > 0 && (count >= limits.items || bytes + size > limits.bytes)) break;
    bytes += size;
    ++count;
  }
  return count;
}

std::size_t part_items(std::uint32_t capacity) {
  if (capacity == 0) return kMaxBatch;
  return std::clamp<std::size_t>(capacity / 2, 1, kMaxBatch);
}

}  // namespace sluice::internal
