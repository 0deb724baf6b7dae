#include "tests/crash/load.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "sluice/sluice.h"
#include "tests/crash/dice.h"
#include "tests/crash/payload.h"
#include "tests/crash/streaming.h"
#include "tests/crash/tasks.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;

// Longer than a server ever takes to come back.
constexpr auto kRestartTime = 30s;

Client connect(const Scene& scene, const std::string& name, bool careless) {
  const Duration again = careless ? 0s : kRestartTime;
  return Client(scene.address, {.connect_timeout = again, .reconnect_timeout = again, .consumer = name});
}

// Of these the server, or the library, says that nothing happened and nothing will.
bool refuses(const Error& error) {
  static const std::set<std::string> reasons = {"QUEUE_FULL", "QUEUE_CLOSED", "LEASE_LOST", "QUEUE_NOT_FOUND", "STORAGE_FULL"};
  return reasons.contains(error.reason());
}

// What all clients have: their chance, and how they make a call.
class Actor {
 public:
  Actor(const Scene& scene, std::string name, bool careless, std::uint64_t seed)
      : scene_(scene), name_(std::move(name)), client_(connect(scene, name_, careless)), dice_(seed) {}

 protected:
  [[nodiscard]] std::uint32_t roll(std::uint32_t low, std::uint32_t high) { return dice_.roll(low, high); }
  [[nodiscard]] bool percent(std::uint32_t chance) { return dice_.percent(chance); }
  [[nodiscard]] Recorder& recorder() const { return scene_.recorder; }

  // Records the error that `call` throws. One that has lost its server waits until it is back.
  void settle(Recorder::Id id, const Error& error) {
    const std::uint64_t life = recorder().life();
    recorder().end(id, refuses(error) ? Outcome::kRefused : Outcome::kUnknown, error.reason());
    if (error.code() == Code::kUnavailable) recorder().wait_for_life_after(life, 200ms);
  }
  template <class Call>
  Outcome attempt(Operation operation, Call call) {
    operation.actor = name_;
    const auto id = recorder().begin(std::move(operation));
    try {
      call();
      recorder().end(id, Outcome::kOk);
      return Outcome::kOk;
    } catch (const Error& error) {
      settle(id, error);
      return refuses(error) ? Outcome::kRefused : Outcome::kUnknown;
    }
  }

  const Scene& scene_;
  const std::string name_;
  const Client client_;
  Dice dice_;
};

class ProducerActor : public Actor {
 public:
  ProducerActor(const Scene& scene, const Producer& part, std::uint64_t seed)
      : Actor(scene, part.name, part.careless, seed), part_(part), tasks_(part), queue_(client_.queue(part.queue)) {}

  void run() {
    while (recorder().producing()) put(roll(1, part_.max_batch));
  }
  void put(std::uint32_t count) {
    Operation operation{.kind = Kind::kPut, .queue = queue_.name()};
    std::vector<NewItem> items;
    for (std::uint32_t i = 0; i < count; ++i) items.push_back(next_item(operation.pieces));
    PutOptions options;
    if (percent(10)) options.max_wait = std::chrono::milliseconds(roll(0, 20));
    attempt(std::move(operation), [&] { queue_.put_batch(items, options); });
  }

 private:
  NewItem next_item(std::vector<Piece>& pieces) {
    Task task = tasks_.next(dice_);
    for (std::string& value : task.values) pieces.push_back({queue_.name(), std::move(value)});
    NewItem item{.payload = std::move(task.payload), .priority = task.priority};
    item.attributes["sleep"] = std::move(task.sleep);
    if (task.delay > 0ms) item.delay = task.delay;
    return item;
  }

  const Producer& part_;
  TaskMaker tasks_;
  const Queue queue_;
};

class ConsumerActor : public Actor {
 public:
  ConsumerActor(const Scene& scene, const Consumer& part, std::uint64_t seed)
      : Actor(scene, part.name, part.careless, seed), part_(part), queue_(client_.queue(part.queue)) {}

  void run() {
    while (!recorder().finished()) {
      Batch batch = get();
      if (batch.end_of_queue && batch.items.empty()) return;
      if (batch.items.size() > 1 && part_.output.empty() && percent(50)) {
        complete_all(batch.items);
        continue;
      }
      for (Item& item : batch.items) treat(item);
    }
  }

 private:
  static std::vector<Delivery> deliveries_of(const Item& item) {
    std::vector<Delivery> deliveries;
    for (const std::string& value : values_in(item.payload())) {
      deliveries.push_back({.value = value, .item = item.id(), .token = item.token(), .attempt = item.attempt()});
    }
    return deliveries;
  }

  Batch get() {
    const auto id = recorder().begin({.kind = Kind::kGet, .actor = name_, .queue = part_.queue});
    try {
      Batch batch = queue_.get_batch(roll(1, part_.max_batch), {.max_wait = 200ms, .lease_duration = Duration(kLease)});
      std::vector<Delivery> deliveries;
      for (const Item& item : batch.items) std::ranges::copy(deliveries_of(item), std::back_inserter(deliveries));
      recorder().end_get(id, std::move(deliveries));
      return batch;
    } catch (const Error& error) {
      settle(id, error);
      return {};
    }
  }

  void treat(Item& item) {
    if (part_.troubled && percent(6)) return fail(item);
    if (part_.troubled && percent(3) && may_abandon()) return;
    while (complete(item) == Outcome::kRefused && !item.ended() && !item.lost() && !recorder().finished()) {
    }
  }

  void fail(Item& item) {
    const FailOptions options{.do_not_retry = percent(10), .retry_delay = std::chrono::milliseconds(roll(0, 20))};
    attempt({.kind = Kind::kFail, .queue = part_.queue, .deliveries = deliveries_of(item)},
            [&] { item.fail("by chance", options); });
  }

