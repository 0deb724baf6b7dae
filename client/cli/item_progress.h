// How far the work on an item is, in words.
#pragma once

#include <string>

#include "sluice/v1/job.pb.h"
#include "sluice/v1/progress.pb.h"

namespace sluice::cli {

// "40% resizing", "40%", "resizing", "-" where nothing is known. On one line, and of a bounded length.
[[nodiscard]] std::string progress_text(const v1::Progress& progress);
// Of a job that runs: "job 17: 40% resizing (queue photos)".
[[nodiscard]] std::string progress_line(const v1::Job& job);

}  // namespace sluice::cli
