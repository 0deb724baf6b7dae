// The client's end of Produce, Consume and Work.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/rpc/fixture.h"

namespace sluice::rpc {

template <class Request, class Response>
class StreamClient {
 public:
  using Stream = grpc::ClientReaderWriterInterface<Request, Response>;

  // Reads one message; fails the test when the stream has ended.
  Response read() {
    Response response;
    EXPECT_TRUE(stream_->Read(&response)) << "the stream has ended";
    return response;
  }
  // True if the server has nothing more to say and ended the stream.
  bool at_end() {
    Response response;
    return !stream_->Read(&response);
  }
  bool write(const Request& request) { return stream_->Write(request); }
  // Says that there are no more requests.
  void half_close() { stream_->WritesDone(); }
  // The end, whatever there is left to read.
  grpc::Status finish() {
    while (!at_end()) {
    }
    return stream_->Finish();
  }
  // Goes away without a word.
  void vanish() {
    context_.TryCancel();
    (void)finish();
  }

 protected:
  StreamClient() { context_.set_deadline(std::chrono::system_clock::now() + kPatience); }

  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

class Producer : public StreamClient<v1::ProduceRequest, v1::ProduceResponse> {
 public:
  Producer(Client& client, std::string queue) : Producer(client.queues(), std::move(queue)) {}
  Producer(v1::QueueService::StubInterface& queues, std::string queue) : queue_(std::move(queue)) {
    stream_ = queues.Produce(&context_);
  }

  bool put(const std::vector<std::string>& payloads) {
    v1::ProduceRequest request;
    request.set_queue(std::exchange(queue_, ""));
    for (const auto& payload : payloads) request.add_items()->set_payload(payload);
    return write(request);
  }
  // One item, which is put unless the queue has seen the key.
  bool put_once(const std::string& key) {
    v1::ProduceRequest request;
    request.set_queue(std::exchange(queue_, ""));
    request.add_items()->set_dedup_key(key);
    return write(request);
  }
  // Reads until so many are acknowledged; what was told meanwhile are the ids.
  std::vector<std::uint64_t> ids_until(std::uint64_t acknowledged) {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t seen = 0; seen < acknowledged;) {
      v1::ProduceResponse response;
      if (!stream_->Read(&response)) return ids;
      seen = response.acknowledged();
      for (const auto& range : response.item_ids()) {
        for (std::uint32_t i = 0; i < range.count(); ++i) ids.push_back(range.first() + i);
      }
    }
    return ids;
  }

 private:
  std::string queue_;
};

class Consumer : public StreamClient<v1::ConsumeRequest, v1::ConsumeResponse> {
 public:
  Consumer(Client& client, const std::string& queue, std::uint32_t credit) : Consumer(client.queues(), queue, credit) {}
  Consumer(v1::QueueService::StubInterface& queues, const std::string& queue, std::uint32_t credit) {
    stream_ = queues.Consume(&context_);
    v1::ConsumeRequest request;
    request.set_queue(queue);
    request.set_consumer("test");
    request.set_max_items(credit);
    write(request);
  }

  // Reads until so many items have come.
  std::vector<v1::LeasedItem> take(std::size_t count) {
    std::vector<v1::LeasedItem> items;
    while (items.size() < count) {
      v1::ConsumeResponse response;
      if (!stream_->Read(&response)) break;
      for (auto& item : *response.mutable_items()) items.push_back(std::move(item));
    }
    return items;
  }
  void done(const std::vector<std::uint64_t>& tokens) {
    v1::ConsumeRequest request;
    for (const auto token : tokens) request.add_done(token);
    write(request);
  }
};

class Worker : public StreamClient<v1::WorkRequest, v1::WorkResponse> {
 public:
  Worker(Client& client, const std::string& pipeline, const std::string& stage, std::uint32_t credit = 1) {
    stream_ = client.pipelines().Work(&context_);
    v1::WorkRequest request;
    request.set_pipeline(pipeline);
    request.set_stage(stage);
    request.set_worker("test");
    request.set_max_items(credit);
    write(request);
  }

  // Reads until it is attached, if it is not yet.
  std::uint64_t id() {
    while (id_ == 0 && next()) {
    }
    return id_;
  }
  // Reads until so many items have come.
  std::vector<v1::LeasedItem> take(std::size_t count) {
    while (items_.size() < count && next()) {
    }
    return std::exchange(items_, {});
  }
  // Ends the item with one output, and reads until the server has said what became of it: "" or the reason.
  std::string make(std::uint64_t token, const std::string& output) {
    v1::WorkRequest request;
    auto& result = *request.add_results();
    result.set_lease_token(token);
    result.add_outputs()->set_payload(output);
    outcomes_.erase(token);
    write(request);
    return outcome(token);
  }
  std::string outcome(std::uint64_t token) {
    while (!outcomes_.contains(token) && next()) {
    }
    return outcomes_.contains(token) ? outcomes_[token] : "the stream has ended";
  }
  // Reads until the stage is finished.
  bool wait_for_end_of_work() {
    while (!end_of_work_ && next()) {
    }
    return end_of_work_;
  }
  // Reads one message and keeps what it says; false if the stream has ended.
  bool next() {
    v1::WorkResponse response;
    if (!stream_->Read(&response)) return false;
    if (response.has_attached()) {
      id_ = response.attached().worker_id();
      attached_to = response.attached().stage();
    }
    for (auto& item : *response.mutable_items()) items_.push_back(std::move(item));
    for (const auto token : response.ended()) outcomes_[token] = "";
    for (const auto& refused : response.refused()) outcomes_[refused.lease_token()] = refused.error_reason();
    end_of_work_ = end_of_work_ || response.end_of_work();
    return true;
  }

  v1::StageSpec attached_to;  // once it is attached

 private:
  std::uint64_t id_ = 0;
  std::vector<v1::LeasedItem> items_;
  std::map<std::uint64_t, std::string> outcomes_;
  bool end_of_work_ = false;
};

}  // namespace sluice::rpc
