// A server in this process on any port, and clients that speak to it over TCP.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "server/base/clock.h"
#include "server/handlers/registry.h"
#include "server/journal/memory.h"
#include "server/rpc/grpc_server.h"
#include "server/runtime/runtime.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"

namespace sluice::rpc {

using namespace std::chrono_literals;

// Longer than anything here takes; only a broken test waits for so long.
inline constexpr std::chrono::seconds kPatience = 30s;

// The reason in a failed call's details; "" for OK, "?" without details.
std::string reason_of(const grpc::Status& status);
// The details' metadata of that key; "" if there is none.
std::string metadata_of(const grpc::Status& status, const std::string& key);

MATCHER(IsOk, "") {
  *result_listener << "is " << arg.error_code() << " " << arg.error_message();
  return arg.ok();
}

// A canonical code and a reason.
MATCHER_P2(FailsWith, code, reason, "") {
  *result_listener << "is " << arg.error_code() << " " << reason_of(arg) << ": " << arg.error_message();
  return arg.error_code() == code && reason_of(arg) == reason;
}

google::protobuf::Duration duration(std::chrono::milliseconds time);

// Asks again and again until `condition` holds; false if that takes too long. Every question is a call to the server, so this
// is as slow as it is.
bool eventually(const std::function<bool()>& condition);

// A call under way.
template <class Response>
struct Pending {
  grpc::ClientContext context;
  Response response;
  std::promise<grpc::Status> done;
  std::future<grpc::Status> status = done.get_future();

  Pending() = default;
  // What is still under way when a test gives up must not write here any more.
  ~Pending() {
    if (!status.valid()) return;
    context.TryCancel();
    status.wait_for(kPatience);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  bool under_way() { return status.wait_for(0s) == std::future_status::timeout; }
  // The call's end.
  grpc::Status end() {
    if (status.wait_for(kPatience) == std::future_status::timeout) {
      context.TryCancel();
      return {grpc::StatusCode::UNKNOWN, "the test ran out of patience"};
    }
    return status.get();
  }
};

// Everything behind one port. The tests that want another journal give it.
class TestServer {
 public:
  explicit TestServer(std::unique_ptr<journal::Journal> journal = std::make_unique<journal::MemoryJournal>());
  ~TestServer();

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] runtime::Runtime& runtime() { return runtime_; }
  [[nodiscard]] GrpcServer& grpc() { return *grpc_; }
  [[nodiscard]] std::shared_ptr<grpc::Channel> new_channel() const;

 private:
  base::SystemClock clock_;
  std::unique_ptr<journal::Journal> journal_;
  handlers::Registry registry_;
  runtime::Runtime runtime_;
  std::unique_ptr<GrpcServer> grpc_;
  std::string address_;
};

// The clients' side, and the calls that most tests make.
class Client {
 public:
  explicit Client(const TestServer& server);

  using Queues = v1::QueueService::Stub;
  using Pipelines = v1::PipelineService::Stub;

  [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  [[nodiscard]] Queues& queues() { return *queues_; }
  [[nodiscard]] Pipelines& pipelines() { return *pipelines_; }

  // One call, waited for.
  template <class Request, class Response>
  grpc::Status call(grpc::Status (Queues::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return (queues_.get()->*method)(&context, request, &response);
  }
  template <class Request, class Response>
  grpc::Status call(grpc::Status (Pipelines::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return (pipelines_.get()->*method)(&context, request, &response);
  }

  grpc::Status create(const std::string& queue, std::uint32_t capacity = 1'000,
                      const std::function<void(v1::QueueSettings&)>& change = nullptr);
  v1::Queue look(const std::string& queue);
  // Without waiting.
  grpc::Status put(const std::string& queue, const std::string& payload);
  // Without waiting; fails the test if there is no item.
  v1::LeasedItem get(const std::string& queue);
  grpc::Status complete(const std::string& queue, const v1::LeasedItem& item);

  // Started, not waited for.
  std::unique_ptr<Pending<v1::PutResponse>> start_put(const std::string& queue, const std::string& payload,
                                                      std::optional<std::chrono::milliseconds> deadline = std::nullopt);
  std::unique_ptr<Pending<v1::GetResponse>> start_get(const std::string& queue,
                                                      std::optional<std::chrono::milliseconds> deadline = std::nullopt);
  std::unique_ptr<Pending<v1::CompleteResponse>> start_complete(const v1::CompleteRequest& request);

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Queues> queues_;
  std::unique_ptr<Pipelines> pipelines_;
};

class RpcTest : public testing::Test {
 protected:
  TestServer server_;
  Client client_{server_};
};

}  // namespace sluice::rpc
