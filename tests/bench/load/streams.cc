#include "tests/bench/load/streams.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include "sluice/v1/queue_service.grpc.pb.h"

namespace sluice::bench {
namespace {

// Waits for several streams to end.
class Finish {
 public:
  explicit Finish(int streams) : open_(streams) {}
  void ended(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status.ok() && error_.empty()) error_ = status.error_message();
    --open_;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ == 0; });
    if (!error_.empty()) throw std::runtime_error(error_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_;
  std::string error_;
};

class ProducerStream final : public grpc::ClientBidiReactor<v1::ProduceRequest, v1::ProduceResponse> {
 public:
  ProducerStream(const std::string& address, const StreamLoad& load, Finish& finish)
      : load_(load), finish_(finish), stub_(v1::QueueService::NewStub(new_channel(address))) {
    const std::string payload(load.payload_bytes, 'x');
    for (std::uint32_t i = 0; i < load.batch; ++i) full_.add_items()->set_payload(payload);
    first_.set_queue(load.queue);
    stub_->async()->Produce(&context_, this);
    writing_ = true;
    StartWrite(&first_);
    StartRead(&response_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) write();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      const std::lock_guard lock(mutex_);
      acknowledged_ = response_.acknowledged();
      write();
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override { finish_.ended(status); }

 private:
  // Whatever the window allows, once half a batch is allowed: who waits for a full queue sends no crumbs.
  void write() {
    if (writing_ || closed_) return;
    if (sent_ == load_.jobs) {
      closed_ = true;
      StartWritesDone();
      return;
    }
    const std::uint64_t allowed = load_.window - (sent_ - acknowledged_);
    const std::uint64_t n = std::min({std::uint64_t{load_.batch}, allowed, load_.jobs - sent_});
    if (n == 0) return;
    writing_ = true;
    sent_ += n;
    if (n == load_.batch) return StartWrite(&full_);
    part_.Clear();
    for (std::uint64_t i = 0; i < n; ++i) *part_.add_items() = full_.items(0);
    StartWrite(&part_);
  }

  const StreamLoad load_;
  Finish& finish_;
  std::unique_ptr<v1::QueueService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ProduceRequest first_;
  v1::ProduceRequest full_;
  v1::ProduceRequest part_;
  v1::ProduceResponse response_;
  std::mutex mutex_;
  bool writing_ = false;
  bool closed_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

// Ends whatever it gets, until `total` jobs have ended over all consumers; the last one tells the others to stop.
class ConsumerStream final : public grpc::ClientBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse> {
 public:
  ConsumerStream(const std::string& address, const StreamLoad& load, Finish& finish, std::atomic<std::uint64_t>& left)
      : finish_(finish), left_(left), stub_(v1::QueueService::NewStub(new_channel(address))) {
    sending_.set_queue(load.queue);
    sending_.set_max_items(load.credit);
    stub_->async()->Consume(&context_, this);
    writing_ = true;
    StartWrite(&sending_);
    StartRead(&response_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) write();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& item : response_.items()) next_.add_done(item.lease_token());
      ended_ += static_cast<std::uint64_t>(response_.ended_size());
      over_ = over_ || response_.end_of_queue();
      write();
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    left_ -= ended_;
    finish_.ended(status);
  }

 private:
  void write() {
    if (writing_ || closed_) return;
    if (next_.done_size() > 0) {
      writing_ = true;
      told_ += static_cast<std::uint64_t>(next_.done_size());
      sending_.Clear();
      sending_.Swap(&next_);
      StartWrite(&sending_);
    } else if (over_ && told_ == ended_) {
      closed_ = true;
      StartWritesDone();
    }
  }

  Finish& finish_;
  std::atomic<std::uint64_t>& left_;
  std::unique_ptr<v1::QueueService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ConsumeRequest sending_;
  v1::ConsumeRequest next_;
  v1::ConsumeResponse response_;
  std::mutex mutex_;
  bool writing_ = false;
  bool closed_ = false;
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

std::uint64_t run(const std::string& address, const StreamLoad& load) {
  const std::uint64_t total = load.jobs * static_cast<std::uint64_t>(load.producers);
  std::atomic<std::uint64_t> left = total;
  Finish produced(load.producers);
  Finish consumed(load.consumers);
  std::vector<std::unique_ptr<ConsumerStream>> consumers;
  std::vector<std::unique_ptr<ProducerStream>> producers;
  for (int i = 0; i < load.consumers; ++i) {
    consumers.push_back(std::make_unique<ConsumerStream>(address, load, consumed, left));
  }
  for (int i = 0; i < load.producers; ++i) producers.push_back(std::make_unique<ProducerStream>(address, load, produced));
  produced.wait();
  close(address, load.queue);
  consumed.wait();
  if (left != 0) throw std::runtime_error("not every job was seen to its end");
  return total;
}

}  // namespace sluice::bench
