//: processor time of a server with 1,000 queues and 100 stages in which nothing happens; bars
//
// ./dev bench idle [--runs N] [--seconds S] [--json FILE] [--check]
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "tests/bench/measure.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr int kQueues = 1'000;
constexpr int kStages = 100;
constexpr double kWarmUpSeconds = 1;

struct Options {
  int runs = 1;
  double seconds = 60;
  std::string json;
};

// Each stage is a pipeline with two queues of its own; the other queues are nobody's.
std::string config() {
  std::string text = "queues:\n";
  for (int i = 0; i < kQueues - 2 * kStages; ++i) text += fmt::format("  - {{name: queue-{}}}\n", i);
  text += "pipelines:\n";
  for (int i = 0; i < kStages; ++i) {
    text += fmt::format(
        "  - {{name: pipeline-{0}, stages: [{{input: in-{0}, output: out-{0}, handler: builtin.identity, workers: 4}}]}}\n", i);
  }
  return text;
}

void let_pass(double seconds) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::duration<double>(seconds), [] { return false; });
}

double percent_of_a_core(const support::SluicedProcess& process, double seconds) {
  const double before = cpu_seconds(process.pid());
  let_pass(seconds);
  return (cpu_seconds(process.pid()) - before) / seconds * 100;
}

bool measure(const Options& options, bool check) {
  Report report("idle");
  const support::SluicedProcess memory({.config = config(), .flags = {"--data", "none"}});
  const support::SluicedProcess sync({.config = config(), .flags = {"--data", "data"}});
  let_pass(kWarmUpSeconds);
  std::vector<double> memory_percent;
  std::vector<double> sync_percent;
  for (int i = 0; i < options.runs; ++i) {
    memory_percent.push_back(percent_of_a_core(memory, options.seconds));
    sync_percent.push_back(percent_of_a_core(sync, options.seconds));
  }
  fmt::print("{} queues, {} stages with 4 workers, {} s each\n", kQueues, kStages, options.seconds);
  report.figure("memory: processor time", memory_percent, "% of a core");
  report.figure("SYNC: processor time", sync_percent, "% of a core");
  if (check) {
    report.bars({{"memory: processor time while nothing happens", median_of(memory_percent), 1, Bar::kAtMost, "% of a core"},
                 {"SYNC: the same", median_of(sync_percent), 1, Bar::kAtMost, "% of a core"}});
  }
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_idle", argc, argv,
      {flag("--runs", options.runs), flag("--seconds", options.seconds), flag("--json", options.json)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
