#include <algorithm>
#include <chrono>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/crash/duplex.h"
#include "tests/crash/held_leases.h"
#include "tests/crash/streamer.h"
#include "tests/crash/streaming.h"

namespace sluice::crash {
namespace {

using std::chrono::system_clock;

// How each of the two calls is made.
auto prepare(v1::QueueService::Stub& stub, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
  return stub.PrepareAsyncConsume(context, queue);
}
auto prepare(v1::PipelineService::Stub& stub, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
  return stub.PrepareAsyncWork(context, queue);
}

template <class Service, class Kind>
class StreamingConsumer : Streamer<Service> {
  using Base = Streamer<Service>;
  using Call = Duplex<typename Kind::Request, typename Kind::Response>;
  using Event = typename Call::Event;

 public:
  StreamingConsumer(const Scene& scene, const Consumer& part, std::uint64_t seed)
      : Base(scene, seed), part_(part), held_(scene.recorder, part) {}

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
    Call call([&](auto* context, auto* queue) { return prepare(*stub_, context, queue); });
    first_ = true;
    leaving_ = false;
    messages_left_ = dice_.roll(5, 100);
    manner_ = manner();
    while (true) {
      if (recorder_.finished()) call.cancel();
      if (call.ready()) speak(call);
      const auto listen_until = system_clock::now() + kListen;
      const auto event = call.next(call.ready() ? std::min(held_.next_due(), listen_until) : listen_until);
      if (event == Event::kAnswer) hear(call.answer());
      if (event == Event::kOver) break;
    }
    const bool in_order = call.status().ok();
    held_.end(in_order, reason_of(call.status()));
    if (!in_order) at_end_ = false;
    if (call.status().error_code() == grpc::StatusCode::UNAVAILABLE) this->wait_for_the_server(life);
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

  void hear(const typename Kind::Response& response) {
    held_.hear(response, dice_);
    at_end_ = at_end_ || Kind::at_end(response);
  }

  void speak(Call& call) {
    if (leaving_) return call.half_close();
    if (messages_left_ == 0) return leave(call);
    if (at_end_ && held_.empty()) return call.half_close();
    typename Kind::Request request = held_.due(dice_);
    const bool news = first_ || request.ByteSizeLong() > 0;
    if (std::exchange(first_, false)) Kind::introduce(part_, request);
    if (news && (dice_.percent(30) || messages_left_ % 8 == 0)) request.set_max_items(dice_.roll(1, part_.max_batch));
    if (news && dice_.percent(10)) request.set_max_bytes(dice_.roll(1, 20'000));
    if (!news) return;
    --messages_left_;
    call.write(request);
  }

  void leave(Call& call) {
    switch (manner_) {
      case Manner::kLeave: {
        typename Kind::Request last;
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

  using Base::dice_;
  using Base::recorder_;
  using Base::stub_;

  const Consumer& part_;
  HeldLeases<Kind> held_;
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

void consume_streamed(const Scene& scene, const Consumer& part, std::uint64_t seed) {
  if (part.attached) return StreamingConsumer<v1::PipelineService, WorkKind>(scene, part, seed).run();
  StreamingConsumer<v1::QueueService, ConsumeKind>(scene, part, seed).run();
}

}  // namespace sluice::crash
