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
#include "server/rpc/told_stream.h"
#include "server/wire/requests.h"

namespace sluice::rpc {

// A stream of answers to one join. What comes while a message is under way replaces what came before it, so a slow reader gets
// fewer messages and costs no memory. The last one always arrives.
class JoinStream final : public ToldStream {
 public:
  // Makes the message that tells `answer`.
  using Tell = std::function<grpc::ByteBuffer(engine::JoinAnswer&& answer)>;
  // Hands the join to the engine.
  using Begin = void (engine::Engine::*)(base::Time now, const engine::JoinCommand& command, engine::Caller& caller,
                                         engine::Effects& effects);

  // `kind` is what is joined: "queue" or "pipeline".
  JoinStream(Method method, std::string_view kind, grpc::CallbackServerContext* context, House& house, Tell tell);

  void start(const engine::JoinCommand& command, Begin begin);
  // Ends a stream that did not start, or that was taken back.
  void refuse(const absl::Status& status) override;

  void answer(engine::Answer&& answer) override;

 private:
  ~JoinStream() override = default;

  void go_on(std::unique_lock<std::mutex> lock) override;
  // Once a join: that it does not get on, and why.
  void tell_of_stall(const engine::JoinAnswer& join);
  void tell_of_end(const absl::Status& outcome);

  const std::string_view kind_;
  const Tell tell_;
  std::string name_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();

  // Guarded by the lock.
  std::optional<engine::JoinAnswer> next_;
  bool stall_told_ = false;
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
