// What `sluice top` shows on a terminal: a heading, and a list of queues, each with its stages and what is stalled below it.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "client/cli/watch/activity.h"
#include "client/cli/watch/styled.h"

namespace sluice::cli {

// How the list is looked at.
struct PageView {
  std::string server;
  SortKey sort = SortKey::kByName;
  bool reversed = false;
  bool held = false;  // the user has stopped it
  // Why the server did not answer the last time; empty when it did.
  std::string trouble = {};
  std::size_t first = 0;  // the first line of the list that is shown
};

struct Page {
  std::vector<StyledLine> lines;  // as many as there are rows
  std::size_t last_first = 0;     // the largest PageView::first that makes sense
  std::size_t list_rows = 0;      // rows that the list has
};

// `activity` must be sorted as the view says.
[[nodiscard]] Page page(const Activity& activity, const PageView& view, std::size_t rows, std::size_t columns);

// "[####      ]", at least three wide.
[[nodiscard]] std::string gauge(std::uint64_t part, std::uint64_t whole, std::size_t columns);
// In at most five characters: "9,999", "12.3k", "1.2M".
[[nodiscard]] std::string short_count(std::uint64_t count);

}  // namespace sluice::cli
