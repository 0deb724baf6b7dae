//: what children that stay alive save against spawning one for each item; bars
//
// What a child that stays alive saves: `./dev bench coprocess [--seconds N] [--runs N] [--check]`.
//
// Items of 100 bytes through a handler, without queues, on the two threads that a server has at least: one item at a time, and
// 16 at a time. The child gives each item back. Spawning is measured with cat(1), which starts as quickly as anything. Bars, in
// items a second against spawning with as many at a time, and against spawning one at a time: 8 times with one in flight, 50
// times with 16.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "server/handlers/coprocess.h"
#include "server/handlers/subprocess.h"
#include "tests/bench/program.h"

namespace sluice::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr int kThreads = 2;
constexpr std::size_t kPayloadBytes = 100;

struct Options {
  double seconds = 2;
  int runs = 3;
};

class NoContext final : public handlers::Context {
 public:
  void set_pid(std::int64_t) override {}
  void on_stop(std::function<void()>) override {}
};

// A worker: one item after the other until the time is over.
asio::awaitable<void> work(handlers::Handler& handler, const std::string payload, std::atomic<std::uint64_t>& next,
                           Clock::time_point end, std::atomic<std::uint64_t>& done) {
  NoContext context;
  handlers::Input input;
  input.body = std::make_shared<model::Body>(model::Body{.payload = payload, .attributes = {}});
  input.queue = "in";
  input.stage = "in";
  while (Clock::now() < end) {
    input.item = model::ItemId{++next};
    const auto outcome = co_await handler.run(input, context);
    if (const auto* error = std::get_if<handlers::Error>(&outcome)) throw std::runtime_error(error->failure.message);
    ++done;
  }
}

// Items a second.
double rate(handlers::Handler& handler, int at_a_time, double seconds, const std::string& payload) {
  asio::io_context io(kThreads);
  std::atomic<std::uint64_t> next = 0;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<int> working = at_a_time;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  Clock::time_point last = end;
  for (int i = 0; i < at_a_time; ++i) {
    const auto strand = asio::make_strand(io);
    asio::co_spawn(strand, work(handler, payload, next, end, done), [&](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
      if (--working > 0) return;
      last = Clock::now();
      handler.end([] {});
    });
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&io] { io.run(); });
  }
  threads.clear();
  return static_cast<double>(done) / std::chrono::duration<double>(last - start).count();
}

std::shared_ptr<handlers::Handler> spawning() {
  handlers::SubprocessSpec spec;
  spec.commands = {{.argv = {"cat"}, .shell = {}}};
  return handlers::make_subprocess(spec).value();
}

std::shared_ptr<handlers::Handler> coprocess(std::vector<std::string> argv, int in_flight, handlers::CoprocessProtocol protocol,
                                             std::uint32_t processes = 1) {
  handlers::CoprocessSpec spec;
  spec.command.argv = std::move(argv);
  spec.protocol = protocol;
  spec.processes = processes;
  spec.in_flight = static_cast<std::uint32_t>(in_flight);
  return handlers::make_coprocess(spec).value();
}

struct Rates {
  double median = 0;
  double least = 0;
  double most = 0;
};

template <class Make>
Rates measure(const char* what, int at_a_time, const Options& options, Make make,
              const std::string& payload = std::string(kPayloadBytes, 'x')) {
  std::vector<double> rates;
  for (int run = 0; run < options.runs; ++run) rates.push_back(rate(*make(), at_a_time, options.seconds, payload));
  std::sort(rates.begin(), rates.end());
  const Rates all{.median = rates[rates.size() / 2], .least = rates.front(), .most = rates.back()};
  fmt::print("{:<42} {:>9.0f}/s [{:.0f}-{:.0f}], {:.1f} us\n", what, all.median, all.least, all.most, 1e6 / all.median);
  return all;
}

bool compare(const char* what, const Rates& fast, const Rates& slow, double bar) {
  const bool met = fast.median >= bar * slow.median;
  fmt::print("{:<42} {:>9.1f} times, bar {:.0f}, {}\n", what, fast.median / slow.median, bar, met ? "met" : "missed");
  return met;
}

// Numbers that take a child a few milliseconds each.
void measure_crunching(const Options& options) {
  const std::string prime = "10000600009";
  const auto pool = [&](std::uint32_t processes) {
    return [processes] { return coprocess({"python3", BENCH_FACTORS}, 1, handlers::CoprocessProtocol::kFrames, processes); };
  };
  const Rates one = measure("number crunching, 1 process", 4, options, pool(1), prime);
  const Rates two = measure("number crunching, 2 processes", 4, options, pool(2), prime);
  fmt::print("{:<42} {:>9.2f} times\n", "two processes against one", two.median / one.median);
}

bool run(const Options& options) {
  const auto framed = [](int in_flight) {
    return [in_flight] { return coprocess({BENCH_CHILD}, in_flight, handlers::CoprocessProtocol::kFrames); };
  };
  const auto lined = [](int in_flight) {
    return [in_flight] { return coprocess({"cat"}, in_flight, handlers::CoprocessProtocol::kLines); };
  };
  const auto python = [](int in_flight) {
    return [in_flight] { return coprocess({"python3", BENCH_FACTORS}, in_flight, handlers::CoprocessProtocol::kFrames); };
  };
  const Rates spawn1 = measure("spawning cat, 1 at a time", 1, options, spawning);
  const Rates spawn16 = measure("spawning cat, 16 at a time", 16, options, spawning);
  const Rates frames1 = measure("coprocess in C++, frames, 1 in flight", 1, options, framed(1));
  const Rates frames16 = measure("coprocess in C++, frames, 16 in flight", 16, options, framed(16));
  measure("coprocess cat, lines, 1 in flight", 1, options, lined(1));
  measure("coprocess cat, lines, 16 in flight", 16, options, lined(16));
  measure("coprocess in Python, frames, 1 in flight", 1, options, python(1), "7");
  measure("coprocess in Python, frames, 16 in flight", 16, options, python(16), "7");
  measure_crunching(options);
  bool met = compare("1 in flight against spawning 1 at a time", frames1, spawn1, 8);
  met = compare("16 in flight against spawning 1 at a time", frames16, spawn1, 50) && met;
  return compare("16 in flight against spawning 16 at a time", frames16, spawn16, 50) && met;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program("bench_coprocess", argc, argv,
                                    {flag("--seconds", options.seconds), flag("--runs", options.runs)},
                                    [&](bool) { return sluice::bench::run(options); });
}