  bool may_abandon() {
    if (life_ != recorder().life()) abandoned_ = 0;
    life_ = recorder().life();
    return ++abandoned_ <= Consumer::kMaxAbandoned;
  }

  Outcome complete(Item& item) {
    Operation operation{.kind = Kind::kComplete, .queue = part_.queue, .deliveries = deliveries_of(item)};
    std::vector<Output> outputs;
    const std::uint32_t count = part_.output.empty() ? 0 : roll(1, 2);
    for (std::uint32_t i = 0; i < count; ++i) {
      // Named after the delivery, and after the try where there are several: only one can be the one that took effect.
      const std::string value = fmt::format("{}+{}.{}", operation.deliveries.front().value, item.token(), ++outputs_);
      operation.pieces.push_back({part_.output, value});
      outputs.push_back({.queue = part_.output, .item = {.payload = payload_of({value}, roll(0, 20))}});
    }
    DoneOptions options;
    if (percent(20)) options.max_wait = std::chrono::milliseconds(roll(0, 20));
    return attempt(std::move(operation), [&] { item.done(outputs, options); });
  }

  void complete_all(std::vector<Item>& items) {
    std::vector<Recorder::Id> ids;
    for (const Item& item : items) {
      ids.push_back(
          recorder().begin({.kind = Kind::kComplete, .actor = name_, .queue = part_.queue, .deliveries = deliveries_of(item)}));
    }
    try {
      queue_.done_all(items);
      for (std::size_t i = 0; i < items.size(); ++i) {
        recorder().end(ids[i], items[i].lost() ? Outcome::kRefused : Outcome::kOk);
      }
    } catch (const Error& error) {
      for (std::size_t i = 1; i < ids.size(); ++i) recorder().end(ids[i], Outcome::kUnknown, error.reason());
      settle(ids.front(), error);
    }
  }

  const Consumer& part_;
  const Queue queue_;
  std::uint64_t life_ = 0;
  std::uint32_t abandoned_ = 0;
  std::uint64_t outputs_ = 0;
};

class JoiningActor : public Actor {
 public:
  JoiningActor(const Scene& scene, std::uint64_t seed)
      : Actor(scene, "joiner", false, seed),
        producer_part_{.name = "joined", .queue = scene.setting.joined_queue},
        producer_(scene, producer_part_, seed + 1),
        queue_(client_.queue(scene.setting.joined_queue)) {}

  void run() {
    while (recorder().producing()) {
      const std::uint32_t count = roll(1, 4);
      for (std::uint32_t i = 0; i < count; ++i) producer_.put(1);
      attempt({.kind = Kind::kJoin, .queue = queue_.name()}, [&] { queue_.join({.max_wait = kRestartTime}); });
    }
  }

 private:
  const Producer producer_part_;
  ProducerActor producer_;
  const Queue queue_;
};

class Watcher : public Actor {
 public:
  explicit Watcher(const Scene& scene) : Actor(scene, "watcher", true, 0) {}

  void run() {
    while (!recorder().finished()) {
      for (const auto& [name, queue] : scene_.setting.plan.queues) look(name);
      recorder().pause(10ms);
    }
  }
  void look(const std::string& name) {
    const auto id = recorder().begin({.kind = Kind::kLook, .actor = name_, .queue = name});
    try {
      const QueueInfo info = client_.queue(name).stats();
      recorder().end_look(id, info.waiting + info.delayed, info.unfinished);
    } catch (const Error& error) {
      settle(id, error);
    }
  }
};

class Finisher : public Actor {
 public:
  Finisher(const Scene& scene, std::chrono::milliseconds patience) : Actor(scene, "finisher", false, 0), patience_(patience) {}

  void run() {
    for (const Setting::End& end : scene_.setting.ends) {
      if (!close(end) || !join(end)) return recorder().finish();
    }
  }

 private:
  // One call, which closes several things: each is recorded.
  bool close(const Setting::End& end) {
    std::vector<Recorder::Id> ids;
    for (const std::string& name : end.also_closes) {
      ids.push_back(recorder().begin({.kind = Kind::kClose, .actor = name_, .queue = name}));
    }
    const Outcome outcome = attempt({.kind = Kind::kClose, .queue = end.name}, [&] {
      end.pipeline ? client_.pipeline(end.name).close() : client_.queue(end.name).close();
    });
    for (const auto id : ids) recorder().end(id, outcome);
    return outcome == Outcome::kOk;
  }
  bool join(const Setting::End& end) {
    return attempt({.kind = Kind::kJoin, .queue = end.name}, [&] {
             if (end.pipeline) return client_.pipeline(end.name).join({.max_wait = patience_});
             client_.queue(end.name).join({.max_wait = patience_});
           }) == Outcome::kOk;
  }

  const std::chrono::milliseconds patience_;
};

}  // namespace

void produce(const Scene& scene, const Producer& part, std::uint64_t seed) {
  if (part.streamed) return produce_streamed(scene, part, seed);
  ProducerActor(scene, part, seed).run();
}
void consume(const Scene& scene, const Consumer& part, std::uint64_t seed) {
  if (part.streamed) return consume_streamed(scene, part, seed);
  ConsumerActor(scene, part, seed).run();
}
void put_and_join(const Scene& scene, std::uint64_t seed) { JoiningActor(scene, seed).run(); }
void watch(const Scene& scene) { Watcher(scene).run(); }
void wind_down(const Scene& scene, std::chrono::milliseconds patience) { Finisher(scene, patience).run(); }

}  // namespace sluice::crash
