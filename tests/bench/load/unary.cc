#include "tests/bench/load/unary.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/streams.h"

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Shared {
  Clock::time_point end;
  std::atomic<std::uint64_t> done = 0;
  std::mutex mutex;
  std::condition_variable changed;
  int open = 0;
  std::string error;
};

// One call at a time, the next from the answer of the one before.
class Caller {
 public:
  Caller(const UnaryLoad& load, const std::shared_ptr<grpc::Channel>& channel, Shared& shared)
      : load_(load), shared_(shared), queues_(v1::QueueService::NewStub(channel)), generic_(channel) {
    put_.set_queue(load.queue);
    put_.add_items()->set_payload(std::string(100, 'x'));
    get_.set_queue(load.queue);
    complete_.set_queue(load.queue);
    complete_.add_completions();
    std::string bytes = put_.SerializeAsString();
    grpc::Slice slice(bytes);
    echo_ = grpc::ByteBuffer(&slice, 1);
  }

  void next() {
    context_ = std::make_unique<grpc::ClientContext>();
    switch (load_.call) {
      case UnaryCall::kEcho:
        generic_.UnaryCall(context_.get(), "/bench/Echo", {}, &echo_, &echoed_, [this](const grpc::Status& s) { over(s); });
        break;
      case UnaryCall::kPut:
        queues_->async()->Put(context_.get(), &put_, &put_done_, [this](const grpc::Status& s) { over(s); });
        break;
      case UnaryCall::kLifecycle:
        queues_->async()->Put(context_.get(), &put_, &put_done_, [this](const grpc::Status& s) { s.ok() ? get() : over(s); });
    }
  }

 private:
  void get() {
    context_ = std::make_unique<grpc::ClientContext>();
    queues_->async()->Get(context_.get(), &get_, &got_, [this](const grpc::Status& s) { s.ok() ? complete() : over(s); });
  }
  void complete() {
    complete_.mutable_completions(0)->set_lease_token(got_.items(0).lease_token());
    context_ = std::make_unique<grpc::ClientContext>();
    queues_->async()->Complete(context_.get(), &complete_, &completed_, [this](const grpc::Status& s) { over(s); });
  }
  void over(const grpc::Status& status) {
    if (status.ok()) ++shared_.done;
    if (status.ok() && Clock::now() < shared_.end) return next();
    const std::lock_guard lock(shared_.mutex);
    if (!status.ok()) shared_.error = status.error_message();
    --shared_.open;
    shared_.changed.notify_all();
  }

  const UnaryLoad& load_;
  Shared& shared_;
  std::unique_ptr<v1::QueueService::Stub> queues_;
  grpc::GenericStub generic_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::PutRequest put_;
  v1::PutResponse put_done_;
  v1::GetRequest get_;
  v1::GetResponse got_;
  v1::CompleteRequest complete_;
  v1::CompleteResponse completed_;
  grpc::ByteBuffer echo_;
  grpc::ByteBuffer echoed_;
};

}  // namespace

std::uint64_t run(const std::string& address, const UnaryLoad& load) {
  Shared shared;
  shared.end = Clock::now() + load.time;
  shared.open = load.callers;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < load.connections; ++i) channels.push_back(new_channel(address));
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < load.callers; ++i) {
    callers.push_back(std::make_unique<Caller>(load, channels[static_cast<std::size_t>(i % load.connections)], shared));
  }
  for (auto& caller : callers) caller->next();
  std::unique_lock lock(shared.mutex);
  shared.changed.wait(lock, [&] { return shared.open == 0; });
  if (!shared.error.empty()) throw std::runtime_error(shared.error);
  return shared.done;
}

}  // namespace sluice::bench
