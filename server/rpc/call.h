// Unary calls: the one that answers at once, and the one that waits in the engine.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message_lite.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/reaction.h"
#include "server/engine/effects.h"
#include "server/rpc/backups.h"
#include "server/rpc/bytes.h"
#include "server/rpc/method.h"
#include "server/rpc/waiting_calls.h"
#include "server/runtime/runtime.h"
#include "server/wire/commands.h"

namespace sluice::rpc {

// What the calls work on. All of it outlives them.
struct House {
  runtime::Runtime& runtime;
  const base::Clock& clock;
  // Puts, gets and joins; and completions whose outputs wait for room, which a drain leaves alone.
  WaitingCalls waits;
  WaitingCalls hand_ons;
  Backups backups;
  // Before, the runtime still reads its store and knows nothing.
  std::atomic<bool> recovered = false;
  base::CallCounts counts{kCalls};

  // RECOVERING until the runtime has been started: what every call is told.
  [[nodiscard]] absl::Status answering() const { return recovered ? absl::OkStatus() : recovering(); }
  // Runtime::withdraw(). Whoever came too early has nothing there.
  bool withdraw(engine::Caller& caller) { return recovered && runtime.withdraw(caller); }
  // SHUTTING_DOWN from the beginning of the shutdown on: what new work is told.
  [[nodiscard]] absl::Status open() const {
    return waits.refusing() || runtime.stopping() ? shutting_down() : absl::OkStatus();
  }
};

// One unary call. Owns itself: it is deleted when gRPC has done with it, which is after finish() and after the method that
// made it has returned it. finish() is called exactly once, by whoever has the answer, on any thread.
class Call : public grpc::ServerUnaryReactor {
 public:
  // `response` belongs to gRPC.
  Call(Method method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response, House& house)
      : counted_(house.counts, method), context_(context), response_(response) {}

  [[nodiscard]] std::string_view method() const { return counted_.name(); }
  [[nodiscard]] bool finished() const { return finished_; }
  // True once the caller is known to have gone; for certain by the end, if the answer could not be sent.
  [[nodiscard]] bool cancelled() const { return context_->IsCancelled(); }
  // When the call came and ends by itself. Once.
  wire::CallTime start_time(const base::Clock& clock);
  // True from its deadline on: whatever then ends a wait, it is DEADLINE_EXCEEDED.
  [[nodiscard]] bool out_of_time(const base::Clock& clock) const { return clock.now() >= deadline_; }

  // What the call is about, for the metadata of its error: "queue" and its name.
  void about(std::string_view key, std::string_view name);

  void finish(const google::protobuf::MessageLite& response);
  void finish(absl::Status status);  // not OK

  void OnDone() override;

 protected:
  ~Call() override = default;

 private:
  // No reaction of a call waits or takes long, so gRPC may run it where it is instead of handing it to another thread, which
  // was a third of what a call costs. gRPC means this for its own reactors, but asks any. A version that does not ask makes
  // calls dearer again, and changes nothing else.
  bool InternalInlineable() override { return true; }
  void finish_with(grpc::Status status);

  CountedCall counted_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  base::Time deadline_ = base::kNever;
  std::string_view key_;
  std::string name_;
  std::atomic<bool> finished_ = false;
};

// Reads the request and has it worked on: `work` refuses it by an error, or sees to it that the call is finished.
template <class Request, class Work>
grpc::ServerUnaryReactor* serve(const House& house, Call* call, const grpc::ByteBuffer* bytes, Work work) {
  const base::ReactionTimer timer(call->method());
  Request request;
  auto status = house.answering();
  // gRPC keeps the bytes for as long as the call lives. A put that waits should not be held in memory twice.
  if (status.ok()) status = parse(const_cast<grpc::ByteBuffer&>(*bytes), request);
  if (status.ok()) status = work(request);
  if (!status.ok()) call->finish(std::move(status));
  return call;
}

// What a caller hears whose deadline ended the wait, should it still listen.
[[nodiscard]] absl::Status deadline_exceeded();

// A call with one command that may wait in the engine. When the caller leaves, the command is taken back.
class EngineCall : public Call, public engine::Caller, public WaitingCall {
 public:
  EngineCall(Method method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response, House& house)
      : Call(method, context, response, house), house_(house) {}

  // After the command was handed to the engine.
  void wait();

  bool take_back() override { return house_.withdraw(*this); }
  void refuse(const absl::Status& status) override { finish(status); }
  void OnCancel() override;
  void OnDone() override;

 protected:
  ~EngineCall() override = default;
  [[nodiscard]] House& house() { return house_; }

 private:
  House& house_;
  bool waits_ = false;  // written by wait(), read by OnDone(), which comes later
};

}  // namespace sluice::rpc
