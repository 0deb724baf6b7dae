// A server whose every answer the test decides: for what the real one does only by accident, as losing an answer on its way.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sluice/types.h"
#include "sluice/v1/queue_service.grpc.pb.h"

namespace sluice::test {

// What the real server gives for a named error.
inline grpc::Status named_error(grpc::StatusCode code, const std::string& reason, const std::string& message) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("sluice");
  (*info.mutable_metadata())["queue"] = "tasks";
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  details.add_details()->PackFrom(info);
  return {code, message, details.SerializeAsString()};
}

inline grpc::Status lost() { return {grpc::StatusCode::UNAVAILABLE, "the connection broke"}; }

// One call: what the test says to each request, and all requests that came. A call without an answer is UNIMPLEMENTED.
template <class Request, class Response>
class Scripted {
 public:
  using Answer = std::function<grpc::Status(grpc::ServerContext&, const Request&, Response&)>;

  void answer(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

  grpc::Status call(grpc::ServerContext& context, const Request& request, Response& response) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      answer = answer_;
    }
    if (!answer) return {grpc::StatusCode::UNIMPLEMENTED, "the test has no answer"};
    return answer(context, request, response);
  }

  [[nodiscard]] std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  Answer answer_;
  std::vector<Request> requests_;
};

class FakeServer final : public v1::QueueService::Service {
 public:
  FakeServer() { start("127.0.0.1:0"); }
  ~FakeServer() override { stop(); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Ends every call under way with UNAVAILABLE or CANCELLED, as a server that goes away does.
  void stop() {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  // Comes back at the same address.
  void start_again() { start(address()); }

  Scripted<v1::CreateQueueRequest, v1::CreateQueueResponse> create_queue;
  Scripted<v1::GetQueueRequest, v1::GetQueueResponse> get_queue;
  Scripted<v1::ListQueuesRequest, v1::ListQueuesResponse> list_queues;
  Scripted<v1::PutRequest, v1::PutResponse> put;
  Scripted<v1::GetRequest, v1::GetResponse> get;
  Scripted<v1::CompleteRequest, v1::CompleteResponse> complete;
  Scripted<v1::FailRequest, v1::FailResponse> fail;
  Scripted<v1::ExtendRequest, v1::ExtendResponse> extend;
  Scripted<v1::ReleaseRequest, v1::ReleaseResponse> release;
  // The answer of a join writes its messages itself.
  using Join = std::function<grpc::Status(grpc::ServerContext&, const v1::JoinQueueRequest&,
                                          grpc::ServerWriter<v1::JoinQueueResponse>&)>;
  void answer_join(Join join) {
    const std::lock_guard lock(mutex_);
    join_ = std::move(join);
  }
  // So does that of a stream of puts, which reads as it likes.
  using AnswerProduce = std::function<grpc::Status(grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>&)>;
  void answer_produce(AnswerProduce produce) {
    const std::lock_guard lock(mutex_);
    produce_ = std::move(produce);
  }

 private:
  void start(const std::string& address) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (!server_) throw std::runtime_error("cannot listen at " + address);
  }

  grpc::Status CreateQueue(grpc::ServerContext* c, const v1::CreateQueueRequest* q, v1::CreateQueueResponse* r) override {
    return create_queue.call(*c, *q, *r);
  }
  grpc::Status GetQueue(grpc::ServerContext* c, const v1::GetQueueRequest* q, v1::GetQueueResponse* r) override {
    return get_queue.call(*c, *q, *r);
  }
  grpc::Status ListQueues(grpc::ServerContext* c, const v1::ListQueuesRequest* q, v1::ListQueuesResponse* r) override {
    return list_queues.call(*c, *q, *r);
  }
  grpc::Status Put(grpc::ServerContext* c, const v1::PutRequest* q, v1::PutResponse* r) override {
    return put.call(*c, *q, *r);
  }
  grpc::Status Get(grpc::ServerContext* c, const v1::GetRequest* q, v1::GetResponse* r) override {
    return get.call(*c, *q, *r);
  }
  grpc::Status Complete(grpc::ServerContext* c, const v1::CompleteRequest* q, v1::CompleteResponse* r) override {
    return complete.call(*c, *q, *r);
  }
  grpc::Status Fail(grpc::ServerContext* c, const v1::FailRequest* q, v1::FailResponse* r) override {
    return fail.call(*c, *q, *r);
  }
  grpc::Status Extend(grpc::ServerContext* c, const v1::ExtendRequest* q, v1::ExtendResponse* r) override {
    return extend.call(*c, *q, *r);
  }
  grpc::Status Release(grpc::ServerContext* c, const v1::ReleaseRequest* q, v1::ReleaseResponse* r) override {
    return release.call(*c, *q, *r);
  }
  grpc::Status Produce(grpc::ServerContext*, grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>* s) override {
    const auto produce = [this] {
      const std::lock_guard lock(mutex_);
      return produce_;
    }();
    return produce ? produce(*s) : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the test has no answer");
  }
  // What is scripted for calls, by a stream: a get whenever there is credit, and a call for all of one message's ends.
  grpc::Status Consume(grpc::ServerContext* c, grpc::ServerReaderWriter<v1::ConsumeResponse, v1::ConsumeRequest>* s) override {
    FakeConsumption consumption;
    for (v1::ConsumeRequest request; s->Read(&request);) {
      v1::ConsumeResponse response;
      if (auto status = consume(*c, request, consumption, response); !status.ok()) return status;
      if (response.ByteSizeLong() > 0 && !s->Write(response)) break;
    }
    v1::ReleaseRequest rest;
    for (const LeaseToken token : consumption.held) rest.add_lease_tokens(token);
    v1::ReleaseResponse ignored;
    return rest.lease_tokens().empty() ? grpc::Status::OK : release.call(*c, rest, ignored);
  }
  grpc::Status JoinQueue(grpc::ServerContext* c, const v1::JoinQueueRequest* q,
                         grpc::ServerWriter<v1::JoinQueueResponse>* w) override {
    Join join;
    {
      const std::lock_guard lock(mutex_);
      join = join_;
    }
    if (!join) return {grpc::StatusCode::UNIMPLEMENTED, "the test has no answer"};
    return join(*c, *q, *w);
  }

  struct FakeConsumption {
    std::uint32_t credit = 1;
    std::set<LeaseToken> held;
    bool end_of_queue = false;
    bool leaving = false;
  };

  grpc::Status consume(grpc::ServerContext& c, const v1::ConsumeRequest& request, FakeConsumption& consumption,
                       v1::ConsumeResponse& response) {
    if (request.max_items() > 0) consumption.credit = request.max_items();
    consumption.leaving = consumption.leaving || request.leaving();
    end(c, request, consumption, response);
    while (!consumption.leaving && !consumption.end_of_queue && consumption.held.size() < consumption.credit) {
      v1::GetRequest wanted;
      wanted.set_max_items(consumption.credit - static_cast<std::uint32_t>(consumption.held.size()));
      v1::GetResponse got;
      if (auto status = get.call(c, wanted, got); !status.ok()) return status;
      for (v1::LeasedItem& item : *got.mutable_items()) {
        consumption.held.insert(item.lease_token());
        response.add_items()->Swap(&item);
      }
      consumption.end_of_queue = got.end_of_queue();
      response.set_end_of_queue(got.end_of_queue());
    }
    return grpc::Status::OK;
  }

  void end(grpc::ServerContext& c, const v1::ConsumeRequest& request, FakeConsumption& consumption,
           v1::ConsumeResponse& response) {
    std::vector<LeaseToken> tokens;
    const auto settle = [&](const auto& results) {
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        consumption.held.erase(tokens[i]);
        const v1::LeaseResult result = static_cast<int>(i) < results.size() ? results[static_cast<int>(i)] : v1::LeaseResult();
        if (result.error_reason().empty()) {
          response.add_ended(tokens[i]);
        } else {
          *response.add_refused() = result;
          response.mutable_refused()->rbegin()->set_lease_token(tokens[i]);
        }
      }
      tokens.clear();
    };
    if (!request.done().empty()) {
      v1::CompleteRequest done;
      for (const LeaseToken token : request.done()) {
        done.add_completions()->set_lease_token(token);
        tokens.push_back(token);
      }
      v1::CompleteResponse completed;
      (void)complete.call(c, done, completed);
      settle(completed.results());
    }
    if (!request.failures().empty()) {
      v1::FailRequest failures;
      *failures.mutable_leases() = request.failures();
      for (const v1::FailedLease& failure : request.failures()) tokens.push_back(failure.lease_token());
      v1::FailResponse failed;
      (void)fail.call(c, failures, failed);
      settle(failed.results());
    }
    v1::ReleaseRequest given_back;
    for (const LeaseToken token : request.released()) {
      consumption.held.erase(token);
      if (was_completed(token)) continue;
      given_back.add_lease_tokens(token);
      tokens.push_back(token);
    }
    if (tokens.empty()) return;
    v1::ReleaseResponse released;
    (void)release.call(c, given_back, released);
    settle(released.results());
  }

  bool was_completed(LeaseToken token) const {
    for (const auto& request : complete.requests()) {
      for (const auto& completion : request.completions()) {
        if (completion.lease_token() == token) return true;
      }
    }
    return false;
  }

  int port_ = 0;
  std::mutex mutex_;
  Join join_;
  AnswerProduce produce_;
  std::unique_ptr<grpc::Server> server_;
};

// The answers of a server where everything works. `count` results that say that all is well.
template <class Request, class Response>
grpc::Status all_well(grpc::ServerContext&, const Request& request, Response& response) {
  if constexpr (requires { request.completions(); }) {
    for (const auto& completion : request.completions()) response.add_results()->set_lease_token(completion.lease_token());
  } else if constexpr (requires { request.leases(); }) {
    for (const auto& lease : request.leases()) response.add_results()->set_lease_token(lease.lease_token());
  } else {
    for (const auto token : request.lease_tokens()) response.add_results()->set_lease_token(token);
  }
  return grpc::Status::OK;
}

}  // namespace sluice::test
