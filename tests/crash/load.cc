#include "tests/crash/load.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/crash/actor.h"
#include "tests/crash/awaiting.h"
#include "tests/crash/payload.h"
#include "tests/crash/streaming.h"
#include "tests/crash/tasks.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;

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
    std::vector<std::size_t> lines;
    for (std::uint32_t i = 0; i < count; ++i) {
      items.push_back(next_item(operation.pieces));
      lines.push_back(operation.pieces.size());
    }
    if (part_.submits) return submit(std::move(operation), items, lines);
    PutOptions options;
    if (percent(10)) options.max_wait = std::chrono::milliseconds(roll(0, 20));
    const Outcome outcome = attempt(std::move(operation), [&](Recorder::Id id) {
      recorder().identify(id, spread(queue_.put_batch(items, options), lines));
    });
    if (outcome == Outcome::kUnknown) tasks_.forget_keys();
  }

 private:
  // As a batch, or as a job that is of none. To a pipeline is to its first queue.
  void submit(Operation&& operation, const std::vector<NewItem>& items, const std::vector<std::size_t>& lines) {
    operation.submitted = true;
    const bool single = items.size() == 1 && percent(50);
    BatchOptions options;
    if (!single && percent(50)) {
      const std::string value = fmt::format("{}.called{}", part_.name, ++callbacks_);
      options.callback_queue = scene_.setting.called_queue;
      options.callback = {.payload = payload_of({value}, roll(0, 20))};
      operation.callback = {{options.callback_queue, value}};
    }
    const bool to_pipeline = !scene_.setting.plan.pipelines.empty() && percent(30);
    attempt(std::move(operation), [&](Recorder::Id id) {
      if (single) return recorder().identify(id, spread({queue_.submit(items.front()).id()}, lines));
      const JobBatch batch =
          to_pipeline ? client_.pipeline(kPipeline).submit_batch(items, options) : queue_.submit_batch(items, options);
      std::vector<ItemId> ids;
      for (std::uint64_t i = 0; i < items.size(); ++i) ids.push_back(batch.id + i);
      recorder().identify(id, spread(ids, lines), batch.id);
    });
  }

  // The item of each piece, given those of all items and where the pieces of each end.
  static std::vector<ItemId> spread(const std::vector<ItemId>& items, const std::vector<std::size_t>& ends) {
    std::vector<ItemId> all;
    for (std::size_t i = 0; i < items.size(); ++i) all.resize(ends[i], items[i]);
    return all;
  }

  NewItem next_item(std::vector<Piece>& pieces) {
    Task task = tasks_.next(dice_);
    std::ranges::copy(pieces_of(task, queue_.name()), std::back_inserter(pieces));
    NewItem item{.payload = std::move(task.payload), .priority = task.priority};
    item.attributes["sleep"] = std::move(task.sleep);
    item.dedup_key = task.dedup_key;
    if (!task.dedup_key.empty()) item.dedup_window = task.dedup_window;
    item.unique_key = task.unique_key;
    item.order_key = task.order_key;
    if (task.delay > 0ms) item.delay = task.delay;
    if (task.time_to_live > 0ms) item.time_to_live = task.time_to_live;
    return item;
  }

  const Producer& part_;
  TaskMaker tasks_;
  const Queue queue_;
  std::uint64_t callbacks_ = 0;
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

class Canceller : public Actor {
 public:
  // The library repeats no cancel: it could not tell what the first one found.
  Canceller(const Scene& scene, std::uint64_t seed) : Actor(scene, "canceller", false, seed) {}

  void run() {
    while (recorder().producing()) {
      if (const auto sighting = recorder().sighting(roll(0, percent(80) ? 5 : 200))) cancel(*sighting);
      recorder().pause(std::chrono::milliseconds(roll(0, 10)));
    }
  }

 private:
  void cancel(const Recorder::Sighting& sighting) {
    attempt({.kind = Kind::kCancel, .queue = sighting.queue, .deliveries = sighting.deliveries}, [&](Recorder::Id id) {
      recorder().add_found(id, found_by(client_.queue(sighting.queue).cancel(sighting.deliveries.front().item)));
    });
  }

  static Found found_by(CancelOutcome outcome) {
    switch (outcome) {
      case CancelOutcome::kCancelled:
        return Found::kWaiting;
      case CancelOutcome::kRevoked:
        return Found::kHeld;
      case CancelOutcome::kGone:
        return Found::kGone;
      case CancelOutcome::kUnknown:
        return Found::kNoSuchItem;
    }
    return Found::kNothingYet;
  }
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
    audit(scene_);
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
void cancel_some(const Scene& scene, std::uint64_t seed) { Canceller(scene, seed).run(); }
void watch(const Scene& scene) { Watcher(scene).run(); }
void wind_down(const Scene& scene, std::chrono::milliseconds patience) { Finisher(scene, patience).run(); }

}  // namespace sluice::crash
