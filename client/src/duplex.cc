#include "client/src/duplex.h"

#include <utility>

#include "client/src/wire.h"

namespace sluice::internal {

template <class Request, class Response>
class Connection::Wire::Stream final : public Duplex<Request, Response> {
 public:
  template <class Stub>
  using Method = std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> (Stub::*)(grpc::ClientContext*);

  template <class Stub>
  Stream(Wire& wire, Stub& stub, Method<Stub> method, std::stop_token stop)
      : options_{.wait = std::nullopt, .stop = std::move(stop), .repeat = false},
        attempts_(wire, options_, Repeat::kUnsafe),
        on_stop_(options_.stop, [this] { context_.TryCancel(); }) {
    attempts_.begin(context_);
    stream_ = (stub.*method)(&context_);
  }
  ~Stream() override {
    if (finished_) return;
    context_.TryCancel();
    for (Response ignored; stream_->Read(&ignored);) {
    }
    (void)stream_->Finish();
  }

  bool write(const Request& request) override { return stream_->Write(request); }
  bool read(Response& response) override { return stream_->Read(&response); }
  void writes_done() override { stream_->WritesDone(); }
  void finish() override {
    finished_ = true;
    attempts_.succeeded(stream_->Finish());
  }

 private:
  const CallOptions options_;
  Attempts attempts_;
  grpc::ClientContext context_;
  const std::stop_callback<std::function<void()>> on_stop_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
  bool finished_ = false;
};

std::unique_ptr<ProduceStream> Connection::produce(std::stop_token stop) {
  using Stream = Wire::Stream<v1::ProduceRequest, v1::ProduceResponse>;
  return std::make_unique<Stream>(*wire_, wire_->queues(), &v1::QueueService::Stub::Produce, std::move(stop));
}

std::unique_ptr<ConsumeStream> Connection::consume(std::stop_token stop) {
  using Stream = Wire::Stream<v1::ConsumeRequest, v1::ConsumeResponse>;
  return std::make_unique<Stream>(*wire_, wire_->queues(), &v1::QueueService::Stub::Consume, std::move(stop));
}

std::unique_ptr<WorkStream> Connection::work(std::stop_token stop) {
  using Stream = Wire::Stream<v1::WorkRequest, v1::WorkResponse>;
  return std::make_unique<Stream>(*wire_, wire_->pipelines(), &v1::PipelineService::Stub::Work, std::move(stop));
}

}  // namespace sluice::internal
