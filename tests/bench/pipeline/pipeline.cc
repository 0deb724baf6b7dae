//: stages inside the server: three that do nothing, coprocesses, and a child for each item beside bare posix_spawn; bars
//
// ./dev bench pipeline [--runs N] [--items N] [--spawns N] [--workers N] [--json FILE] [--check]
//
// The stages are paused while the items are put, and the time is that from their resumption until the pipeline is joined:
// nothing of a client is in it. A transition is one item that left one stage. Spawning for each item (cat(1), which gives back
// what it gets) is beside the same number of threads of this process that do nothing but posix_spawn, write, read and wait.
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "sluice/sluice.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/pipeline/spawn.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr int kStages = 3;
constexpr int kChildren = 4;  // at a time, where each item has one

struct Options {
  int runs = 5;
  std::uint64_t items = 200'000;
  int spawns = 1'000;
  int workers = 500;
  std::string json;
};

// Each queue leads to the next, the last to `done`; all hold whatever comes.
constexpr std::string_view kConfig = R"(
handlers:
  spawn: {{subprocess: {{commands: [{{argv: [cat]}}]}}}}
  stay: {{coprocess: {{argv: [cat], protocol: lines, in_flight: 64}}}}
pipelines:
  - name: native
    queues: [{{name: a, settings: {0}}}, {{name: b, settings: {0}}}, {{name: c, settings: {0}}}, {{name: native.done, settings: {0}}}]
    stages:
      - {{input: a, output: b, handler: builtin.identity, workers: {2}}}
      - {{input: b, output: c, handler: builtin.identity, workers: {2}}}
      - {{input: c, output: native.done, handler: builtin.identity, workers: {2}}}
  - name: coprocess
    queues: [{{name: d, settings: {0}}}, {{name: e, settings: {0}}}, {{name: f, settings: {0}}}, {{name: coprocess.done, settings: {0}}}]
    stages:
      - {{input: d, output: e, handler: stay, workers: 64}}
      - {{input: e, output: f, handler: stay, workers: 64}}
      - {{input: f, output: coprocess.done, handler: stay, workers: 64}}
  - name: spawn
    queues: [{{name: g, settings: {0}}}, {{name: spawn.done, settings: {0}}}]
    stages:
      - {{input: g, output: spawn.done, handler: spawn, workers: {1}}}
)";

class Server {
 public:
  Server(std::string name, std::string data, std::string_view durability, int workers)
      : name_(std::move(name)),
        process_(
            {.config = fmt::format(kConfig, fmt::format("{{capacity: 0, durability: {}}}", durability), kChildren, workers),
             .flags = {"--data", std::move(data)}}),
        client_(process_.address()) {}

  // Transitions of `items` through all stages of a pipeline.
  Run run(const std::string& pipeline_name, const std::string& first, std::uint64_t items) {
    const Pipeline pipeline = client_.pipeline(pipeline_name);
    const auto stages = pipeline.stages();
    for (const auto& stage : stages) pipeline.pause(stage.spec.name);
    put_only(process_.address(), {.queue = first, .jobs = items});
    const Run run = timed(process_.pid(), [&] {
      for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) pipeline.resume(stage->spec.name);
      pipeline.join();
      return items * stages.size();
    });
    if (client_.queue(pipeline_name + ".done").purge() != items) throw std::runtime_error("not every item came through");
    return run;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  const std::string name_;
  support::SluicedProcess process_;
  const Client client_;
};

bool measure(const Options& options, bool check) {
  Report report("pipeline");
  Server memory("memory", "none", "memory", options.workers);
  Server sync("SYNC", "data", "sync", options.workers);
  std::vector<Result> results{{"memory: native stages"},  {"SYNC: native stages"},           {"memory: coprocess stages"},
                              {"SYNC: coprocess stages"}, {"memory: a child for each item"}, {"bare posix_spawn"}};
  for (int i = 0; i < options.runs; ++i) {
    auto result = results.begin();
    for (Server* server : {&memory, &sync}) (result++)->runs.push_back(server->run("native", "a", options.items));
    for (Server* server : {&memory, &sync}) (result++)->runs.push_back(server->run("coprocess", "d", options.items / 20));
    (result++)->runs.push_back(memory.run("spawn", "g", static_cast<std::uint64_t>(options.spawns)));
    (result++)->runs.push_back(timed(::getpid(), [&] { return spawn_children(options.spawns, kChildren); }));
  }
  fmt::print("Transitions a second, {} stages, {} items; children a second, {} at a time\n", kStages, options.items, kChildren);
  print(results);
  report.results(results);
  if (check) {
    report.bars({{"native stages, memory", results[0].median(), 1e6, Bar::kAtLeast, "/s"},
                 {"native stages, SYNC", results[1].median(), 200e3, Bar::kAtLeast, "/s"},
                 {"a child for each item / bare posix_spawn", results[4].median() / results[5].median(), 0.85}});
  }
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_pipeline", argc, argv,
      {flag("--runs", options.runs), flag("--items", options.items), flag("--spawns", options.spawns),
       flag("--workers", options.workers), flag("--json", options.json)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
