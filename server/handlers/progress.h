// How far the work on an item is: what handlers report, and where it goes.
#pragma once

#include <optional>
#include <string_view>

#include "server/model/progress.h"

namespace sluice::handlers {

// Takes the reports of one item; the latest counts, and those after the item's end are dropped. Thread-safe, never blocks.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void report(model::Progress progress) = 0;
};

// Whatever a handler or its child says, as it can be shown: a fraction from 0 to 1, or none; UTF-8 of a bounded size.
[[nodiscard]] model::Progress progress_of(std::optional<double> fraction, std::string_view message);

}  // namespace sluice::handlers
