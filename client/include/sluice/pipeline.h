// A pipeline on the server: stages and queues that were declared together. A name and a connection, as a Queue is: cheap to
// copy, any thread may use it, making one asks the server nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/options.h"
#include "sluice/queue.h"
#include "sluice/types.h"

namespace sluice {

class Pipeline {
 public:
  Pipeline(std::shared_ptr<internal::Connection> connection, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  // One of its queues (any queue of the server, in fact).
  [[nodiscard]] Queue queue(const std::string& queue) const;

  // As those of a Queue, into the queue that the first stage reads. A job ends with what the last stage makes of it.
  Future submit(NewItem item, const SubmitOptions& options = {}) const;
  template <std::convertible_to<std::string_view> Bytes>
  Future submit(const Bytes& payload, const SubmitOptions& options = {}) const {
    return submit(NewItem{.payload = std::string(std::string_view(payload))}, options);
  }
  JobBatch submit_batch(std::span<const NewItem> items, const BatchOptions& options = {}) const;
  [[nodiscard]] std::vector<std::string> map(const std::vector<std::string>& inputs, const MapOptions& options = {}) const;
  [[nodiscard]] JobMap map_stream(std::function<void(Job&&)> on_outcome, MapOptions options = {}) const;

  // Closes the queues that no stage of it feeds; the rest closes stage by stage as the work runs out. Idempotent.
  // `immediate`: what waits in any queue that a stage reads is discarded.
  void close(bool immediate = false) const;
  // Returns when nothing is unfinished in any queue that a stage reads and, once closed, every stage is finished. Goes on over
  // a broken connection. DeadlineExceeded, Cancelled.
  void join(const JoinOptions<PipelineInfo>& options = {}) const;

  [[nodiscard]] PipelineInfo stats() const;
  [[nodiscard]] std::vector<StageInfo> stages() const;
  // Sets the number of the server's workers of a stage, 0 to 1,000. NotFound for no such stage; error STAGE_REMOTE for one
  // without a handler.
  StageInfo scale(const std::string& stage, std::uint32_t workers) const;
  // Workers finish what they hold and take nothing more until resume. Idempotent, both.
  StageInfo pause(const std::string& stage) const;
  StageInfo resume(const std::string& stage) const;
  // Deletes the pipeline and the queues it created; returns how many unfinished items went with it. Error QUEUE_NOT_EMPTY
  // unless force.
  std::uint64_t remove(bool force = false) const;

  // The connection that it is used through.
  [[nodiscard]] const std::shared_ptr<internal::Connection>& connection() const { return connection_; }

 private:
  std::shared_ptr<internal::Connection> connection_;
  std::string name_;
};

}  // namespace sluice
