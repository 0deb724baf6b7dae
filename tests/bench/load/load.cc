//: rates of puts and streams by callers, sizes and durability; bars
//
// ./dev bench load [--runs N] [--seconds S] [--jobs N] [--window N] [--only PART] [--json FILE] [--check]: sluiced in memory
// and synced, beside a bare gRPC server and the bare disk. The load generator and the servers share the machine's cores, so the
// ratios say more than the rates.
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/disk.h"
#include "tests/bench/load/steps.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/load/unary.h"
#include "tests/bench/measure.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

struct Options {
  int runs = 5;
  std::chrono::milliseconds time{2'000};
  std::uint64_t jobs = 1'000'000;
  std::uint32_t window = 10'000;  // items in flight of a stream
  std::string only;               // loads whose names contain this
  std::string json;               // a file for the results
};

// One kind of server, with its results so far.
struct Contestant {
  std::string name;
  std::unique_ptr<support::SluicedProcess> process;
  std::string address() const { return process->address(); }
};

Contestant sluiced(std::string name, std::vector<std::string> flags) {
  return {std::move(name),
          std::make_unique<support::SluicedProcess>(support::SluicedProcess::Options{.flags = std::move(flags)})};
}

Contestant echo() {
  return {"bare gRPC", std::make_unique<support::SluicedProcess>(
                           support::SluicedProcess::Options{.program = BENCH_ECHO_BINARY, .flags = {}})};
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        memory_(sluiced("memory", {"--data", "none"})),
        sync_(sluiced("SYNC", {"--data", "data"})),
        echo_(echo()) {}

  // Every load once, then every load again: what disturbs the machine for a while disturbs all.
  std::vector<Result> run() {
    std::vector<Result> results;
    for (int i = 0; i < options_.runs; ++i) {
      for (auto* contestant : {&memory_, &sync_}) {
        for (const int callers : {1, 8, 64}) unary(*contestant, UnaryCall::kPut, "unary put", callers);
        for (const int callers : {1, 8, 64}) unary(*contestant, UnaryCall::kLifecycle, "unary put, get, done", callers);
        for (const int clients : {1, 8, 64}) steps(*contestant, clients);
        streamed(*contestant, {.payload_bytes = 100, .batch = 1'000}, 1);
        streamed(*contestant, {.payload_bytes = 100, .batch = 100}, 4);
        streamed(*contestant, {.payload_bytes = 100, .producers = 8, .consumers = 8, .batch = 1'000}, 1);
        streamed(*contestant, {.payload_bytes = 1'024, .batch = 1'000}, 4);
        streamed(*contestant, {.payload_bytes = 65'536, .batch = 16}, 200);
        streamed(*contestant, {.payload_bytes = 1'048'576, .batch = 4}, 4'000);
      }
      for (const int callers : {1, 8, 64}) unary(echo_, UnaryCall::kEcho, "unary echo", callers);
    }
    for (const auto& name : order_) results.push_back(results_.at(name));
    print(results);
    return results;
  }

  // The bars of the durable journal.
  std::vector<Bar> bars() const {
    const double sync = sync_us(sync_.process->directory());
    const double commit = lmdb_commit_us(sync_.process->directory());
    const double echo_us = 1e6 / median("bare gRPC: unary echo, 1 at a time");
    fmt::print("\n4 KiB and fdatasync {:.0f} us, one LMDB commit {:.0f} us, one gRPC echo {:.0f} us (medians)\n", sync, commit,
               echo_us);
    const auto streamed = std::string(": streamed, 100 B, 1x1, 1000 a message");
    return {{"streamed, SYNC / memory", median("SYNC" + streamed) / median("memory" + streamed), 0.5},
            {"64 unary putters, SYNC / memory",
             median("SYNC: unary put, 64 at a time") / median("memory: unary put, 64 at a time"), 0.7},
            {"one unary putter, time of a SYNC put / (echo + commit)",
             1e6 / median("SYNC: unary put, 1 at a time") / (echo_us + commit), 1.3, Bar::kAtMost}};
  }

 private:
  double median(const std::string& name) const { return results_.at(name).median(); }

  void unary(Contestant& contestant, UnaryCall call, const std::string& what, int callers) {
    UnaryLoad load{.call = call, .callers = callers, .connections = std::min(callers, 8), .time = options_.time};
    load.queues = {call == UnaryCall::kEcho ? "echo" : new_queue(contestant.address(), 100'000'000)};
    add(contestant, fmt::format("{}, {} at a time", what, callers), [&] { return bench::run(contestant.address(), load); });
    if (call == UnaryCall::kPut) delete_queue(contestant.address(), load.queues.front());
  }

  // One of `part` of the jobs that a run has otherwise.
  void streamed(Contestant& contestant, StreamLoad load, std::uint64_t part) {
    constexpr std::uint64_t kMostBytesUnderWay = 32U << 20;
    load.window = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.window, kMostBytesUnderWay / load.payload_bytes));
    load.credit = load.window;
    load.jobs = std::max<std::uint64_t>(1, options_.jobs / part / static_cast<std::uint64_t>(load.producers));
    load.queue = new_queue(contestant.address(), 100'000);
    add(contestant,
        fmt::format("streamed, {} B, {}x{}, {} a message", load.payload_bytes, load.producers, load.consumers, load.batch),
        [&] { return bench::run(contestant.address(), load); });
    delete_queue(contestant.address(), load.queue);
  }

  void steps(const Contestant& contestant, int clients) {
    add(contestant, fmt::format("streamed one at a time, {} clients", clients),
        [&] { return run_steps(contestant.address(), clients, options_.time); });
  }

  void add(const Contestant& contestant, const std::string& what, const std::function<std::uint64_t()>& load) {
    const std::string name = contestant.name + ": " + what;
    if (name.find(options_.only) == std::string::npos) return;
    if (!results_.contains(name)) order_.push_back(name);
    auto& result = results_[name];
    result.name = name;
    result.runs.push_back(timed(contestant.process->pid(), load));
  }

  const Options options_;
  Contestant memory_;
  Contestant sync_;
  Contestant echo_;
  std::vector<std::string> order_;
  std::map<std::string, Result> results_;
};

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_load", argc, argv,
      {flag("--runs", options.runs), flag("--seconds", options.time), flag("--jobs", options.jobs),
       flag("--window", options.window), flag("--only", options.only), flag("--json", options.json)},
      [&](bool check) {
        sluice::bench::Bench bench(options);
        sluice::bench::Report report("load");
        report.results(bench.run());
        if (check) report.bars(bench.bars());
        return report.end(options.json);
      });
}
