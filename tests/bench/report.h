// How a bench shows what it measured: a table, its figures beside their bars, and a JSON file.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/bench/measure.h"

namespace sluice::bench {

// A figure that has to be good enough.
struct Bar {
  enum Side { kAtLeast, kAtMost };

  std::string what;
  double figure = 0;
  double bar = 0;
  Side side = kAtLeast;
  std::string unit = "times";

  // A figure that is none is not.
  [[nodiscard]] bool met() const { return side == kAtLeast ? figure >= bar : figure <= bar; }
};

// A line for each: median, least and most of the rate, and the server's CPU time a job.
void print(const std::vector<Result>& results);

// Gathers what one bench has found. The load average goes into it too, of the beginning and of the end: what was measured
// while the machine was busy with something else is worth less.
class Report {
 public:
  explicit Report(std::string bench);

  void results(const std::vector<Result>& results);
  // Anything else that was measured, several times: prints median, least and most.
  void figure(const std::string& what, const std::vector<double>& values, const std::string& unit);
  // Prints each beside its bar.
  void bars(const std::vector<Bar>& bars);
  // Writes everything to a file, unless its name is empty. Returns whether every bar was met. Throws std::runtime_error if it
  // cannot write.
  bool end(const std::string& json_file);

 private:
  nlohmann::json all_;
  bool met_ = true;
};

}  // namespace sluice::bench
