// A stream of a load generator: one message under way at a time, and what gathers meanwhile goes with the next.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/support/client_callback.h>

#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/bench/load/finish.h"
#include "tests/bench/load/streams.h"

namespace sluice::bench {

// Over a connection of its own. gRPC's threads and its owner may use it; `mutex_` is held in every virtual function.
template <class Request, class Response>
class LoadStream : public grpc::ClientBidiReactor<Request, Response> {
 public:
  LoadStream(const std::string& address, Finish& finish)
      : finish_(finish), stub_(v1::QueueService::NewStub(new_channel(address))) {}

  void OnWriteDone(bool ok) final {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) write();
  }
  void OnReadDone(bool ok) final {
    if (!ok) return;
    {
      const std::lock_guard lock(mutex_);
      take(response_);
      write();
    }
    this->StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) final { finish_.ended(status); }

 protected:
  // What came.
  virtual void take(const Response& response) = 0;
  // What is to be said now, which stays as it is until the next call; none: nothing.
  virtual const Request* next() = 0;
  // Whether nothing more is to be said, once next() gives nothing.
  [[nodiscard]] virtual bool over() const = 0;

  // To be called once, after a method of the stub was given this stream.
  void start() {
    this->StartRead(&response_);
    this->StartCall();
    const std::lock_guard lock(mutex_);
    write();
  }
  // With the lock held, when there may be something to say.
  void write() {
    if (writing_ || closed_) return;
    if (const Request* message = next()) {
      writing_ = true;
      this->StartWrite(message);
    } else if (over()) {
      closed_ = true;
      this->StartWritesDone();
    }
  }

  [[nodiscard]] v1::QueueService::StubInterface::async_interface* stub() { return stub_->async(); }

  std::mutex mutex_;
  grpc::ClientContext context_;

 private:
  Finish& finish_;
  std::unique_ptr<v1::QueueService::Stub> stub_;
  Response response_;
  bool writing_ = false;
  bool closed_ = false;
};

using ProduceStream = LoadStream<v1::ProduceRequest, v1::ProduceResponse>;
using ConsumeStream = LoadStream<v1::ConsumeRequest, v1::ConsumeResponse>;

}  // namespace sluice::bench
