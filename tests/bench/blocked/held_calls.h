// Many unary calls that a server does not answer yet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

namespace sluice::bench {

using Clock = std::chrono::steady_clock;

grpc::ByteBuffer bytes_of(const google::protobuf::MessageLite& message);

class HeldCalls {
 public:
  // Connects, so that connections do not count as calls.
  HeldCalls(const std::string& address, int connections);
  // Gives up every call.
  ~HeldCalls();
  HeldCalls(const HeldCalls&) = delete;
  HeldCalls& operator=(const HeldCalls&) = delete;

  // Makes `count` calls more, spread over the connections.
  void make(int count, const std::string& method, const google::protobuf::MessageLite& request);

  // Waits for an answer, whose call was made anew at once, and says when it came. Throws std::runtime_error when none comes, or
  // an error.
  Clock::time_point next_answer();

 private:
  struct Call {
    grpc::GenericStub* stub = nullptr;
    std::string method;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
    std::unique_ptr<grpc::ClientContext> context;
  };
  void start(Call& call);
  void over(Call& call, const grpc::Status& status);

  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::deque<Call> calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Clock::time_point> answers_;
  std::string error_;
  std::size_t open_ = 0;
  bool over_ = false;
};

}  // namespace sluice::bench
