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

constexpr std::uint64_t kToken = 1'000'000;  // as long as real ones

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
  Caller(const UnaryLoad& load, std::size_t number, const std::shared_ptr<grpc::Channel>& channel, Shared& shared)
      : load_(load), shared_(shared), queue_(number), queues_(v1::QueueService::NewStub(channel)), generic_(channel) {
    put_.add_items()->set_payload(std::string(100, 'x'));
    complete_.add_completions();
  }

  void next() {
    const auto& queue = load_.queues[queue_++ % load_.queues.size()];
    put_.set_queue(queue);
    get_.set_queue(queue);
    complete_.set_queue(queue);
    context_ = std::make_unique<grpc::ClientContext>();
    switch (load_.call) {
      case UnaryCall::kEcho:
        echo(put_, [this](const grpc::Status& s) { over(s); });
        break;
      case UnaryCall::kEchoLifecycle:
        echo_lifecycle();
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
  template <class Message, class Then>
  void echo(const Message& message, Then then) {
    const grpc::Slice slice(message.SerializeAsString());
    echo_ = grpc::ByteBuffer(&slice, 1);
    generic_.UnaryCall(context_.get(), "/bench/Echo", {}, &echo_, &echoed_, std::move(then));
  }
  // The item goes in with the first call and, in the lifecycle, comes out with the second; here it does both in the first.
  void echo_lifecycle() {
    echo(put_, [this](const grpc::Status& s) {
      if (!s.ok()) return over(s);
      context_ = std::make_unique<grpc::ClientContext>();
      echo(get_, [this](const grpc::Status& t) { t.ok() ? echo_complete() : over(t); });
    });
  }
  void echo_complete() {
    complete_.mutable_completions(0)->set_lease_token(kToken);
    context_ = std::make_unique<grpc::ClientContext>();
    echo(complete_, [this](const grpc::Status& s) { over(s); });
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
  std::size_t queue_;
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
    const auto& channel = channels[static_cast<std::size_t>(i % load.connections)];
    callers.push_back(std::make_unique<Caller>(load, static_cast<std::size_t>(i), channel, shared));
  }
  for (auto& caller : callers) caller->next();
  std::unique_lock lock(shared.mutex);
  shared.changed.wait(lock, [&] { return shared.open == 0; });
  if (!shared.error.empty()) throw std::runtime_error(shared.error);
  return shared.done;
}

}  // namespace sluice::bench
