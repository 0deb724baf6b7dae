// sluiced, and what it is held against: servers of the same messages that do next to nothing.
#include <fmt/format.h>

#include "tests/bench/load/steps.h"
#include "tests/bench/load/streams.h"
#include "tests/bench/load/unary.h"
#include "tests/bench/peers/system.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

using Process = support::SluicedProcess;

constexpr std::uint32_t kItemsAtOnce = 1'000;
constexpr std::uint32_t kItemsUnderWay = 30'000;

std::shared_ptr<Process> start(std::string program, std::vector<std::string> flags) {
  return std::make_shared<Process>(Process::Options{.program = std::move(program), .flags = std::move(flags)});
}

// By one Produce and one Consume, or a pair of them for each client.
class Streams final : public System {
 public:
  Streams(About about, std::shared_ptr<Process> process) : about_(std::move(about)), process_(std::move(process)) {}

  [[nodiscard]] const About& about() const override { return about_; }
  [[nodiscard]] pid_t pid() const override { return process_->pid(); }
  void stream(std::uint64_t jobs) override {
    const std::string queue = new_queue(process_->address(), kMostBacklog);
    run(process_->address(), StreamLoad{.queue = queue,
                                        .jobs = jobs,
                                        .payload_bytes = kJobBytes,
                                        .batch = kItemsAtOnce,
                                        .window = kItemsUnderWay,
                                        .credit = kItemsUnderWay});
    delete_queue(process_->address(), queue);
  }
  std::uint64_t one_at_a_time(std::chrono::milliseconds time) override {
    return run_steps(process_->address(), kConnections, time);
  }

 private:
  const About about_;
  const std::shared_ptr<Process> process_;
};

// By three calls for each job.
class Unary final : public System {
 public:
  Unary(About about, std::shared_ptr<Process> process, UnaryCall call)
      : about_(std::move(about)), process_(std::move(process)), call_(call) {}

  [[nodiscard]] const About& about() const override { return about_; }
  [[nodiscard]] pid_t pid() const override { return process_->pid(); }
  void stream(std::uint64_t) override {}
  std::uint64_t one_at_a_time(std::chrono::milliseconds time) override {
    const bool echo = call_ == UnaryCall::kEchoLifecycle;
    const std::string queue = echo ? "echo" : new_queue(process_->address(), kMostBacklog);
    const std::uint64_t jobs =
        run(process_->address(),
            UnaryLoad{.call = call_, .queues = {queue}, .callers = kConnections, .connections = kConnections, .time = time});
    if (!echo) delete_queue(process_->address(), queue);
    return jobs;
  }

 private:
  const About about_;
  const std::shared_ptr<Process> process_;
  const UnaryCall call_;
};

std::string streams_setup() { return fmt::format("up to {} items a message and {} under way", kItemsAtOnce, kItemsUnderWay); }

}  // namespace

std::vector<std::unique_ptr<System>> make_sluiced(Keeps keeps) {
  const bool memory = keeps == Keeps::kInMemory;
  const auto process = start("", {"--data", memory ? "none" : "data"});
  const std::string name = memory ? "Sluice, memory" : "Sluice, SYNC";
  std::vector<std::unique_ptr<System>> systems;
  systems.push_back(std::make_unique<Streams>(System::About{.name = name,
                                                            .kind = Kind::kOurs,
                                                            .keeps = keeps,
                                                            .setup = fmt::format("sluiced --data {}; Produce and Consume, {}",
                                                                                 memory ? "none" : "DIR", streams_setup())},
                                              process));
  systems.push_back(std::make_unique<Unary>(System::About{.name = name + ", unary calls",
                                                          .kind = Kind::kOurs,
                                                          .keeps = keeps,
                                                          .setup = "the same server; Put, Get and Complete of one item",
                                                          .streams = false},
                                            process, UnaryCall::kLifecycle));
  return systems;
}

std::unique_ptr<System> make_bare_streams(Keeps keeps) {
  const bool memory = keeps == Keeps::kInMemory;
  std::vector<std::string> flags;
  if (!memory) flags = {"--log", "log"};
  return std::make_unique<Streams>(
      System::About{.name = memory ? "bare gRPC streams" : "bare gRPC streams and log",
                    .kind = Kind::kLimit,
                    .keeps = keeps,
                    .setup = fmt::format("Produce and Consume of a server with a deque{}; {}",
                                         memory ? "" : " and a log, one fdatasync for all that has gathered", streams_setup())},
      start(BENCH_BARE_BINARY, flags));
}

std::unique_ptr<System> make_bare_echo() {
  return std::make_unique<Unary>(System::About{.name = "bare gRPC echo, unary calls",
                                               .kind = Kind::kLimit,
                                               .setup = "three calls a job, of the sizes of Put, Get and Complete, sent back",
                                               .streams = false},
                                 start(BENCH_ECHO_BINARY, {}), UnaryCall::kEchoLifecycle);
}

}  // namespace sluice::bench
