// Joins: progress while they wait, and the end.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/engine/commands.h"
#include "server/rpc/call.h"
#include "server/wire/requests.h"

namespace sluice::rpc {

// A stream of answers to one join. Owns itself, like a Call. One message is under way at a time: what comes meanwhile replaces
// what came before it, so a slow reader gets fewer messages and costs no memory. The last one always arrives.
class JoinStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public engine::Caller, public WaitingCall {
 public:
  // Makes the message that tells `answer`.
  using Tell = std::function<grpc::ByteBuffer(engine::JoinAnswer&& answer)>;
  // Hands the join to the engine.
  using Begin = void (engine::Engine::*)(base::Time now, const engine::JoinCommand& command, engine::Caller& caller,
                                         engine::Effects& effects);

  // `kind` is what is joined: "queue" or "pipeline".
  JoinStream(Method method, std::string_view kind, grpc::CallbackServerContext* context, House& house, Tell tell)
      : counted_(house.counts, method), kind_(kind), context_(context), house_(house), tell_(std::move(tell)) {}

  [[nodiscard]] std::string_view method() const { return counted_.name(); }

  void start(const engine::JoinCommand& command, Begin begin);
  // Ends a stream that did not start, or that was taken back.
  void refuse(const absl::Status& status) override;

  bool take_back() override { return house_.withdraw(*this); }
  void answer(engine::Answer&& answer) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ~JoinStream() override = default;

  void leave();
  // Once a join: that it does not get on, and why.
  void tell_of_stall(const engine::JoinAnswer& join);
  void tell_of_end(const absl::Status& outcome);
  // Writes what is next, or finishes, unless a message is under way. Takes the lock along: as soon as it is given up with
  // over_ set, another thread may finish the stream, and it is gone.
  void go_on(std::unique_lock<std::mutex> lock);

  CountedCall counted_;
  const std::string_view kind_;
  grpc::CallbackServerContext* const context_;
  House& house_;
  const Tell tell_;
  std::string name_;
  bool waits_ = false;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();

  std::mutex mutex_;
  // Guarded by it.
  std::optional<engine::JoinAnswer> next_;
  absl::Status outcome_;
  bool over_ = false;      // nothing comes after next_
  bool busy_ = false;      // a message or the end is under way
  bool unwanted_ = false;  // nobody reads any more
  bool stall_told_ = false;

  grpc::ByteBuffer message_;  // under way; belongs to whoever set busy_
};

// Reads the request and starts the stream, or refuses it.
template <class Request>
grpc::ServerWriteReactor<grpc::ByteBuffer>* serve_join(JoinStream* stream, House& house, const grpc::ByteBuffer* bytes,
                                                       JoinStream::Begin begin) {
  const base::ReactionTimer timer(stream->method());
  Request request;
  auto status = house.answering();
  if (status.ok()) status = parse(const_cast<grpc::ByteBuffer&>(*bytes), request);
  if (status.ok()) status = house.open();
  if (status.ok()) {
    const auto command = wire::join_of(request);
    if (command.ok()) stream->start(*command, begin);
    status = command.status();
  }
  if (!status.ok()) stream->refuse(status);
  return stream;
}

}  // namespace sluice::rpc
