// Awaits: the outcomes of jobs, as they come.
#pragma once

#include <deque>
#include <mutex>
#include <string_view>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/engine/commands.h"
#include "server/rpc/call.h"
#include "sluice/v1/job_service.pb.h"

namespace sluice::rpc {

// A stream of outcomes. Owns itself, like a Call. One message is under way at a time; what ends meanwhile is kept as its id,
// and looked up when its message is made. So a slow reader costs eight bytes a job, and may find that an outcome was forgotten.
class AwaitStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public engine::Caller, public WaitingCall {
 public:
  AwaitStream(Method method, grpc::CallbackServerContext* context, House& house)
      : counted_(house.counts, method), context_(context), house_(house) {}

  [[nodiscard]] std::string_view method() const { return counted_.name(); }

  void start(const engine::AwaitCommand& command, bool omit_results);
  // Ends a stream that did not start, or that was taken back.
  void refuse(const absl::Status& status) override;

  bool take_back() override { return house_.withdraw(*this); }
  void answer(engine::Answer&& answer) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ~AwaitStream() override = default;

  void leave();
  // Writes what is next, or finishes, unless a message is under way. Takes the lock along: as soon as it is given up with
  // over_ set, another thread may finish the stream, and it is gone.
  void go_on(std::unique_lock<std::mutex> lock);
  // Looks up as many of `ids` as fit into a message, and takes them out.
  void look_up(std::deque<model::JobId>& ids, v1::AwaitJobsResponse& response);
  void finish(absl::Status outcome);

  CountedCall counted_;
  grpc::CallbackServerContext* const context_;
  House& house_;
  bool omit_results_ = false;
  bool waits_ = false;

  std::mutex mutex_;
  // Guarded by it.
  std::deque<model::JobId> ended_;  // not told yet
  absl::Status outcome_;
  bool over_ = false;       // nothing comes after what is in ended_
  bool done_told_ = false;  // the last message is under way, or was
  bool busy_ = false;       // a message or the end is under way
  bool unwanted_ = false;   // nobody reads any more

  grpc::ByteBuffer message_;  // under way; belongs to whoever set busy_
};

}  // namespace sluice::rpc
