#include "tests/bench/load/streams.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/load_stream.h"

namespace sluice::bench {
namespace {

class Producer final : public ProduceStream {
 public:
  Producer(const std::string& address, const StreamLoad& load, Finish& finish) : ProduceStream(address, finish), load_(load) {
    const std::string payload(load.payload_bytes, 'x');
    for (std::uint32_t i = 0; i < load.batch; ++i) full_.add_items()->set_payload(payload);
    first_.set_queue(load.queue);
    stub()->Produce(&context_, this);
    start();
  }

 private:
  void take(const v1::ProduceResponse& response) override { acknowledged_ = response.acknowledged(); }
  bool over() const override { return sent_ == load_.jobs; }
  // Whatever the window allows.
  const v1::ProduceRequest* next() override {
    if (!begun_) {
      begun_ = true;
      return &first_;
    }
    const std::uint64_t allowed = load_.window - (sent_ - acknowledged_);
    const std::uint64_t n = std::min({std::uint64_t{load_.batch}, allowed, load_.jobs - sent_});
    if (n == 0) return nullptr;
    sent_ += n;
    if (n == load_.batch) return &full_;
    part_.Clear();
    for (std::uint64_t i = 0; i < n; ++i) *part_.add_items() = full_.items(0);
    return &part_;
  }

  const StreamLoad load_;
  v1::ProduceRequest first_;
  v1::ProduceRequest full_;
  v1::ProduceRequest part_;
  bool begun_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

// Ends whatever it gets, until the end of the queue.
class Consumer final : public ConsumeStream {
 public:
  Consumer(const std::string& address, const StreamLoad& load, Finish& finish) : ConsumeStream(address, finish) {
    next_.set_queue(load.queue);
    next_.set_max_items(load.credit);
    stub()->Consume(&context_, this);
    start();
  }
  // Once it has finished.
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

 private:
  void take(const v1::ConsumeResponse& response) override {
    for (const auto& item : response.items()) next_.add_done(item.lease_token());
    ended_ += static_cast<std::uint64_t>(response.ended_size());
    over_ = over_ || response.end_of_queue();
  }
  bool over() const override { return over_ && told_ == ended_; }
  const v1::ConsumeRequest* next() override {
    if (next_.done_size() == 0 && next_.max_items() == 0) return nullptr;
    told_ += static_cast<std::uint64_t>(next_.done_size());
    sending_.Clear();
    sending_.Swap(&next_);
    return &sending_;
  }

  v1::ConsumeRequest sending_;
  v1::ConsumeRequest next_;
  bool over_ = false;
  std::uint64_t told_ = 0;
  std::uint64_t ended_ = 0;
};

void close(const std::string& address, const std::string& queue) {
  const auto stub = v1::QueueService::NewStub(new_channel(address));
  grpc::ClientContext context;
  v1::CloseQueueRequest request;
  request.set_queue(queue);
  v1::CloseQueueResponse response;
  const auto status = stub->CloseQueue(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

}  // namespace

std::shared_ptr<grpc::Channel> new_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string new_queue(const std::string& address, std::uint32_t capacity) { return new_queue(new_channel(address), capacity); }

std::string new_queue(const std::shared_ptr<grpc::Channel>& channel, std::uint32_t capacity) {
  static std::atomic<int> number = 0;
  const auto stub = v1::QueueService::NewStub(channel);
  grpc::ClientContext context;
  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name("bench" + std::to_string(++number));
  request.mutable_queue()->mutable_settings()->set_capacity(capacity);
  v1::CreateQueueResponse response;
  const auto status = stub->CreateQueue(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(status.error_message());
  return request.queue().name();
}

void delete_queue(const std::string& address, const std::string& queue) {
  const auto stub = v1::QueueService::NewStub(new_channel(address));
  grpc::ClientContext context;
  v1::DeleteQueueRequest request;
  request.set_queue(queue);
  request.set_force(true);
  v1::DeleteQueueResponse response;
  const auto status = stub->DeleteQueue(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

std::uint64_t run(const std::string& address, const StreamLoad& load) {
  Finish consumed(load.consumers);
  std::vector<std::unique_ptr<Consumer>> consumers;
  for (int i = 0; i < load.consumers; ++i) consumers.push_back(std::make_unique<Consumer>(address, load, consumed));
  const std::uint64_t total = put_only(address, load);
  close(address, load.queue);
  consumed.wait();
  std::uint64_t ended = 0;
  for (const auto& consumer : consumers) ended += consumer->ended();
  if (ended != total) throw std::runtime_error("not every job was seen to its end");
  return total;
}

std::uint64_t put_only(const std::string& address, const StreamLoad& load) {
  Finish produced(load.producers);
  std::vector<std::unique_ptr<Producer>> producers;
  for (int i = 0; i < load.producers; ++i) producers.push_back(std::make_unique<Producer>(address, load, produced));
  produced.wait();
  return load.jobs * static_cast<std::uint64_t>(load.producers);
}

}  // namespace sluice::bench
