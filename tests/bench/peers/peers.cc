//: Sluice, other queue servers and the limits of the machine under the same load in the same run; bars
//
// ./dev bench peers [--runs N] [--seconds S] [--only PART] [--with postgresql] [--json FILE] [--plot FILE] [--check].
// docs/performance.md says what is measured and how each system is set up.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/measure.h"
#include "tests/bench/peers/picture.h"
#include "tests/bench/peers/system.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"

namespace sluice::bench {
namespace {

struct Options {
  int runs = 5;
  double seconds = 1;  // a run, more or less
  std::string only;    // systems whose names contain this
  bool postgresql = false;
  std::string json;
  std::string plot;
};

std::vector<std::unique_ptr<System>> all_systems(const Options& options) {
  std::vector<std::unique_ptr<System>> all;
  for (const Keeps keeps : {Keeps::kInMemory, Keeps::kSynced}) {
    for (auto& system : make_sluiced(keeps)) all.push_back(std::move(system));
    all.push_back(make_redis(keeps));
    all.push_back(make_beanstalkd(keeps));
    all.push_back(make_nats(keeps));
    if (keeps == Keeps::kInMemory) all.push_back(make_gearmand());
    all.push_back(make_bare_streams(keeps));
  }
  if (options.postgresql) all.push_back(make_postgresql());
  all.push_back(make_bare_echo());
  all.push_back(make_bare_log());
  all.push_back(make_bare_lmdb());
  return all;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), systems_(all_systems(options)) {
    std::erase_if(systems_, [&](const auto& system) { return system->about().name.find(options.only) == std::string::npos; });
  }

  // Every system once, then every system again: what disturbs the machine for a while disturbs all.
  void run() {
    std::map<const System*, std::uint64_t> jobs;
    for (const auto& system : systems_) {
      if (system->about().streams) jobs[system.get()] = jobs_of_a_run(*system);
    }
    for (int i = 0; i < options_.runs; ++i) {
      for (const auto& system : systems_) {
        if (system->about().streams) add(streamed_, *system, stream(*system, jobs[system.get()]));
      }
      for (const auto& system : systems_) add(stepped_, *system, steps(*system));
    }
  }

  Results streamed() const { return streamed_; }
  Results stepped() const { return stepped_; }

 private:
  static Run stream(System& system, std::uint64_t jobs) {
    return timed(system.pid(), [&] {
      system.stream(jobs);
      return jobs;
    });
  }
  Run steps(System& system) const {
    const auto time = std::chrono::milliseconds(std::llround(options_.seconds * 1'000));
    return timed(system.pid(), [&] { return system.one_at_a_time(time); });
  }

  // Warms it up, and finds how many jobs take about as long as a run shall.
  std::uint64_t jobs_of_a_run(System& system) const {
    constexpr std::uint64_t kFirst = 1'000;
    constexpr std::uint64_t kMost = 20'000'000;
    for (std::uint64_t jobs = kFirst;; jobs *= 4) {
      const Run run = stream(system, jobs);
      if (run.seconds < options_.seconds / 3 && jobs < kMost) continue;
      return std::clamp(static_cast<std::uint64_t>(run.rate() * options_.seconds), kFirst, kMost);
    }
  }

  static void add(Results& results, const System& system, const Run& run) {
    const auto& about = system.about();
    auto found = std::ranges::find(results, about.name, [](const SystemResult& result) { return result.about.name; });
    if (found == results.end()) found = results.insert(found, {about, {.name = about.name}});
    found->result.runs.push_back(run);
  }

  const Options options_;
  std::vector<std::unique_ptr<System>> systems_;
  Results streamed_;
  Results stepped_;
};

// --- bars ----------------------------------------------------------------------------------------------------------------

// None if that system was not measured: then its bar is not met.
double rate(const Results& results, std::string_view name) {
  const auto found = std::ranges::find(results, name, [](const SystemResult& result) { return result.about.name; });
  return found == results.end() ? std::numeric_limits<double>::quiet_NaN() : found->result.median();
}

template <class Chosen>
double best_peer(const Results& results, Chosen chosen) {
  double best = 0;
  for (const auto& [about, result] : results) {
    if (about.kind == Kind::kPeer && chosen(about)) best = std::max(best, result.median());
  }
  return best;
}

std::vector<Bar> bars(const Results& streamed, const Results& stepped) {
  const double memory = rate(streamed, "Sluice, memory");
  const double sync = rate(streamed, "Sluice, SYNC");
  const double redis = rate(streamed, "Redis list, fsync always");
  const auto of = [](Keeps keeps) { return [keeps](const System::About& about) { return about.keeps == keeps; }; };
  const auto other_on_disk = [](const System::About& about) {
    return about.keeps != Keeps::kInMemory && !about.name.starts_with("Redis");
  };
  const double unary = rate(stepped, "Sluice, memory, unary calls");
  return {
      {"streamed, memory / best peer", memory / best_peer(streamed, of(Keeps::kInMemory)), 2.5},
      {"streamed, memory / bare gRPC streams", memory / rate(streamed, "bare gRPC streams"), 0.5},
      {"streamed, SYNC / Redis, fsync always", sync / redis, 3},
      {"streamed, SYNC / best other peer that writes to disk", sync / best_peer(streamed, other_on_disk), 6},
      {"one at a time, unary calls / bare gRPC echo of as many", unary / rate(stepped, "bare gRPC echo, unary calls"), 0.85},
      {"one at a time, streams / bare gRPC streams", rate(stepped, "Sluice, memory") / rate(stepped, "bare gRPC streams"),
       0.85},
      {"one at a time, unary calls / NATS JetStream, memory", unary / rate(stepped, "NATS JetStream, memory"), 1},
  };
}

// --- report --------------------------------------------------------------------------------------------------------------

std::vector<Result> labelled(const Results& results, const std::string& load) {
  std::vector<Result> all;
  for (const auto& [about, result] : results) {
    all.push_back(result);
    all.back().labels = {{"load", load}, {"setup", about.setup}, {"keeps", word(about.keeps)}};
  }
  return all;
}

bool measure(const Options& options, bool check) {
  Report report("peers");
  Bench bench(options);
  bench.run();
  const auto streamed = labelled(bench.streamed(), "streamed");
  const auto stepped = labelled(bench.stepped(), "one at a time");
  fmt::print(
      "Jobs of {} bytes: put, handed out, acknowledged. One producer and one consumer, with as much under way as allowed:\n",
      kJobBytes);
  print(streamed);
  fmt::print("\n{} clients, each with one job at a time, one step at a time:\n", kConnections);
  print(stepped);
  fmt::print("\nHow each was used:\n");
  for (const auto& [about, result] : bench.stepped()) fmt::print("  {}: {}\n", about.name, about.setup);
  report.results(streamed);
  report.results(stepped);
  if (!options.plot.empty()) {
    std::ofstream file(options.plot);
    file << picture(bench.streamed(), bench.stepped());
    if (!file.flush()) throw std::runtime_error("cannot write " + options.plot);
  }
  if (check) report.bars(bars(bench.streamed(), bench.stepped()));
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  const sluice::bench::Flag with{"--with", "postgresql", [&](const std::string& text) {
                                   if (text != "postgresql") throw std::invalid_argument(text);
                                   options.postgresql = true;
                                 }};
  return sluice::bench::run_program(
      "bench_peers", argc, argv,
      {flag("--runs", options.runs), flag("--seconds", options.seconds), flag("--only", options.only), with,
       flag("--json", options.json), flag("--plot", options.plot)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
