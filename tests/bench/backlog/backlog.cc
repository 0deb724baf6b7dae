//: items that nobody takes: rate, resident bytes of each, and how long a restart reads them; bars
//
// ./dev bench backlog [--runs N] [--items N] [--json FILE] [--check]
//
// Items of 100 bytes are put over one stream into a server that has just started. Resident bytes are the growth of the process:
// all of it in memory; with a store only what stands in no file, since the store's own pages are the kernel's to drop, and all
// of it beside that. For the recovery the process is killed and started anew; the time counts from its start until it
// is ready, less that of a server with an empty store. --items 10000000 takes some 3 GB of disk.
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>

#include "sluice/sluice.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/memory.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kPayloadBytes = 100;

struct Options {
  int runs = 5;
  std::uint64_t items = 1'000'000;
  std::string json;
};

double restart_seconds(support::SluicedProcess& process) {
  process.kill9();
  const auto begin = std::chrono::steady_clock::now();
  process.restart();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What was found with one kind of server.
struct Found {
  Result puts;
  std::vector<double> resident_per_item;
  std::vector<double> anonymous_per_item;
  std::vector<double> anonymous_after_restart;
  std::vector<double> recovery_seconds;
};

void run_once(Found& found, const std::string& data, const Options& options) {
  support::SluicedProcess process({.flags = {"--data", data}});
  const bool kept = data != "none";
  const double empty_start = kept ? restart_seconds(process) : 0;
  const std::string queue = new_queue(process.address(), 0);
  const Resident before = resident(process.pid());
  found.puts.runs.push_back(timed(process.pid(), [&] {
    return put_only(process.address(),
                    {.queue = queue, .jobs = options.items, .payload_bytes = kPayloadBytes, .window = 30'000});
  }));
  const auto per_item = [&](std::uint64_t now, std::uint64_t then) {
    return (static_cast<double>(now) - static_cast<double>(then)) / static_cast<double>(options.items);
  };
  Resident after = resident(process.pid());
  found.resident_per_item.push_back(per_item(after.bytes, before.bytes));
  found.anonymous_per_item.push_back(per_item(after.anonymous_bytes, before.anonymous_bytes));
  if (!kept) return;
  found.recovery_seconds.push_back(restart_seconds(process) - empty_start);
  after = resident(process.pid());
  found.anonymous_after_restart.push_back(per_item(after.anonymous_bytes, before.anonymous_bytes));
  const auto waiting = Client(process.address()).queue(queue).stats().waiting;
  if (waiting != options.items) throw std::runtime_error("items are missing after the restart");
}

bool measure(const Options& options, bool check) {
  Report report("backlog");
  Found memory{.puts = {.name = "memory: puts"}};
  Found sync{.puts = {.name = "SYNC: puts"}};
  for (int i = 0; i < options.runs; ++i) {
    run_once(memory, "none", options);
    run_once(sync, "data", options);
  }
  fmt::print("{} items of {} bytes that wait\n", options.items, kPayloadBytes);
  print({memory.puts, sync.puts});
  report.results({memory.puts, sync.puts});
  report.figure("memory: resident for each item, with its payload", memory.resident_per_item, "bytes");
  report.figure("SYNC: resident for each item, less mapped pages", sync.anonymous_per_item, "bytes");
  report.figure("SYNC: the same after a restart", sync.anonymous_after_restart, "bytes");
  report.figure("SYNC: resident for each item, with mapped pages", sync.resident_per_item, "bytes");
  report.figure("SYNC: recovery of all items", sync.recovery_seconds, "s");
  if (check) {
    constexpr double kBar = 200;
    const double million = static_cast<double>(options.items) / 1e6;
    report.bars({{"memory: resident for each item beyond its payload",
                  median_of(memory.resident_per_item) - static_cast<double>(kPayloadBytes), kBar, Bar::kAtMost, "bytes"},
                 {"SYNC: the same, less mapped pages", median_of(sync.anonymous_per_item) - static_cast<double>(kPayloadBytes),
                  kBar, Bar::kAtMost, "bytes"},
                 {"SYNC: recovery of a million items", median_of(sync.recovery_seconds) / million, 1, Bar::kAtMost, "s"}});
  }
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_backlog", argc, argv, {flag("--runs", options.runs), flag("--items", options.items), flag("--json", options.json)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
