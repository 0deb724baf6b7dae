// The bare prototype: Produce and Consume of the same messages over gRPC, with a deque where sluiced has an engine. What it
// reaches is the limit of this wire on this machine. With --log FILE a put and an end are answered only when they stand in a
// file, with one fdatasync for all that has gathered, which is the limit of what is synced. It checks nothing, bounds nothing
// and forgets nothing but what was ended; it is started by benches and killed by them. A Get it holds for ever: what a call
// that waits costs gRPC.
//
// Prints "listening grpc HOST:PORT" and "ready" as sluiced does.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include <grpcpp/server_builder.h>

#include "absl/synchronization/mutex.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/bare_log.h"
#include "tests/bench/load/bare_queue.h"

namespace {

using sluice::bench::BareLog;
using sluice::bench::BareQueue;
namespace v1 = sluice::v1;

// A get that is never answered: it ends when the client gives it up.
class HeldGet final : public grpc::ServerUnaryReactor {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

class Service final : public v1::QueueService::WithRawCallbackMethod_Get<v1::QueueService::CallbackService> {
 public:
  explicit Service(const char* log) : log_(log) {}

  grpc::ServerUnaryReactor* CreateQueue(grpc::CallbackServerContext* context, const v1::CreateQueueRequest* request,
                                        v1::CreateQueueResponse*) override {
    queue(request->queue().name());
    return ok(context);
  }
  grpc::ServerUnaryReactor* CloseQueue(grpc::CallbackServerContext* context, const v1::CloseQueueRequest* request,
                                       v1::CloseQueueResponse*) override {
    queue(request->queue()).close();
    return ok(context);
  }
  grpc::ServerUnaryReactor* DeleteQueue(grpc::CallbackServerContext* context, const v1::DeleteQueueRequest*,
                                        v1::DeleteQueueResponse*) override {
    return ok(context);
  }
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext*, const grpc::ByteBuffer*, grpc::ByteBuffer*) override {
    ++held_gets_;
    return new HeldGet;
  }
  // How many gets it holds, and nothing else.
  grpc::ServerUnaryReactor* GetQueue(grpc::CallbackServerContext* context, const v1::GetQueueRequest*,
                                     v1::GetQueueResponse* response) override {
    response->mutable_queue()->set_waiting_gets(held_gets_);
    return ok(context);
  }
  grpc::ServerBidiReactor<v1::ProduceRequest, v1::ProduceResponse>* Produce(grpc::CallbackServerContext*) override {
    return sluice::bench::new_bare_producer([this](const std::string& name) -> BareQueue& { return queue(name); });
  }
  grpc::ServerBidiReactor<v1::ConsumeRequest, v1::ConsumeResponse>* Consume(grpc::CallbackServerContext*) override {
    return sluice::bench::new_bare_consumer([this](const std::string& name) -> BareQueue& { return queue(name); });
  }

 private:
  static grpc::ServerUnaryReactor* ok(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  BareQueue& queue(const std::string& name) {
    const absl::MutexLock lock(&mutex_);
    auto& queue = queues_[name];
    if (queue == nullptr) queue = std::make_unique<BareQueue>(log_);
    return *queue;
  }

  BareLog log_;
  std::atomic<std::uint64_t> held_gets_ = 0;
  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<BareQueue>> queues_;
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const char* log = nullptr;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--log") == 0) log = argv[i + 1];
  }
  Service service(log);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(-1);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("listening grpc 127.0.0.1:%d\nready\n", port);
  std::fflush(stdout);
  server->Wait();
}
