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
    consumer_.StartWrite(&done_);
    consumer_.StartRead(&consumer_.response);
    consumer_.StartCall();
    producer_.StartWrite(&request_);
    producer_.StartRead(&producer_.response);
    producer_.StartCall();
  }
  [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

 private:
  struct Producer final : grpc::ClientBidiReactor<v1::ProduceRequest, v1::ProduceResponse> {
    explicit Producer(Steps& all) : steps(all) {}
    void OnReadDone(bool ok) override {
      if (!ok) return;
      steps.half();
      StartRead(&response);
    }
    void OnDone(const grpc::Status& status) override { steps.finish_.ended(status); }

    Steps& steps;
    grpc::ClientContext context;
    v1::ProduceResponse response;
  };

  struct Consumer final : grpc::ClientBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse> {
    explicit Consumer(Steps& all) : steps(all) {}
    void OnReadDone(bool ok) override {
      if (!ok) return;
      const bool ended = response.ended_size() > 0;
      if (response.items_size() > 0) {
        steps.done_.Clear();
        steps.done_.add_done(response.items(0).lease_token());
        StartWrite(&steps.done_);
      }
      StartRead(&response);
      if (ended) steps.half();
    }
    void OnDone(const grpc::Status& status) override { steps.finish_.ended(status); }

    Steps& steps;
    grpc::ClientContext context;
    v1::ConsumeResponse response;
  };

  // The present job is put, or is ended; after both comes the next.
  void half() {
    const std::lock_guard lock(mutex_);
    if (++halves_ % 2 != 0) return;
    ++jobs_;
    if (Clock::now() < end_) return producer_.StartWrite(&request_);
    producer_.StartWritesDone();
    consumer_.StartWritesDone();
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
  Producer producer_{*this};
  Consumer consumer_{*this};
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
