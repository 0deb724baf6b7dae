// The long form: run after run until the time is over. Prints a line for each, and the sum. Exit code 1 if a run found
// something; its history is kept.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>

#include <fmt/format.h>

#include "tests/crash/run.h"

namespace sluice::crash {
namespace {

using std::chrono::steady_clock;

struct Options {
  double minutes = 10;
  std::uint64_t rounds = 0;    // 0: as many as the time allows
  std::uint64_t seed = 0;      // 0: a random one
  std::optional<Shape> shape;  // absent: any, a run after the other
  std::string server;          // empty: the sluiced of this build
  std::string keep = std::filesystem::temp_directory_path().string();
};

struct Sum {
  std::uint64_t runs = 0;
  std::uint64_t bad_runs = 0;
  std::uint64_t kills = 0;
  std::uint64_t stops = 0;
  std::uint64_t restarts = 0;
  Counts counts;
  std::map<Wrong, std::uint64_t> found;
};

std::map<std::string, Shape> shapes_by_name() {
  std::map<std::string, Shape> shapes;
  for (const Shape shape : kAllShapes) shapes.emplace(name_of(shape), shape);
  return shapes;
}

std::string findings(const Sum& sum) {
  std::string text;
  for (const Wrong wrong : kAllWrongs)
    text += fmt::format(", {} {}", sum.found.contains(wrong) ? sum.found.at(wrong) : 0, name_of(wrong));
  return text;
}

void add(Sum& sum, const RunResult& result, const Options& options) {
  ++sum.runs;
  sum.kills += result.kills;
  sum.stops += result.stops;
  sum.restarts += result.restarts;
  sum.counts += result.verdict.counts;
  for (const Finding& finding : result.verdict.findings) ++sum.found[finding.wrong];
  if (result.verdict.good()) return;
  ++sum.bad_runs;
  fmt::print("{}the history is in {}\n", to_text(result.verdict), keep(result, options.keep).string());
}

void print(const Sum& sum) {
  const Counts& counts = sum.counts;
  fmt::print(
      "{} runs, {} kills, {} stops, {} restarts: {} operations ({} streamed; {} unanswered, {} refused), {} values put, "
      "{} handed on, {} completed, {} handed out again, {} joins, {} cancelled, {} expired, {} duplicates, {} jobs ({} of them "
      "failed), {} batches, at most {} held under a limit{}\n",
      sum.runs, sum.kills, sum.stops, sum.restarts, counts.operations, counts.streamed, counts.unknown, counts.refused,
      counts.values_put, counts.handed_on, counts.completed, counts.redelivered, counts.joins, counts.cancelled, counts.expired,
      counts.duplicates, counts.jobs, counts.jobs_failed, counts.batches, counts.most_at_once, findings(sum));
}

int soak(const Options& options) {
  const auto end = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(
                                             std::chrono::duration<double, std::ratio<60>>(options.minutes));
  std::mt19937_64 dice(options.seed);
  Sum sum;
  for (std::uint64_t seed = options.seed; steady_clock::now() < end && (options.rounds == 0 || sum.kills < options.rounds);
       ++seed) {
    const Shape shape = options.shape ? *options.shape : kAllShapes.at(dice() % kAllShapes.size());
    const std::uint64_t kills = 5 + dice() % 20;
    const RunResult result = run(
        {.shape = shape, .seed = seed, .kills = kills, .stops = dice() % 3, .restarts = dice() % 3, .program = options.server});
    fmt::print("seed {}, {} stages: {} kills, {} operations, {}\n", seed, name_of(shape), result.kills,
               result.verdict.counts.operations, result.verdict.good() ? "good" : "WRONG");
    add(sum, result, options);
    std::fflush(stdout);
  }
  print(sum);
  return sum.bad_runs == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::crash

int main(int argc, char** argv) {
  sluice::crash::Options options;
  CLI::App app("Kills a loaded sluiced again and again, and checks that nothing it acknowledged is lost.");
  app.add_option("--minutes", options.minutes, "How long")->capture_default_str();
  app.add_option("--rounds", options.rounds, "How many kills at most; 0: as many as the time allows")->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first run; 0: any");
  app.add_option("--shape", options.shape, "Whose workers the stages have; default: any")
      ->transform(CLI::CheckedTransformer(sluice::crash::shapes_by_name()));
  app.add_option("--server", options.server, "The sluiced to kill, an absolute path; default: the one of this build");
  app.add_option("--keep", options.keep, "Where the history of a failed run goes")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (options.seed == 0) options.seed = std::random_device()();
  try {
    return sluice::crash::soak(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
