#include "tests/bench/load/measure.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

std::vector<double> rates(const Result& result) {
  std::vector<double> all;
  for (const Run& run : result.runs) all.push_back(run.rate());
  return all;
}

}  // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Result::median() const { return median_of(rates(*this)); }
double Result::least() const { return std::ranges::min(rates(*this)); }
double Result::most() const { return std::ranges::max(rates(*this)); }

double Result::median_cpu_us() const {
  std::vector<double> all;
  for (const Run& run : runs) all.push_back(run.cpu_us());
  return median_of(all);
}

double cpu_seconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  // The second field, in parentheses, may hold blanks; utime and stime are the 12th and 13th after it (proc(5)).
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Run timed(pid_t server, const std::function<std::uint64_t()>& load) {
  Run run;
  const double cpu = cpu_seconds(server);
  const auto begin = std::chrono::steady_clock::now();
  run.jobs = load();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  run.server_cpu_seconds = cpu_seconds(server) - cpu;
  return run;
}

void print_header() { fmt::print("{:<52} {:>12} {:>25} {:>12}\n", "load", "median /s", "least - most /s", "CPU us/job"); }

void print(const Result& result) {
  fmt::print("{:<52} {:>12.0f} {:>25} {:>12.2f}\n", result.name, result.median(),
             fmt::format("{:.0f} - {:.0f}", result.least(), result.most()), result.median_cpu_us());
}

bool print_ratio(std::string_view what, double ratio, double bar, bool at_least) {
  const bool met = at_least ? ratio >= bar : ratio <= bar;
  fmt::print("{}: {:.2f} ({} {:.2f}: {})\n", what, ratio, at_least ? "at least" : "at most", bar, met ? "met" : "NOT MET");
  return met;
}

}  // namespace sluice::bench
