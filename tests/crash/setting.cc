#include "tests/crash/setting.h"

#include <array>
#include <random>

#include <fmt/format.h>

namespace sluice::crash {
namespace {

// A stage's child processes: every fourth item fails at its first attempt.
constexpr const char* kHandlers = R"(handlers:
  fussy:
    subprocess:
      commands: [{shell: 'if [ "$SLUICE_ATTEMPT" -eq 1 ] && [ $((SLUICE_ITEM_ID % 4)) -eq 0 ]; then exit 1; fi; exec cat'}]
)";

constexpr const char* kLimit = "narrow";

using std::chrono::duration_cast;
using std::chrono::microseconds;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : dice_(seed) { setting_.seed = seed; }

  Setting make(Shape shape) {
    const std::uint32_t attempts = between(1, 3) == 1 ? 4 : 0;
    for (const char* name : {"a", "b", "c", "out"}) add_queue(name, between(3, 25), attempts);
    for (const char* name : {"joined", "called"}) add_queue(name, 0, attempts);
    divide_the_work(shape);
    add_keys(attempts);
    setting_.joined_queue = "joined";
    add_consumer({.name = "joined-worker", .queue = "joined", .max_batch = between(1, 3), .streamed = between(1, 2) == 1});
    setting_.called_queue = "called";
    add_consumer({.name = "called-worker", .queue = "called", .max_batch = between(1, 3), .streamed = between(1, 2) == 1});
    for (const char* name : {"a", "b", "c", "out", "joined", "called", "keyed"}) {
      add_consumer({.name = fmt::format("undertaker-{}", name), .queue = fmt::format("{}.dead", name), .troubled = false});
    }
    // When the first of them is at its end, all jobs are, so that nothing more is called back.
    for (const char* name : {"out", "joined", "called", "keyed"}) setting_.ends.push_back({.name = name});
    for (const char* name : {"a", "b", "c", "out", "joined", "called", "keyed"}) {
      setting_.ends.push_back({.name = fmt::format("{}.dead", name)});
    }
    setting_.config = kHandlers + std::string("queues:\n") + queues_ + limits_ + pipelines_;
    return std::move(setting_);
  }

