#include "tests/crash/streaming.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/crash/duplex.h"
#include "tests/crash/held_leases.h"
#include "tests/crash/tasks.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// How long a stream listens before it looks at the phase of the run again.
constexpr auto kListen = 50ms;
// How often one who puts until it is refused is refused.
constexpr int kRefusals = 20;

std::shared_ptr<grpc::Channel> new_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Back soon after the server.
  for (const char* name :
       {GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS}) {
    arguments.SetInt(name, 100);
  }
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// Empty when the server said nothing about the end.
std::string reason_of(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  const bool told = details.ParseFromString(status.error_details()) && details.details_size() == 1;
  return told && details.details(0).UnpackTo(&info) ? info.reason() : "";
}

// What both kinds of clients have.
class Streamer {
 protected:
  Streamer(const Scene& scene, std::uint64_t seed)
      : recorder_(scene.recorder), dice_(seed), stub_(v1::QueueService::NewStub(new_channel(scene.address))) {}

  void wait_for_the_server(std::uint64_t life) { recorder_.wait_for_life_after(life, 200ms); }

  Recorder& recorder_;
  Dice dice_;
  const std::unique_ptr<v1::QueueService::Stub> stub_;
};

// --- Produce ---

using ProduceCall = Duplex<v1::ProduceRequest, v1::ProduceResponse>;

class StreamingProducer : Streamer {
 public:
  StreamingProducer(const Scene& scene, const Producer& part, std::uint64_t seed)
      : Streamer(scene, seed), part_(part), tasks_(part) {}

  void run() {
    while (goes_on()) stream();
  }

 private:
  [[nodiscard]] bool goes_on() const {
    return part_.until_closed ? !recorder_.finished() && refusals_ < kRefusals : recorder_.producing();
  }

  void stream() {
    const std::uint64_t life = recorder_.life();
    ProduceCall call([&](auto* context, auto* queue) { return stub_->PrepareAsyncProduce(context, queue); });
    acknowledged_ = 0;
    messages_left_ = dice_.roll(1, 60);
    const bool vanishes = dice_.percent(20);
    const std::uint32_t window = dice_.roll(1, 4 * part_.max_batch);
    while (true) {
      if (recorder_.finished()) call.cancel();
      if (call.ready()) speak(call, window, vanishes);
      const auto event = call.next(system_clock::now() + kListen);
      if (event == ProduceCall::Event::kAnswer) acknowledge(call.answer());
      if (event == ProduceCall::Event::kOver) break;
    }
    end(call.status(), life);
  }

  void speak(ProduceCall& call, std::uint32_t window, bool vanishes) {
    if (messages_left_ == 0 && vanishes) return call.cancel();
    if (messages_left_ == 0 || !goes_on()) return call.half_close();
    if (owed_.size() >= window) return;
    v1::ProduceRequest request;
    if (std::exchange(first_, false)) request.set_queue(part_.queue);
    const std::uint32_t count = dice_.roll(1, part_.max_batch);
    for (std::uint32_t i = 0; i < count; ++i) add_item(request);
    --messages_left_;
    call.write(request);
  }

  void add_item(v1::ProduceRequest& request) {
    Task task = tasks_.next(dice_);
    Operation operation{.kind = Kind::kPut, .actor = part_.name, .queue = part_.queue, .streamed = true};
    for (const std::string& value : task.values) operation.pieces.push_back({part_.queue, value});
    owed_.push_back(recorder_.begin(std::move(operation)));
    v1::NewItem& item = *request.add_items();
    item.set_payload(std::move(task.payload));
    (*item.mutable_attributes())["sleep"] = std::move(task.sleep);
    item.set_priority(task.priority);
    if (task.delay > 0ms) item.mutable_delay()->set_nanos(static_cast<std::int32_t>(task.delay.count()) * 1'000'000);
  }

  void acknowledge(const v1::ProduceResponse& response) {
    for (; acknowledged_ < response.acknowledged(); ++acknowledged_) {
      if (owed_.empty()) return note_surplus();
      recorder_.end(owed_.front(), Outcome::kOk);
      owed_.pop_front();
    }
  }
  // Acknowledged, and never sent: a value that nobody will ever see, which the checker finds.
  void note_surplus() {
    recorder_.note({.kind = Kind::kPut,
                    .actor = part_.name,
                    .queue = part_.queue,
                    .pieces = {{part_.queue, part_.name + ".never-sent"}},
                    .streamed = true});
  }

