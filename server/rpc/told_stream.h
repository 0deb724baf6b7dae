// A call that is told many times what it waits for in the engine, and then of its end.
#pragma once

#include <mutex>
#include <string_view>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/rpc/call.h"

namespace sluice::rpc {

// Owns itself, like a Call. One message is under way at a time; what comes meanwhile is for the derived stream to gather.
class ToldStream : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public engine::Caller, public WaitingCall {
 public:
  // What its reactions are called where they take too long.
  struct Reactions {
    std::string_view cancel;
    std::string_view written;
  };

  [[nodiscard]] std::string_view method() const { return counted_.name(); }

  bool take_back() override { return house_.withdraw(*this); }
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 protected:
  ToldStream(Method method, grpc::CallbackServerContext* context, House& house, const Reactions& reactions)
      : counted_(house.counts, method), context_(context), house_(house), reactions_(reactions) {}
  ~ToldStream() override = default;

  // Right after the command was handed to the engine, on the thread that did so.
  void wait();
  // Writes what is next, or finishes, unless a message is under way. Takes the lock along: as soon as it is given up with
  // over_ set, another thread may finish the stream, and it is gone.
  virtual void go_on(std::unique_lock<std::mutex> lock) = 0;
  // Without the lock, by whoever set busy_.
  void write(grpc::ByteBuffer&& message);
  void finish(const absl::Status& outcome);

  CountedCall counted_;
  grpc::CallbackServerContext* const context_;
  House& house_;

  std::mutex mutex_;
  // Guarded by it.
  absl::Status outcome_;
  bool over_ = false;      // the engine has said its last
  bool busy_ = false;      // a message or the end is under way
  bool unwanted_ = false;  // nobody reads any more

 private:
  void leave();

  const Reactions reactions_;
  bool waits_ = false;
  grpc::ByteBuffer message_;  // under way; belongs to whoever set busy_
};

}  // namespace sluice::rpc
