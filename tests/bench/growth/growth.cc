//: what a job costs as queues grow from 1 to 10,000 and clients from 1 to 1,000, and what each takes; bars
//
// ./dev bench growth [--runs N] [--seconds S] [--json FILE] [--check]
//
// Jobs are put, taken and completed by unary calls, in memory. Queues: 8 callers go through all of them in turn. Clients: each
// has a connection and one job at a time, all on one queue. The bars hold the cost of a job with many against the cost with
// few: what does not grow worse than linearly costs each job the same.
#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/load/streams.h"
#include "tests/bench/load/unary.h"
#include "tests/bench/memory.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr std::uint32_t kCapacity = 100'000;
constexpr double kMostGrowth = 1.5;  // more than noise
const std::vector<int> kQueueCounts = {1, 10, 100, 1'000, 10'000};
const std::vector<int> kClientCounts = {1, 10, 100, 1'000};

struct Options {
  int runs = 5;
  std::chrono::milliseconds time{1'000};
  std::string json;
};

// A server that has so many queues.
struct Server {
  explicit Server(int queue_count) : process({.flags = {"--data", "none"}}) {
    const auto channel = new_channel(process.address());
    new_queue(channel, kCapacity);  // the connection is no part of what follows
    const auto before = resident(process.pid()).anonymous_bytes;
    const Run run = timed(process.pid(), [&] {
      for (int i = 0; i < queue_count; ++i) queues.push_back(new_queue(channel, kCapacity));
      return queues.size();
    });
    cpu_us_per_queue = run.cpu_us();
    bytes_per_queue = static_cast<double>(resident(process.pid()).anonymous_bytes - before) / queue_count;
  }
  support::SluicedProcess process;
  std::vector<std::string> queues;
  double cpu_us_per_queue = 0;
  double bytes_per_queue = 0;
};

Run run_load(const Server& server, int callers, int connections, std::chrono::milliseconds time) {
  const UnaryLoad load{
      .call = UnaryCall::kLifecycle, .queues = server.queues, .callers = callers, .connections = connections, .time = time};
  return timed(server.process.pid(), [&] { return bench::run(server.process.address(), load); });
}

// The dearest job with many against the cheapest with fewer: above 1 where something grows.
double growth(const std::vector<Result>& results) {
  double cheapest = results.front().median_cpu_us();
  double most = 0;
  for (const Result& result : results) {
    most = std::max(most, result.median_cpu_us() / cheapest);
    cheapest = std::min(cheapest, result.median_cpu_us());
  }
  return most;
}

bool measure(const Options& options, bool check) {
  Report report("growth");
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<Result> queues;
  std::vector<Result> clients;
  for (const int count : kQueueCounts) {
    servers.push_back(std::make_unique<Server>(count));
    queues.push_back({.name = fmt::format("{} queues", count)});
  }
  for (const int count : kClientCounts) clients.push_back({.name = fmt::format("{} clients", count)});
  for (int i = 0; i < options.runs; ++i) {
    for (std::size_t k = 0; k < servers.size(); ++k) queues[k].runs.push_back(run_load(*servers[k], 8, 8, options.time));
    for (std::size_t k = 0; k < clients.size(); ++k) {
      clients[k].runs.push_back(run_load(*servers.front(), kClientCounts[k], kClientCounts[k], options.time));
    }
  }
  print(queues);
  print(clients);
  report.results(queues);
  report.results(clients);
  for (std::size_t k = 2; k < servers.size(); ++k) {
    report.figure(fmt::format("each of {} queues", kQueueCounts[k]), {servers[k]->bytes_per_queue}, "bytes");
    report.figure("its creation", {servers[k]->cpu_us_per_queue}, "us of processor time");
  }
  if (check) {
    const Server& many = *servers.back();
    const Server& fewer = *servers[servers.size() - 2];
    report.bars(
        {{"processor time of a job, more queues / fewer", growth(queues), kMostGrowth, Bar::kAtMost},
         {"processor time of a job, more clients / fewer", growth(clients), kMostGrowth, Bar::kAtMost},
         {"bytes of a queue, 10,000 / 1,000", many.bytes_per_queue / fewer.bytes_per_queue, kMostGrowth, Bar::kAtMost},
         {"creation of a queue, 10,000 / 1,000", many.cpu_us_per_queue / fewer.cpu_us_per_queue, kMostGrowth, Bar::kAtMost}});
  }
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_growth", argc, argv, {flag("--runs", options.runs), flag("--seconds", options.time), flag("--json", options.json)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
