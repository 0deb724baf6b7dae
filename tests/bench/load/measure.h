// What a bench measures and how it is shown.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

// One run of a load.
struct Run {
  double seconds = 0;
  std::uint64_t jobs = 0;
  double server_cpu_seconds = 0;
  double latency_us = 0;  // of one call where one is under way at a time, else 0

  [[nodiscard]] double rate() const { return static_cast<double>(jobs) / seconds; }
  [[nodiscard]] double cpu_us() const { return server_cpu_seconds * 1e6 / static_cast<double>(jobs); }
};

// Several runs of one load.
struct Result {
  std::string name;
  std::vector<Run> runs;

  // Of the rates.
  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
  [[nodiscard]] double median_cpu_us() const;
};

[[nodiscard]] double median_of(std::vector<double> values);

// User and system time of a process so far, in seconds.
[[nodiscard]] double cpu_seconds(pid_t pid);

// Times `load`, which returns the number of jobs done, and what it costs the process `server`.
[[nodiscard]] Run timed(pid_t server, const std::function<std::uint64_t()>& load);

// A line of the table.
void print_header();
void print(const Result& result);
// "a / b: 0.83 (bar 0.70, met)"; true if met.
bool print_ratio(std::string_view what, double ratio, double bar, bool at_least = true);

}  // namespace sluice::bench
