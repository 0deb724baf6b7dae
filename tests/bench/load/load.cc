// ./dev bench load [--runs N] [--seconds S] [--jobs N] [--window N] [--only PART] [--check]: sluiced under load, in memory and
// synced, beside a bare gRPC server and the bare disk. The load generator and the servers share the machine's cores, so the
// ratios say more than the rates.
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "absl/synchronization/mutex.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/disk.h"
#include "tests/bench/load/measure.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/load/unary.h"
#include "tests/bench/program.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

struct Options {
  int runs = 5;
  std::chrono::milliseconds time{2'000};
  std::uint64_t jobs = 1'000'000;
  std::uint32_t window = 10'000;  // items in flight of a stream
  std::string only;               // loads whose names contain this
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

std::string new_queue(const std::string& address, std::uint32_t capacity) {
  static int number = 0;
  const auto stub = v1::QueueService::NewStub(new_channel(address));
  grpc::ClientContext context;
  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name(fmt::format("bench{}", ++number));
  request.mutable_queue()->mutable_settings()->set_capacity(capacity);
  v1::CreateQueueResponse response;
  const auto status = stub->CreateQueue(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(status.error_message());
  return request.queue().name();
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        memory_(sluiced("memory", {"--data", "none"})),
        sync_(sluiced("SYNC", {"--data", "data"})),
        echo_(echo()) {}

  // Every load once, then every load again: what disturbs the machine for a while disturbs all.
  void run() {
    for (int i = 0; i < options_.runs; ++i) {
      for (auto* contestant : {&memory_, &sync_}) {
        for (const int callers : {1, 8, 64}) unary(*contestant, UnaryCall::kPut, "unary put", callers);
        for (const int callers : {1, 8}) unary(*contestant, UnaryCall::kLifecycle, "unary put, get, done", callers);
        streamed(*contestant, 100, 1, 1, 1'000);
        streamed(*contestant, 100, 1, 1, 100);
        streamed(*contestant, 100, 8, 8, 1'000);
        streamed(*contestant, 1'024, 1, 1, 1'000);
      }
      for (const int callers : {1, 8, 64}) unary(echo_, UnaryCall::kEcho, "unary echo", callers);
    }
    print_header();
    for (const auto& name : order_) print(results_.at(name));
  }

  // The bars of the durable journal.
  bool check() {
    const double sync = sync_us(sync_.process->directory());
    const double commit = lmdb_commit_us(sync_.process->directory());
    const double echo_us = 1e6 / median("bare gRPC: unary echo, 1 at a time");
    fmt::print("\n4 KiB and fdatasync {:.0f} us, one LMDB commit {:.0f} us, one gRPC echo {:.0f} us (medians)\n", sync, commit,
               echo_us);
    const auto streamed = std::string(": streamed, 100 B, 1x1, 1000 a message");
    bool met = print_ratio("streamed, SYNC / memory", median("SYNC" + streamed) / median("memory" + streamed), 0.5);
    met &= print_ratio("64 unary putters, SYNC / memory",
                       median("SYNC: unary put, 64 at a time") / median("memory: unary put, 64 at a time"), 0.7);
    met &= print_ratio("one unary putter, time of a SYNC put / (echo + commit)",
                       1e6 / median("SYNC: unary put, 1 at a time") / (echo_us + commit), 1.3, false);
    return met;
  }

 private:
  double median(const std::string& name) const { return results_.at(name).median(); }

  void unary(Contestant& contestant, UnaryCall call, const std::string& what, int callers) {
    UnaryLoad load{.call = call, .callers = callers, .connections = std::min(callers, 8), .time = options_.time};
    if (call != UnaryCall::kEcho) load.queue = new_queue(contestant.address(), 100'000'000);
    add(contestant, fmt::format("{}, {} at a time", what, callers), [&] { return bench::run(contestant.address(), load); });
    if (call == UnaryCall::kPut) remove(contestant.address(), load.queue);
  }

  void streamed(Contestant& contestant, std::size_t bytes, int producers, int consumers, std::uint32_t batch) {
    StreamLoad load{.payload_bytes = bytes,
                    .producers = producers,
                    .consumers = consumers,
                    .batch = batch,
                    .window = options_.window,
                    .credit = options_.window};
    load.jobs = options_.jobs / static_cast<std::uint64_t>(producers) / (bytes > 100 || batch < 1'000 ? 4 : 1);
    load.queue = new_queue(contestant.address(), 100'000);
    add(contestant, fmt::format("streamed, {} B, {}x{}, {} a message", bytes, producers, consumers, batch),
        [&] { return bench::run(contestant.address(), load); });
  }

  static void remove(const std::string& address, const std::string& queue) {
    const auto stub = v1::QueueService::NewStub(new_channel(address));
    grpc::ClientContext context;
    v1::DeleteQueueRequest request;
    request.set_queue(queue);
    request.set_force(true);
    v1::DeleteQueueResponse response;
    (void)stub->DeleteQueue(&context, request, &response);
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

std::vector<Flag> flags_of(Options& options) {
  return {
      {"--runs", "N", [&](const std::string& text) { options.runs = std::stoi(text); }},
      {"--seconds", "S",
       [&](const std::string& text) { options.time = std::chrono::milliseconds(static_cast<int>(std::stod(text) * 1'000)); }},
      {"--jobs", "N", [&](const std::string& text) { options.jobs = std::stoull(text); }},
      {"--window", "N", [&](const std::string& text) { options.window = static_cast<std::uint32_t>(std::stoul(text)); }},
      {"--only", "PART", [&](const std::string& text) { options.only = text; }},
  };
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  sluice::bench::Options options;
  return sluice::bench::run_program("bench_load", argc, argv, sluice::bench::flags_of(options), [&](bool check) {
    sluice::bench::Bench bench(options);
    bench.run();
    return !check || bench.check();
  });
}
