// What `sluice stats` prints, and `sluice top` where there is no terminal. Pure.
#pragma once

#include <string>

#include "client/cli/watch/activity.h"

namespace sluice::cli {

// A table of the queues, one of their stages, and why something is stalled.
[[nodiscard]] std::string report_text(const Activity& activity);
// A queue in one line, and the heading over such lines.
[[nodiscard]] std::string report_line(const Activity& activity, const QueueActivity& queue);
[[nodiscard]] std::string report_heading();
// An object a line for each queue.
[[nodiscard]] std::string report_json(const Activity& activity);

}  // namespace sluice::cli
