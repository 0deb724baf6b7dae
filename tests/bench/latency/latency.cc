//: latency of jobs at half of the highest rate: put to acknowledged, to handed out, and from there to ended
//
// ./dev bench latency [--runs N] [--seconds S] [--rate N] [--json FILE] [--check]
//
// The highest rate over one producer's and one consumer's stream is measured first, for each kind of server; then jobs are put
// at half of it, or at --rate, some each millisecond. A job's time begins when it was due.
#include <array>

#include <fmt/format.h>

#include "tests/bench/latency/paced.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kJobsAtFullRate = 500'000;
constexpr std::uint32_t kWindow = 30'000;
constexpr std::uint32_t kCapacity = 1'000'000;

struct Options {
  int runs = 5;
  std::chrono::milliseconds time{3'000};
  double rate = 0;
  std::string json;
};

class Server {
 public:
  Server(std::string name, const std::string& data) : name_(std::move(name)), process_({.flags = {"--data", data}}) {}

  void find_rate(const Options& options) {
    if (options.rate > 0) rates_.push_back(2 * options.rate);
    for (int i = 0; options.rate <= 0 && i < options.runs; ++i) {
      const StreamLoad load{
          .queue = new_queue(process_.address(), kCapacity), .jobs = kJobsAtFullRate, .window = kWindow, .credit = kWindow};
      rates_.push_back(timed(process_.pid(), [&] { return run(process_.address(), load); }).rate());
      delete_queue(process_.address(), load.queue);
    }
  }
  void measure(std::chrono::milliseconds time) {
    const std::string queue = new_queue(process_.address(), kCapacity);
    JobLatencies found = run_paced(process_.address(), queue, median_of(rates_) / 2, time);
    delete_queue(process_.address(), queue);
    std::size_t kind = 0;
    for (Latencies* latencies : {&found.put, &found.handed, &found.ended}) {
      for (const double share : kShares) percentiles_[kind++].push_back(latencies->percentile(share));
    }
  }
  void show(Report& report) const {
    fmt::print("{} at {:.0f} jobs/s, half of {:.0f}\n", name_, median_of(rates_) / 2, median_of(rates_));
    std::size_t kind = 0;
    for (const char* what : {"put to acknowledged", "put to handed out", "handed out to ended"}) {
      for (const double share : kShares) {
        report.figure(fmt::format("{}: {}, {:g}th percentile", name_, what, share * 100), percentiles_[kind++], "us");
      }
    }
  }

 private:
  static constexpr std::array kShares = {0.5, 0.99, 0.999};

  const std::string name_;
  const support::SluicedProcess process_;
  std::vector<double> rates_;
  std::array<std::vector<double>, 3 * kShares.size()> percentiles_;
};

bool measure(const Options& options) {
  Report report("latency");
  Server memory("memory", "none");
  Server sync("SYNC", "data");
  for (Server* server : {&memory, &sync}) server->find_rate(options);
  for (int i = 0; i < options.runs; ++i) {
    for (Server* server : {&memory, &sync}) server->measure(options.time);
  }
  for (const Server* server : {&memory, &sync}) server->show(report);
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program("bench_latency", argc, argv,
                                    {flag("--runs", options.runs), flag("--seconds", options.time),
                                     flag("--rate", options.rate), flag("--json", options.json)},
                                    [&](bool) { return sluice::bench::measure(options); });
}
