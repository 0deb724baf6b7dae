//: 10,000 calls that wait: bytes of each beyond an idle gRPC call, idle processor time, and how soon one is woken; bars
//
// ./dev bench blocked [--runs N] [--calls N] [--wakes N] [--seconds S] [--json FILE] [--check]
//
// Each run starts fresh servers: a bare gRPC one that holds as many calls of the same message without an answer, sluiced with
// gets of an empty queue, and sluiced with puts into a full one. Bytes are the growth of what the process holds. A wake is the
// time from the start of a put until a get that waited has its item, which is one message in and one out, as an echo is.
#include <stdexcept>

#include <fmt/format.h>

#include "sluice/sluice.h"
#include "sluice/v1/queue_service.pb.h"
#include "tests/bench/blocked/held_calls.h"
#include "tests/bench/latencies.h"
#include "tests/bench/memory.h"
#include "tests/bench/program.h"
#include "tests/bench/report.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr int kConnections = 10;
constexpr std::chrono::seconds kPatience{60};
constexpr const char* kGet = "/sluice.v1.QueueService/Get";
constexpr const char* kPut = "/sluice.v1.QueueService/Put";

struct Options {
  int runs = 5;
  int calls = 10'000;
  int wakes = 2'000;
  double idle_seconds = 3;
  std::string json;
};

v1::PutRequest put_request() {
  v1::PutRequest request;
  request.set_queue("tasks");
  request.add_items()->set_payload(std::string(100, 'x'));
  return request;
}

v1::GetRequest get_request() {
  v1::GetRequest request;
  request.set_queue("tasks");
  return request;
}

// Asks again until it is so: each question is a round trip, after all that was sent before.
template <class Count>
void wait_until_held(Count count, int calls) {
  const auto deadline = Clock::now() + kPatience;
  while (count() < static_cast<std::uint64_t>(calls)) {
    if (Clock::now() > deadline) throw std::runtime_error("the calls do not get to the server");
  }
}

// Growth for each of `calls` calls, and the processor time in per cent of a core while nothing happens.
struct Cost {
  double bytes = 0;
  double idle_percent = 0;
};

template <class Count>
Cost cost(const support::SluicedProcess& process, HeldCalls& held, const std::string& method,
          const google::protobuf::MessageLite& request, const Options& options, Count count) {
  const auto before = resident(process.pid()).anonymous_bytes;
  held.make(options.calls, method, request);
  wait_until_held(count, options.calls);
  const auto after = resident(process.pid()).anonymous_bytes;
  std::mutex mutex;
  std::condition_variable never;
  const double cpu = cpu_seconds(process.pid());
  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::duration<double>(options.idle_seconds), [] { return false; });
  return {(static_cast<double>(after) - static_cast<double>(before)) / options.calls,
          (cpu_seconds(process.pid()) - cpu) / options.idle_seconds * 100};
}

struct Found {
  std::vector<double> bare_bytes, get_bytes, put_bytes, idle_percent;
  std::vector<double> echo_p50, echo_p99, wake_p50, wake_p99;
};

void measure_bare(const Options& options, Found& found) {
  const support::SluicedProcess holding({.program = BENCH_BARE_BINARY, .flags = {}});
  const Queue queue = Client(holding.address()).queue("tasks");
  queue.stats();  // so that this connection is there before
  HeldCalls held(holding.address(), kConnections);
  found.bare_bytes.push_back(
      cost(holding, held, kGet, get_request(), options, [&] { return queue.stats().waiting_gets; }).bytes);
  // An echo is begun anew as soon as it was answered: the time between two answers is a round trip.
  const support::SluicedProcess echoing({.program = BENCH_ECHO_BINARY, .flags = {}});
  HeldCalls echo(echoing.address(), 1);
  echo.make(1, "/bench/Echo", put_request());
  Latencies echoes;
  auto last = echo.next_answer();
  for (int i = 0; i < options.wakes; ++i) {
    const auto now = echo.next_answer();
    echoes.add(now - last);
    last = now;
  }
  found.echo_p50.push_back(echoes.percentile(0.5));
  found.echo_p99.push_back(echoes.percentile(0.99));
}

void measure_gets(const Options& options, Found& found) {
  const support::SluicedProcess process(support::SluicedProcess::Options{});
  const Client client(process.address());
  // Leases outlast the bench: what was handed out is of no interest any more.
  const Queue queue = client.create_queue("tasks", {.capacity = 0, .lease_duration = std::chrono::hours(24)});
  HeldCalls held(process.address(), kConnections);
  const Cost gets = cost(process, held, kGet, get_request(), options, [&] { return queue.stats().waiting_gets; });
  found.get_bytes.push_back(gets.bytes);
  found.idle_percent.push_back(gets.idle_percent);
  Latencies wakes;
  for (int i = 0; i < options.wakes; ++i) {
    const auto begin = Clock::now();
    queue.put(std::string(100, 'x'));
    wakes.add(held.next_answer() - begin);
  }
  found.wake_p50.push_back(wakes.percentile(0.5));
  found.wake_p99.push_back(wakes.percentile(0.99));
}

void measure_puts(const Options& options, Found& found) {
  const support::SluicedProcess process(support::SluicedProcess::Options{});
  const Queue queue = Client(process.address()).create_queue("tasks", {.capacity = 1});
  queue.put("full");
  HeldCalls held(process.address(), kConnections);
  const Cost puts = cost(process, held, kPut, put_request(), options, [&] { return queue.stats().waiting_puts; });
  found.put_bytes.push_back(puts.bytes);
}

bool measure(const Options& options, bool check) {
  Report report("blocked");
  Found found;
  for (int i = 0; i < options.runs; ++i) {
    measure_bare(options, found);
    measure_gets(options, found);
    measure_puts(options, found);
  }
  fmt::print("{} blocked calls over {} connections\n", options.calls, kConnections);
  const auto show = [&](const std::string& what, const std::vector<double>& values, const char* unit) {
    report.figure(what, values, unit);
    return median_of(values);
  };
  const double bare = show("a call that a bare gRPC server holds", found.bare_bytes, "bytes");
  const double get = show("a blocked get", found.get_bytes, "bytes");
  show("a blocked put of 100 bytes", found.put_bytes, "bytes");
  const double idle = show("processor time while nothing happens", found.idle_percent, "% of a core");
  show("echo of a bare gRPC server, median", found.echo_p50, "us");
  const double echo = show("the same, 99th percentile", found.echo_p99, "us");
  show("a get woken by a put, median", found.wake_p50, "us");
  const double wake = show("the same, 99th percentile", found.wake_p99, "us");
  if (check) {
    report.bars({{"a blocked get beyond an idle gRPC call", get - bare, 4'096, Bar::kAtMost, "bytes"},
                 {"processor time while nothing happens", idle, 1, Bar::kAtMost, "% of a core"},
                 {"99th percentile of a wake / of an echo", wake / echo, 2, Bar::kAtMost}});
  }
  return report.end(options.json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program(
      "bench_blocked", argc, argv,
      {flag("--runs", options.runs), flag("--calls", options.calls), flag("--wakes", options.wakes),
       flag("--seconds", options.idle_seconds), flag("--json", options.json)},
      [&](bool check) { return sluice::bench::measure(options, check); });
}
