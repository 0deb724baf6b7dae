#include "tests/bench/report.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string load;
  file >> load;
  return load;
}

// Three digits, or all before the point.
std::string shown(double value) { return std::abs(value) >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value); }

nlohmann::json as_json(const Result& result) {
  nlohmann::json runs = nlohmann::json::array();
  for (const Run& run : result.runs) {
    runs.push_back({{"jobs", run.jobs}, {"seconds", run.seconds}, {"jobs_per_second", run.rate()}, {"cpu_us", run.cpu_us()}});
  }
  nlohmann::json json{{"name", result.name},
                      {"median", result.median()},
                      {"least", result.least()},
                      {"most", result.most()},
                      {"cpu_us_per_job", result.median_cpu_us()},
                      {"runs", runs}};
  for (const auto& [label, text] : result.labels) json[label] = text;
  return json;
}

}  // namespace

void print(const std::vector<Result>& results) {
  fmt::print("{:<48} {:>12} {:>25} {:>12}\n", "load", "median /s", "least - most /s", "CPU us/job");
  for (const Result& result : results) {
    fmt::print("{:<48} {:>12.0f} {:>25} {:>12.2f}\n", result.name, result.median(),
               fmt::format("{:.0f} - {:.0f}", result.least(), result.most()), result.median_cpu_us());
  }
}

Report::Report(std::string bench) {
  utsname system{};
  ::uname(&system);
  all_["bench"] = std::move(bench);
  all_["machine"] = {{"cores", std::thread::hardware_concurrency()},
                     {"kernel", system.release},
                     {"architecture", system.machine},
                     {"load_average_at_begin", load_average()}};
}

void Report::results(const std::vector<Result>& results) {
  for (const Result& result : results) all_["results"].push_back(as_json(result));
}

void Report::figure(const std::string& what, const std::vector<double>& values, const std::string& unit) {
  if (values.empty()) return;
  const auto [least, most] = std::ranges::minmax(values);
  fmt::print("{:<60} {:>10} {} ({} - {})\n", what, shown(median_of(values)), unit, shown(least), shown(most));
  all_["figures"].push_back({{"what", what}, {"median", median_of(values)}, {"least", least}, {"most", most}, {"unit", unit}});
}

void Report::bars(const std::vector<Bar>& bars) {
  fmt::print("\n{:<72} {:>10} {:>20}\n", "bar", "figure", "wanted");
  for (const Bar& bar : bars) {
    const auto wanted = fmt::format("{} {} {}", bar.side == Bar::kAtLeast ? "at least" : "at most", shown(bar.bar), bar.unit);
    fmt::print("{:<72} {:>10} {:>20}  {}\n", bar.what, shown(bar.figure), wanted, bar.met() ? "met" : "NOT MET");
    all_["bars"].push_back({{"what", bar.what},
                            {"figure", bar.figure},
                            {"bar", bar.bar},
                            {"at_least", bar.side == Bar::kAtLeast},
                            {"met", bar.met()}});
    met_ = met_ && bar.met();
  }
}

bool Report::end(const std::string& json_file) {
  all_["machine"]["load_average_at_end"] = load_average();
  fmt::print("load average {} at the beginning, {} at the end, on {} cores\n",
             all_["machine"]["load_average_at_begin"].get<std::string>(), load_average(), std::thread::hardware_concurrency());
  if (json_file.empty()) return met_;
  std::ofstream file(json_file);
  file << all_.dump(2) << "\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + json_file);
  return met_;
}

}  // namespace sluice::bench
