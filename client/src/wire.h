// One attempt at a call, and when to make another: the only place that knows gRPC's client side.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "client/src/connection.h"
#include "client/src/patience.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "sluice/v1/job_service.grpc.pb.h"
#include "sluice/v1/limit_service.grpc.pb.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "sluice/v1/schedule_service.grpc.pb.h"
#include "sluice/v1/store_service.grpc.pb.h"

namespace sluice::internal {

// Whether a call whose answer was lost may be made again.
enum class Repeat { kSafe, kUnsafe };

class Connection::Wire {
 public:
  Wire(const std::string& address, const ClientOptions& options);

  // Makes the call until it has an answer or an error that stays. `prepare(patience)` is called before each attempt.
  template <class Stub, class Request, class Response, class Prepare>
  Response unary(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request, const CallOptions& options, Repeat repeat, Prepare&& prepare);
  template <class Stub, class Request, class Response>
  Response unary(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request, const CallOptions& options, Repeat repeat) {
    return unary(stub, method, request, options, repeat, [](const Patience&) {});
  }

  // Reads the stream until a message with done; begins again when it breaks. `note(request, message)` sees each message first,
  // and may change the request for the next attempt.
  template <class Stub, class Request, class Response, class Note>
  void stream(Stub& stub, std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
              Request& request, const CallOptions& options, const OnMessage<Response>& on_message, Note&& note);

  // Reads a stream to its end; does not begin again once a message has come.
  template <class Stub, class Request, class Response>
  void read(Stub& stub, std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
            const Request& request, CallOptions options, const OnMessage<Response>& on_message);

  // A stream both ways: one attempt, once a connection stands.
  template <class Request, class Response>
  class Stream;

  v1::QueueService::Stub& queues() { return *queues_; }
  v1::PipelineService::Stub& pipelines() { return *pipelines_; }
  v1::JobService::Stub& jobs() { return *jobs_; }
  v1::LimitService::Stub& limits() { return *limits_; }
  v1::ScheduleService::Stub& schedules() { return *schedules_; }
  v1::StoreService::Stub& stores() { return *stores_; }
  grpc::health::v1::Health::Stub& health() { return *health_; }

 private:
  class Attempts;

  const std::string address_;
  const ClientOptions& options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::QueueService::Stub> queues_;
  std::unique_ptr<v1::PipelineService::Stub> pipelines_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::LimitService::Stub> limits_;
  std::unique_ptr<v1::ScheduleService::Stub> schedules_;
  std::unique_ptr<v1::StoreService::Stub> stores_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  std::atomic<bool> reached_ = false;
};

// The attempts of one call, one after the other.
class Connection::Wire::Attempts {
 public:
  Attempts(Wire& wire, const CallOptions& options, Repeat repeat);

  [[nodiscard]] const Patience& patience() const { return patience_; }
  // Begins an attempt: waits for a connection first where the call must not be made twice. Sets the deadline.
  void begin(grpc::ClientContext& context);
  // True: the attempt succeeded. False: make another one. Throws what will not get better.
  bool succeeded(const grpc::Status& status);

 private:
  void connect();
  void pause(Duration time);
  [[noreturn]] void give_up(const grpc::Status& status) const;
  // Keeps what the first attempt said of an address where nobody answers: later ones only say that they gave up.
  void note(const grpc::Status& status);

  Wire& wire_;
  const CallOptions& options_;
  const Repeat repeat_;
  Patience patience_;
  Instant began_;
  std::string trouble_;
};

template <class Stub, class Request, class Response, class Prepare>
Response Connection::Wire::unary(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                 const Request& request, const CallOptions& options, Repeat repeat, Prepare&& prepare) {
  for (Attempts attempts(*this, options, repeat);;) {
    grpc::ClientContext context;
    attempts.begin(context);
    prepare(attempts.patience());
    Response response;
    grpc::Status status;
    {
      const std::stop_callback on_stop(options.stop, [&context] { context.TryCancel(); });
      status = (stub.*method)(&context, request, &response);
    }
    if (attempts.succeeded(status)) return response;
  }
}

// Reads what the server sends to its end. What `on_message` throws ends the stream and goes on.
template <class Response>
grpc::Status read_all(grpc::ClientContext& context, grpc::ClientReader<Response>& reader,
                      const OnMessage<Response>& on_message) {
  try {
    for (Response message; reader.Read(&message);) on_message(message);
  } catch (...) {
    context.TryCancel();
    for (Response ignored; reader.Read(&ignored);) {
    }
    (void)reader.Finish();
    throw;
  }
  return reader.Finish();
}

template <class Stub, class Request, class Response>
void Connection::Wire::read(Stub& stub,
                            std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
                            const Request& request, CallOptions options, const OnMessage<Response>& on_message) {
  for (Attempts attempts(*this, options, Repeat::kSafe);;) {
    grpc::ClientContext context;
    attempts.begin(context);
    const std::stop_callback on_stop(options.stop, [&context] { context.TryCancel(); });
    const auto reader = (stub.*method)(&context, request);
    const auto status = read_all<Response>(context, *reader, [&](const Response& message) {
      options.repeat = false;
      on_message(message);
    });
    if (attempts.succeeded(status)) return;
  }
}

template <class Stub, class Request, class Response, class Note>
void Connection::Wire::stream(
    Stub& stub, std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
    Request& request, const CallOptions& options, const OnMessage<Response>& on_message, Note&& note) {
  for (Attempts attempts(*this, options, Repeat::kSafe);;) {
    grpc::ClientContext context;
    attempts.begin(context);
    const std::stop_callback on_stop(options.stop, [&context] { context.TryCancel(); });
    const auto reader = (stub.*method)(&context, request);
    const auto end = [&] {
      context.TryCancel();
      for (Response ignored; reader->Read(&ignored);) {
      }
      (void)reader->Finish();
    };
    try {
      for (Response message; reader->Read(&message);) {
        reached_ = true;
        note(request, message);
        on_message(message);
        if (message.done()) return end();
      }
    } catch (...) {
      end();
      throw;
    }
    grpc::Status status = reader->Finish();
    if (status.ok()) status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended early");
    attempts.succeeded(status);
  }
}

}  // namespace sluice::internal
