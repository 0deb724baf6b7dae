#include "client/cli/item_progress.h"

#include <cmath>

#include <fmt/format.h>

#include "client/cli/table.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMessageColumns = 60;

// 100 only when all is done. Without the rounding 0.57 would be 56.
int percent(double fraction) {
  constexpr double kRounding = 1e-9;
  return static_cast<int>(std::floor(fraction * 100.0 + kRounding));
}

}  // namespace

std::string progress_text(const v1::Progress& progress) {
  const std::string message = one_line(progress.message(), kMessageColumns);
  if (!progress.has_fraction()) return message.empty() ? "-" : message;
  const std::string done = fmt::format("{}%", percent(progress.fraction()));
  return message.empty() ? done : fmt::format("{} {}", done, message);
}

std::string progress_line(const v1::Job& job) {
  return fmt::format("job {}: {} (queue {})", job.job_id(), progress_text(job.progress()), job.progress_queue());
}

}  // namespace sluice::cli
