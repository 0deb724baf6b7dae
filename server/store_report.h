// What is in a store, for people and for programs. Pure.
#pragma once

#include <string>

#include "server/journal/inspection.h"

namespace sluice {

// A table of the queues, the pipelines with their stages, and sizes.
[[nodiscard]] std::string text_report(const journal::Inspection& inspection);
// One JSON object over several lines; docs/storage.md shows it. Numbers are numbers, times RFC 3339.
[[nodiscard]] std::string json_report(const journal::Inspection& inspection);

}  // namespace sluice
