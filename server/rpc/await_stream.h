// Awaits: the outcomes of jobs, as they come.
#pragma once

#include <deque>
#include <mutex>
#include <set>

#include "server/engine/commands.h"
#include "server/rpc/told_stream.h"
#include "sluice/v1/job_service.pb.h"

namespace sluice::rpc {

// A stream of outcomes. What ends while a message is under way is kept as its id, and looked up when its message is made. So a
// slow reader costs eight bytes a job, and may find that an outcome was forgotten.
class AwaitStream final : public ToldStream {
 public:
  AwaitStream(Method method, grpc::CallbackServerContext* context, House& house);

  void start(const engine::AwaitCommand& command, bool omit_results);
  // Ends a stream that did not start, or that was taken back.
  void refuse(const absl::Status& status) override;

  void answer(engine::Answer&& answer) override;

 private:
  ~AwaitStream() override = default;

  void go_on(std::unique_lock<std::mutex> lock) override;
  // Looks up as many of `ids` as fit into a message, and takes them out.
  void look_up(std::deque<model::JobId>& ids, v1::AwaitJobsResponse& response);
  // The same for those that may still run; one of which nothing is to be said is left out.
  void look_up_progress(std::set<model::JobId>& ids, v1::AwaitJobsResponse& response);

  bool omit_results_ = false;

  // Guarded by the lock.
  std::deque<model::JobId> ended_;     // not told yet
  std::set<model::JobId> progressed_;  // the same; the latest of each is told
  bool done_told_ = false;             // the last message is under way, or was
};

}  // namespace sluice::rpc
