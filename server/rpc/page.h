// Filling a page of a list.
#pragma once

#include <cstddef>

#include "server/base/limits.h"

namespace sluice::rpc {

// Adds entries of `list` until there are `most`, or as many bytes as an answer should have; at least one if there is any.
// `add(entry)` returns the message that it added. Returns how many were added.
template <class List, class Add>
std::size_t fill_page(const List& list, std::size_t most, Add add) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const auto& entry : list) {
    if (count == most) break;
    const auto* message = add(entry);
    ++count;
    bytes += message->ByteSizeLong();
    if (bytes > limits::kMaxGetBytes) break;
  }
  return count;
}

}  // namespace sluice::rpc
