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

using std::chrono::duration_cast;
using std::chrono::microseconds;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : dice_(seed) { setting_.seed = seed; }

  Setting make(Shape shape) {
    const std::uint32_t attempts = between(1, 3) == 1 ? 4 : 0;
    for (const char* name : {"a", "b", "c", "out", "joined"}) {
      const bool unbounded = std::string_view(name) == "joined";
      add_queue(name, unbounded ? 0 : between(3, 25), attempts);
    }
    shape == Shape::kServed ? serve() : work_remotely();
    setting_.joined_queue = "joined";
    add_consumer({.name = "joined-worker", .queue = "joined", .max_batch = between(1, 3), .streamed = between(1, 2) == 1});
    for (const char* name : {"a", "b", "c", "out", "joined"}) {
      add_consumer({.name = fmt::format("undertaker-{}", name), .queue = fmt::format("{}.dead", name), .troubled = false});
    }
    for (const char* name : {"out", "joined"}) setting_.ends.push_back({.name = name});
    for (const char* name : {"a.dead", "b.dead", "c.dead", "out.dead", "joined.dead"}) setting_.ends.push_back({.name = name});
    setting_.config = kHandlers + std::string("queues:\n") + queues_ + pipelines_;
    return std::move(setting_);
  }

 private:
  [[nodiscard]] std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(dice_);
  }

  // With its dead-letter queue, which loses nothing by itself. 0 attempts: without limit.
  void add_queue(const std::string& name, std::uint32_t capacity, std::uint32_t attempts) {
    const char* const order = std::array{"fifo", "fifo", "lifo", "priority"}.at(between(0, 3));
    queues_ += fmt::format(
        "  - {{name: {0}, settings: {{capacity: {1}, order: {4}, lease_duration: {2}ms, "
        "retry: {{max_attempts: {3}, initial_backoff: 5ms}}}}}}\n"
        "  - {{name: {0}.dead, settings: {{capacity: 0, lease_duration: {2}ms, "
        "dead_letter_queue: '-', retry: {{max_attempts: 0}}}}}}\n",
        name, capacity, kLease.count(), attempts, order);
    const Micros lease = duration_cast<microseconds>(kLease).count();
    setting_.plan.queues[name] = {.capacity = capacity, .lease = lease, .leads_to = {name + ".dead"}};
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
    setting_.plan.queues[input].leads_to.push_back(output);
  }

  void serve() {
    pipelines_ = "pipelines:\n  - name: flow\n    stages:\n";
    add_stage("a", between(1, 3) == 1 ? "fussy" : "builtin.identity", "b");
    add_stage("b", "builtin.lines", "c");
    add_stage("c", "builtin.sleep", "out");
    setting_.plan.pipelines["flow"] = {"a", "b", "c"};
    setting_.producers = {
        {.name = "p1", .queue = "a", .max_lines = 3},
        {.name = "p2", .queue = "a", .max_batch = 3, .some_hopeless = true},
        {.name = "p3", .queue = "a", .careless = true},
        {.name = "s1", .queue = "a", .max_batch = between(1, 5), .max_lines = 2, .some_hopeless = true, .streamed = true},
        {.name = "s2", .queue = "a", .max_batch = 2, .streamed = true, .until_closed = true},
    };
    add_consumer({.name = "taker-1", .queue = "out"});
    add_consumer({.name = "taker-2", .queue = "out", .max_batch = 4});
    add_consumer({.name = "taker-3", .queue = "out", .max_batch = between(1, 8), .streamed = true});
    setting_.ends.push_back({.name = "flow", .pipeline = true, .also_closes = {"a"}});
  }

  void work_remotely() {
    setting_.producers = {
        {.name = "p1", .queue = "a"},
        {.name = "p2", .queue = "a", .max_batch = 3},
        {.name = "p3", .queue = "a", .careless = true},
        {.name = "s1", .queue = "a", .max_batch = between(1, 5), .streamed = true},
        {.name = "s2", .queue = "a", .max_batch = 2, .streamed = true, .until_closed = true},
    };
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

  std::mt19937_64 dice_;
  Setting setting_;
  std::string queues_;
  std::string pipelines_;
};

}  // namespace

Setting make_setting(Shape shape, std::uint64_t seed) { return Maker(seed).make(shape); }

}  // namespace sluice::crash