 private:
  [[nodiscard]] std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(dice_);
  }

  // With its dead-letter queue, which loses nothing by itself. 0 attempts: without limit.
  void add_queue(const std::string& name, std::uint32_t capacity, std::uint32_t attempts, bool in_order = false) {
    const char* const any_order = std::array{"fifo", "fifo", "lifo", "priority"}.at(between(0, 3));
    const char* const order = in_order ? "fifo" : any_order;
    const bool keeps_expired = between(1, 2) == 1;
    queues_ += fmt::format(
        "  - {{name: {0}, settings: {{capacity: {1}, order: {4}, lease_duration: {2}ms, dead_letter_expired: {5}, "
        "retry: {{max_attempts: {3}, initial_backoff: 5ms}}}}}}\n"
        "  - {{name: {0}.dead, settings: {{capacity: 0, lease_duration: {2}ms, "
        "dead_letter_queue: '-', retry: {{max_attempts: 0}}}}}}\n",
        name, capacity, kLease.count(), attempts, order, keeps_expired);
    const Micros lease = duration_cast<microseconds>(kLease).count();
    setting_.plan.queues[name] = {.capacity = capacity,
                                  .lease = lease,
                                  .keeps_expired = keeps_expired,
                                  .in_order = in_order,
                                  .leads_to = {name + ".dead"}};
    setting_.plan.queues[name + ".dead"] = {.lease = lease};
  }

  void add_consumer(Consumer consumer) {
    setting_.plan.queues[consumer.queue].in_flight +=
        consumer.streamed ? consumer.max_batch * (1 + Consumer::kMaxVanished) : consumer.max_batch + Consumer::kMaxAbandoned;
    setting_.consumers.push_back(std::move(consumer));
  }

  void add_stage(const std::string& input, const std::string& handler, const std::string& output) {
    const std::uint32_t workers = between(1, 4);
    pipelines_ += fmt::format("      - {{input: {}, handler: {}, workers: {}, output: {}}}\n", input, handler, workers, output);
    setting_.plan.queues[input].in_flight += workers;
    setting_.plan.queues[input].served = true;
    setting_.plan.queues[input].leads_to.push_back(output);
  }

  void divide_the_work(Shape shape) {
    switch (shape) {
      case Shape::kServed:
        return serve();
      case Shape::kRemote:
        return work_remotely();
      case Shape::kAttached:
        return work_attached();
    }
  }

  void begin_pipeline() {
    pipelines_ = fmt::format("pipelines:\n  - name: {}\n    stages:\n", kPipeline);
    setting_.plan.pipelines[kPipeline] = {"a", "b", "c"};
    setting_.plan.job_queues = {"a", "b", "c"};
    setting_.plan.result_queue = "out";
    setting_.ends.push_back({.name = kPipeline, .pipeline = true, .also_closes = {"a"}});
  }

  void serve() {
    begin_pipeline();
    add_stage("a", between(1, 3) == 1 ? "fussy" : "builtin.identity", "b");
    add_stage("b", "builtin.lines", "c");
    add_stage("c", "builtin.sleep", "out");
    setting_.producers = {
        {.name = "p1", .queue = "a", .max_lines = 3},
        {.name = "p2", .queue = "a", .max_batch = 3, .some_hopeless = true, .some_hurried = true},
        {.name = "p3", .queue = "a", .careless = true},
        {.name = "j1",
         .queue = "a",
         .max_batch = 3,
         .max_lines = 2,
         .some_hopeless = true,
         .some_hurried = true,
         .submits = true},
        {.name = "j2", .queue = "a", .max_batch = 3, .some_hurried = true, .submits = true},
        {.name = "j3", .queue = "a", .submits = true, .careless = true},
        {.name = "s1", .queue = "a", .max_batch = between(1, 5), .max_lines = 2, .some_hopeless = true, .streamed = true},
        {.name = "s2", .queue = "a", .max_batch = 2, .streamed = true, .until_closed = true},
    };
    add_consumer({.name = "taker-1", .queue = "out"});
    add_consumer({.name = "taker-2", .queue = "out", .max_batch = 4});
    add_consumer({.name = "taker-3", .queue = "out", .max_batch = between(1, 8), .streamed = true});
  }

  void produce_for_clients() {
    setting_.producers = {
        {.name = "p1", .queue = "a"},
        {.name = "p2", .queue = "a", .max_batch = 3, .some_hurried = true},
        {.name = "p3", .queue = "a", .careless = true},
        {.name = "j1", .queue = "a", .max_batch = 3, .some_hurried = true, .submits = true},
        {.name = "j2", .queue = "a", .max_batch = 3, .some_hurried = true, .submits = true},
        {.name = "j3", .queue = "a", .submits = true, .careless = true},
        {.name = "s1", .queue = "a", .max_batch = between(1, 5), .some_hurried = true, .streamed = true},
        {.name = "s2", .queue = "a", .max_batch = 2, .streamed = true, .until_closed = true},
    };
  }

  void work_remotely() {
    produce_for_clients();
    setting_.plan.job_queues = {"a", "b", "c", "out"};
    add_consumer({.name = "first-1", .queue = "a", .output = "b"});
    add_consumer({.name = "first-2", .queue = "a", .output = "b", .careless = true});
    add_consumer({.name = "first-3", .queue = "a", .output = "b", .max_batch = between(1, 4), .streamed = true});
    add_consumer({.name = "second-1", .queue = "b", .output = "c", .max_batch = 2});
    add_consumer({.name = "second-2", .queue = "b", .output = "c", .max_batch = between(1, 8), .streamed = true});
    add_consumer({.name = "third-1", .queue = "c", .output = "out"});
    add_consumer({.name = "third-2", .queue = "c", .output = "out", .max_batch = between(1, 3), .streamed = true});
    add_consumer({.name = "taker-1", .queue = "out", .max_batch = 4});
    add_consumer({.name = "taker-2", .queue = "out", .max_batch = between(1, 8), .streamed = true});
    for (const char* name : {"a", "b", "c"}) setting_.ends.push_back({.name = name});
  }

  // A queue beside the others, whose items have keys.
  void add_keys(std::uint32_t attempts) {
    add_queue("keyed", between(0, 1) * between(10, 30), attempts, true);
    setting_.producers.push_back({.name = "k1", .queue = "keyed", .max_batch = between(1, 4), .keyed = true});
    setting_.producers.push_back({.name = "k2", .queue = "keyed", .keyed = true});
    add_consumer({.name = "keyed-1", .queue = "keyed", .max_batch = between(1, 4)});
    add_consumer({.name = "keyed-2", .queue = "keyed"});
    add_consumer({.name = "keyed-3", .queue = "keyed", .max_batch = between(1, 4), .streamed = true});
  }

  void attach(const std::string& input, const std::string& output) {
    const bool limited = input != "b";
    pipelines_ +=
        fmt::format("      - {{input: {}, handler: remote, output: {}, limits: [{}]}}\n", input, output, limited ? kLimit : "");
    for (std::uint32_t i = between(2, 3); i > 0; --i) {
      add_consumer({.name = fmt::format("worker-{}-{}", input, i),
                    .queue = input,
                    .output = output,
                    .max_batch = between(1, 4),
                    .streamed = true,
                    .slow = limited,
                    .attached = true});
    }
  }

  // The first and the last stage share a limit, below what their workers could hold together.
  void work_attached() {
    setting_.plan.limits = {{.name = kLimit, .at_once = between(1, 3), .queues = {"a", "c"}}};
    limits_ = fmt::format("limits:\n  - {{name: {}, max_at_once: {}}}\n", kLimit, setting_.plan.limits.front().at_once);
    begin_pipeline();
    produce_for_clients();
    attach("a", "b");
    attach("b", "c");
    attach("c", "out");
    add_consumer({.name = "taker-1", .queue = "out", .max_batch = 4});
    add_consumer({.name = "taker-2", .queue = "out", .max_batch = between(1, 8), .streamed = true});
  }

  std::mt19937_64 dice_;
  Setting setting_;
  std::string queues_;
  std::string limits_;
  std::string pipelines_;
};

}  // namespace

const char* name_of(Shape shape) {
  switch (shape) {
    case Shape::kServed:
      return "served";
    case Shape::kRemote:
      return "remote";
    case Shape::kAttached:
      return "attached";
  }
  return "?";
}

Setting make_setting(Shape shape, std::uint64_t seed) { return Maker(seed).make(shape); }

}  // namespace sluice::crash
