#include "tests/bench/load/steps.h"

#include <memory>
#include <mutex>
#include <vector>

#include <grpcpp/support/client_callback.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/finish.h"
#include "tests/bench/load/streams.h"

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kCapacity = 100;

// One client. The next job is put once the one before is known to be both put and ended.
class Steps {
 public:
  Steps(const std::string& address, Clock::time_point end, Finish& finish)
      : address_(address), queue_(new_queue(address, kCapacity)), end_(end), finish_(finish) {
    request_.set_queue(queue_);
    request_.add_items()->set_payload(std::string(100, 'x'));
    done_.set_queue(queue_);
    done_.set_max_items(1);
    stub_->async()->Consume(&consumer_.context, &consumer_);
    stub_->async()->Produce(&producer_.context, &producer_);
  }
  ~Steps() { delete_queue(address_, queue_); }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  void start() {
    for_both([](auto& stream) {
      stream.StartRead(&stream.response);
      stream.StartCall();
    });
    const std::lock_guard lock(mutex_);
    for_both([this](auto& stream) { say(stream); });
  }
  [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

 private:
  template <class Request, class Response>
  struct Stream : grpc::ClientBidiReactor<Request, Response> {
    Stream(Steps& all, Request& what) : steps(all), request(what) {}
    void OnWriteDone(bool ok) final {
      const std::lock_guard lock(steps.mutex_);
      writing = false;
      if (ok) steps.write(*this);
    }
    void OnReadDone(bool ok) final {
      if (!ok) return;
      {
        const std::lock_guard lock(steps.mutex_);
        steps.take(response);
      }
      this->StartRead(&response);
    }
    void OnDone(const grpc::Status& status) final { steps.finish_.ended(status); }

    Steps& steps;
    Request& request;
    grpc::ClientContext context;
    Response response;
    bool to_say = false;
    bool writing = false;
    bool closed = false;
  };

  // The answer to a message may come before the message counts as written.
  template <class AnyStream>
  void say(AnyStream& stream) {
    stream.to_say = true;
    write(stream);
  }
  template <class AnyStream>
  void write(AnyStream& stream) {
    if (stream.writing || stream.closed) return;
    if (stream.to_say) {
      stream.to_say = false;
      stream.writing = true;
      stream.StartWrite(&stream.request);
    } else if (over_) {
      stream.closed = true;
      stream.StartWritesDone();
    }
  }
  template <class Action>
  void for_both(Action action) {
    action(consumer_);
    action(producer_);
  }

  void take(const v1::ProduceResponse&) { half(); }
  void take(const v1::ConsumeResponse& response) {
    if (response.items_size() > 0) {
      done_.Clear();
      done_.add_done(response.items(0).lease_token());
      say(consumer_);
    }
    if (response.ended_size() > 0) half();
  }
  // The present job is put, or is ended; after both comes the next.
  void half() {
    if (++halves_ % 2 != 0) return;
    ++jobs_;
    if (Clock::now() < end_) return say(producer_);
    over_ = true;
    for_both([this](auto& stream) { write(stream); });
  }

  const std::string address_;
  const std::string queue_;
  const Clock::time_point end_;
  Finish& finish_;
  std::unique_ptr<v1::QueueService::Stub> stub_ = v1::QueueService::NewStub(new_channel(address_));
  v1::ProduceRequest request_;
  v1::ConsumeRequest done_;
  std::mutex mutex_;
  std::uint64_t halves_ = 0;
  std::uint64_t jobs_ = 0;
  bool over_ = false;
  Stream<v1::ProduceRequest, v1::ProduceResponse> producer_{*this, request_};
  Stream<v1::ConsumeRequest, v1::ConsumeResponse> consumer_{*this, done_};
};

}  // namespace

std::uint64_t run_steps(const std::string& address, int connections, std::chrono::milliseconds time) {
  Finish finish(2 * connections);
  std::vector<std::unique_ptr<Steps>> clients;
  const auto end = Clock::now() + time;
  for (int i = 0; i < connections; ++i) clients.push_back(std::make_unique<Steps>(address, end, finish));
  for (auto& client : clients) client->start();
  finish.wait();
  std::uint64_t jobs = 0;
  for (const auto& client : clients) jobs += client->jobs();
  return jobs;
}

}  // namespace sluice::bench
