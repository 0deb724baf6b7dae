#include "tests/bench/measure.h"

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
  // The second field, in parentheses, may hold blanks; utime, stime, cutime and cstime are the 12th to 15th after it (proc(5)).
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double all = 0;
  for (int i = 0; i < 4; ++i) {
    double ticks = 0;
    fields >> ticks;
    all += ticks;
  }
  return all / static_cast<double>(sysconf(_SC_CLK_TCK));
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

}  // namespace sluice::bench
