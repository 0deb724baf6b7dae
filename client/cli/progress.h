// How far a queue or a pipeline is. Pure: from the protos to what a screen shows; the time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sluice/types.h"
#include "sluice/v1/pipeline.pb.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::cli {

// One stage.
struct StageProgress {
  std::string name;
  std::uint64_t put = 0;
  std::uint64_t finished = 0;  // done, given up or discarded
  std::uint64_t waiting = 0;   // or delayed
  std::uint32_t workers = 0;
  std::uint32_t busy = 0;
  std::uint64_t retried = 0;
  std::uint64_t failed = 0;  // attempts used up, or failed for good
  std::string state;         // "running", "paused", "finished"
};

// Counted since the queue was created. Of a pipeline, `put` counts what came in from outside, and `done` what left its last
// stages.
struct Progress {
  std::string name;
  std::uint64_t put = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t discarded = 0;
  std::uint64_t unfinished = 0;
  // One step is one item through one stage (of a queue: one item). Left counts the stages that an item still has before it.
  std::uint64_t steps_done = 0;
  std::uint64_t steps_left = 0;
  std::vector<StageProgress> stages;  // empty for a queue
  std::vector<std::string> stalls;

  // 0 to 1; 1 where there is nothing to do.
  [[nodiscard]] double fraction() const;
};

[[nodiscard]] Progress progress_of(const v1::Queue& queue);
[[nodiscard]] Progress progress_of(const v1::Pipeline& pipeline);

// Steps per second: an average in which a step counts less the longer ago it was.
class Speed {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  void add(std::uint64_t steps_done, Instant now);
  // 0 while nothing is known.
  [[nodiscard]] double per_second() const { return rate_; }
  // How long what is left will take; none while nothing moves.
  [[nodiscard]] std::optional<Duration> time_for(std::uint64_t steps_left) const;

 private:
  std::optional<std::uint64_t> last_steps_;
  Instant last_;
  double rate_ = 0;
};

// For a terminal of so many columns: the bar, a line for each stage, a line for each stall. At most so many lines; stages are
// left out first.
[[nodiscard]] std::vector<std::string> bar_lines(const Progress& progress, const Speed& speed, std::size_t columns,
                                                 std::size_t most_lines = std::numeric_limits<std::size_t>::max());
// The same in one line without a bar.
[[nodiscard]] std::string plain_line(const Progress& progress, const Speed& speed);
// At the end: "36 put, 34 done, 2 failed".
[[nodiscard]] std::string result_text(const Progress& progress);

}  // namespace sluice::cli
