// A bare gRPC server: what every gRPC message costs, whatever the server does with it. Prints "listening grpc HOST:PORT" and
// "ready" as sluiced does, and runs until it is killed.
#include <cstdio>
#include <memory>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>

#include "absl/synchronization/mutex.h"

namespace {

class Echo final : public grpc::ServerGenericBidiReactor {
 public:
  Echo() { StartRead(&bytes_); }
  void OnReadDone(bool ok) override { ok ? StartWriteAndFinish(&bytes_, {}, grpc::Status::OK) : Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer bytes_;
};

class Service final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override { return new Echo; }
};

}  // namespace

int main() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Service service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("listening grpc 127.0.0.1:%d\nready\n", port);
  std::fflush(stdout);
  server->Wait();
}
