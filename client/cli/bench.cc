// `sluice bench`: how many jobs the server carries, and how long they take.
#include <unistd.h>

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/cli/bench/load.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

constexpr Duration kDefaultTime = std::chrono::seconds(5);
// So long may the server take to delete the queue.
constexpr Duration kDeleteTime = std::chrono::seconds(10);
// Room for so many messages of each client, and at least so many jobs: enough that nobody idles, and little enough that the
// times are those of jobs and not of a heap of them.
constexpr std::uint32_t kMessagesOfRoom = 8;
constexpr std::uint32_t kLeastCapacity = 100;

std::uint32_t capacity_for(const BenchArguments& arguments) {
  return std::max(kLeastCapacity, kMessagesOfRoom * arguments.batch * (arguments.producers + arguments.consumers));
}

// A queue of its own, gone with this object. Its name is new in the server, or it is not made at all.
class TemporaryQueue {
 public:
  TemporaryQueue(Session& session, const BenchArguments& arguments) : session_(session) {
    std::random_device random;
    name_ = fmt::format("sluice-bench-{}-{:08x}{:08x}", getpid(), random(), random());
    v1::CreateQueueRequest request;
    request.mutable_queue()->set_name(name_);
    v1::QueueSettings& settings = *request.mutable_queue()->mutable_settings();
    settings.set_capacity(capacity_for(arguments));
    settings.set_dead_letter_queue("-");
    settings.set_durability(arguments.durability == "memory" ? v1::DURABILITY_MEMORY : v1::DURABILITY_SYNC);
    session.call(request);
  }
  ~TemporaryQueue() {
    v1::DeleteQueueRequest request;
    request.set_queue(name_);
    request.set_force(true);
    try {
      session_.connection()->call(request, {.timeout = kDeleteTime});
    } catch (const NotFound&) {
      return;
    } catch (const Error& error) {
      say(fmt::format("the queue {} could not be deleted: {}: {}", name_, error.reason(), error.what()));
    }
  }
  TemporaryQueue(const TemporaryQueue&) = delete;
  TemporaryQueue& operator=(const TemporaryQueue&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Session& session_;
  std::string name_;
};

double seconds_of(Latencies::Time time) { return std::chrono::duration<double>(time).count(); }

std::string latency_text(Latencies::Time time) {
  const double us = seconds_of(time) * 1e6;
  if (us < 1'000) return fmt::format("{:.0f} us", us);
  return us < 1'000'000 ? fmt::format("{:.3g} ms", us / 1e3) : fmt::format("{:.3g} s", us / 1e6);
}

std::string result_text(const BenchArguments& arguments, const LoadResult& result) {
  const double seconds = result.time.count();
  std::string text = fmt::format("{}, {}, {}, {}, {} a message, durability {}\n", arguments.unary ? "unary" : "streamed",
                                 counted(arguments.producers, "producer"), counted(arguments.consumers, "consumer"),
                                 bytes_text(arguments.size), counted(arguments.batch, "job"), arguments.durability);
  text += fmt::format("{} jobs in {:.3g} s: {}\n\n", count_text(result.measured.jobs), seconds,
                      rate_text(static_cast<double>(result.measured.jobs) / seconds));
  Table table({"TIME UNTIL", ">P50", ">P99", ">P99.9", ">MAX"});
  const auto row = [&table](const char* name, const Latencies& times) {
    table.add({name, latency_text(times.share(0.5)), latency_text(times.share(0.99)), latency_text(times.share(0.999)),
               latency_text(times.max())});
  };
  row("put is acknowledged", result.measured.put);
  row("consumer has it", result.measured.wait);
  row("end is acknowledged", result.measured.life);
  return text + table.text();
}

nlohmann::ordered_json times_json(const Latencies& times) {
  return {{"p50", seconds_of(times.share(0.5))},
          {"p99", seconds_of(times.share(0.99))},
          {"p99.9", seconds_of(times.share(0.999))},
          {"max", seconds_of(times.max())}};
}

std::string result_json(const BenchArguments& arguments, const LoadResult& result) {
  const Measured& measured = result.measured;
  const nlohmann::ordered_json object = {{"streamed", !arguments.unary},
                                         {"producers", arguments.producers},
                                         {"consumers", arguments.consumers},
                                         {"size", arguments.size},
                                         {"batch", arguments.batch},
                                         {"durability", arguments.durability},
                                         {"jobs", std::to_string(measured.jobs)},
                                         {"seconds", result.time.count()},
                                         {"jobs_per_second", static_cast<double>(measured.jobs) / result.time.count()},
                                         {"put_seconds", times_json(measured.put)},
                                         {"wait_seconds", times_json(measured.wait)},
                                         {"life_seconds", times_json(measured.life)},
                                         {"interrupted", result.interrupted}};
  return object.dump() + '\n';
}

}  // namespace

int bench(Session& session, const BenchArguments& arguments) {
  const Interrupt interrupt;
  LoadOptions options{.server = session.server(),
                      .producers = arguments.producers,
                      .consumers = arguments.consumers,
                      .size = arguments.size,
                      .batch = arguments.batch,
                      .streamed = !arguments.unary,
                      .time = arguments.time,
                      .jobs = arguments.jobs};
  if (!options.time && !options.jobs) options.time = kDefaultTime;
  LoadResult result;
  {
    const TemporaryQueue queue(session, arguments);
    options.queue = queue.name();
    result = run_load(options, interrupt.first());
  }
  print(session.json() ? result_json(arguments, result) : result_text(arguments, result));
  return result.interrupted ? kInterrupted : kOk;
}

}  // namespace sluice::cli