  // Who was told why is told that nothing happened to the rest, unless it is the store that failed.
  void end(const grpc::Status& status, std::uint64_t life) {
    const std::string reason = reason_of(status);
    const bool refused = !reason.empty() && reason != "STORE_FAILED";
    for (const auto id : std::exchange(owed_, {})) {
      if (status.ok()) {
        recorder_.end_owed(id);
      } else {
        recorder_.end(id, refused ? Outcome::kRefused : Outcome::kUnknown, reason.empty() ? status.error_message() : reason);
      }
    }
    first_ = true;
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) wait_for_the_server(life);
    if (reason != "QUEUE_CLOSED") return;
    ++refusals_;
    recorder_.pause(20ms);
  }

  const Producer& part_;
  TaskMaker tasks_;
  int refusals_ = 0;
  // Of the stream:
  bool first_ = true;
  std::uint32_t messages_left_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::deque<Recorder::Id> owed_;
};

// --- Consume ---

using ConsumeCall = Duplex<v1::ConsumeRequest, v1::ConsumeResponse>;

class StreamingConsumer : Streamer {
 public:
  StreamingConsumer(const Scene& scene, const Consumer& part, std::uint64_t seed)
      : Streamer(scene, seed), part_(part), held_(scene.recorder, part) {}

  void run() {
    while (!recorder_.finished() && !at_end_) stream();
  }

 private:
  // How the client will end the stream.
  enum class Manner {
    kLeave,      // says so, and gives back what it holds
    kHalfClose,  // with what it holds in its hands
    kVanish,
  };

  void stream() {
    const std::uint64_t life = recorder_.life();
    held_.start();
    ConsumeCall call([&](auto* context, auto* queue) { return stub_->PrepareAsyncConsume(context, queue); });
    first_ = true;
    leaving_ = false;
    messages_left_ = dice_.roll(5, 100);
    manner_ = manner();
    while (true) {
      if (recorder_.finished()) call.cancel();
      if (call.ready()) speak(call);
      const auto listen_until = system_clock::now() + kListen;
      const auto event = call.next(call.ready() ? std::min(held_.next_due(), listen_until) : listen_until);
      if (event == ConsumeCall::Event::kAnswer) hear(call.answer());
      if (event == ConsumeCall::Event::kOver) break;
    }
    const bool in_order = call.status().ok();
    held_.end(in_order, reason_of(call.status()));
    if (!in_order) at_end_ = false;
    if (call.status().error_code() == grpc::StatusCode::UNAVAILABLE) wait_for_the_server(life);
  }

  Manner manner() {
    if (life_ != recorder_.life()) vanished_ = 0;
    life_ = recorder_.life();
    if (part_.troubled && dice_.percent(40) && vanished_ < Consumer::kMaxVanished) {
      ++vanished_;
      return Manner::kVanish;
    }
    return part_.troubled && dice_.percent(40) ? Manner::kHalfClose : Manner::kLeave;
  }

  void hear(const v1::ConsumeResponse& response) {
    held_.hear(response, dice_);
    at_end_ = at_end_ || response.end_of_queue();
  }

  void speak(ConsumeCall& call) {
    if (leaving_) return call.half_close();
    if (messages_left_ == 0) return leave(call);
    if (at_end_ && held_.empty()) return call.half_close();
    v1::ConsumeRequest request = held_.due(dice_);
    const bool news = first_ || request.ByteSizeLong() > 0;
    if (std::exchange(first_, false)) {
      request.set_queue(part_.queue);
      request.set_consumer(part_.name);
    }
    if (news && (dice_.percent(30) || messages_left_ % 8 == 0)) request.set_max_items(dice_.roll(1, part_.max_batch));
    if (news && dice_.percent(10)) request.set_max_bytes(dice_.roll(1, 20'000));
    if (!news) return;
    --messages_left_;
    call.write(request);
  }

  void leave(ConsumeCall& call) {
    switch (manner_) {
      case Manner::kLeave: {
        v1::ConsumeRequest last;
        last.set_leaving(true);
        leaving_ = true;
        held_.give_back();
        return call.write(last);
      }
      case Manner::kHalfClose:
        held_.lose();
        return call.half_close();
      case Manner::kVanish:
        held_.lose();
        return call.cancel();
    }
  }

  const Consumer& part_;
  HeldLeases held_;
  std::uint64_t life_ = 0;
  std::uint32_t vanished_ = 0;
  bool at_end_ = false;
  // Of the stream:
  Manner manner_ = Manner::kLeave;
  bool first_ = true;
  bool leaving_ = false;
  std::uint32_t messages_left_ = 0;
};

}  // namespace

void produce_streamed(const Scene& scene, const Producer& part, std::uint64_t seed) {
  StreamingProducer(scene, part, seed).run();
}
void consume_streamed(const Scene& scene, const Consumer& part, std::uint64_t seed) {
  StreamingConsumer(scene, part, seed).run();
}

}  // namespace sluice::crash
