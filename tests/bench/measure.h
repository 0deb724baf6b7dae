// What a bench measures.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {

// One run of a load.
struct Run {
  double seconds = 0;
  std::uint64_t jobs = 0;
  double server_cpu_seconds = 0;

  [[nodiscard]] double rate() const { return static_cast<double>(jobs) / seconds; }
  [[nodiscard]] double cpu_us() const { return server_cpu_seconds * 1e6 / static_cast<double>(jobs); }
};

// Several runs of one load.
struct Result {
  std::string name;
  std::vector<Run> runs;
  // What else a report says of it.
  std::vector<std::pair<std::string, std::string>> labels;

  // Of the rates.
  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
  [[nodiscard]] double median_cpu_us() const;
};

[[nodiscard]] double median_of(std::vector<double> values);

// User and system time so far of a process and of those of its children that it has waited for, in seconds.
[[nodiscard]] double cpu_seconds(pid_t pid);

// Times `load`, which returns the number of jobs done, and what it costs the process `server`.
[[nodiscard]] Run timed(pid_t server, const std::function<std::uint64_t()>& load);

}  // namespace sluice::bench
