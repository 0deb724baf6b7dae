#include <chrono>
#include <deque>
#include <string>
#include <utility>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/crash/duplex.h"
#include "tests/crash/streamer.h"
#include "tests/crash/streaming.h"
#include "tests/crash/tasks.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// How often one who puts until it is refused is refused.
constexpr int kRefusals = 20;

using ProduceCall = Duplex<v1::ProduceRequest, v1::ProduceResponse>;

class StreamingProducer : Streamer<v1::QueueService> {
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
    operation.pieces = pieces_of(task, part_.queue);
    owed_.push_back(recorder_.begin(std::move(operation)));
    v1::NewItem& item = *request.add_items();
    item.set_payload(std::move(task.payload));
    (*item.mutable_attributes())["sleep"] = std::move(task.sleep);
    item.set_priority(task.priority);
    if (task.delay > 0ms) set(*item.mutable_delay(), task.delay);
    if (task.time_to_live > 0ms) set(*item.mutable_time_to_live(), task.time_to_live);
  }

  // Less than a second.
  static void set(google::protobuf::Duration& duration, std::chrono::milliseconds time) {
    duration.set_nanos(static_cast<std::int32_t>(time.count()) * 1'000'000);
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

}  // namespace

void produce_streamed(const Scene& scene, const Producer& part, std::uint64_t seed) {
  StreamingProducer(scene, part, seed).run();
}

}  // namespace sluice::crash
