#include "sluice/pipeline.h"

#include <utility>

#include "client/src/connection.h"
#include "client/src/convert.h"
#include "client/src/jobs.h"

namespace sluice {

using internal::from_proto;
using internal::to_proto;

Pipeline::Pipeline(std::shared_ptr<internal::Connection> connection, std::string name)
    : connection_(std::move(connection)), name_(std::move(name)) {}

Queue Pipeline::queue(const std::string& queue) const { return {connection_, queue}; }

Future Pipeline::submit(NewItem item, const SubmitOptions& options) const {
  return internal::submit_one(connection_, {.pipeline = name_}, std::move(item), options);
}

JobBatch Pipeline::submit_batch(std::span<const NewItem> items, const BatchOptions& options) const {
  return internal::submit_batch(*connection_, {.pipeline = name_}, items, options);
}

std::vector<std::string> Pipeline::map(const std::vector<std::string>& inputs, const MapOptions& options) const {
  return internal::map(connection_, {.pipeline = name_}, inputs, options);
}

JobMap Pipeline::map_stream(std::function<void(Job&&)> on_outcome, MapOptions options) const {
  return JobMap::to_pipeline(connection_, name_, std::move(on_outcome), std::move(options));
}

void Pipeline::close(bool immediate) const {
  v1::ClosePipelineRequest request;
  request.set_pipeline(name_);
  request.set_immediate(immediate);
  connection_->call(request);
}

void Pipeline::join(const JoinOptions<PipelineInfo>& options) const {
  v1::JoinPipelineRequest request;
  request.set_pipeline(name_);
  *request.mutable_progress_interval() = to_proto(options.progress_interval);
  connection_->join(request, {.wait = options.max_wait, .stop = options.stop, .timeout = Duration::zero()},
                    [&options](const v1::JoinPipelineResponse& message) {
                      if (options.progress) options.progress(from_proto(message.pipeline()));
                    });
}

PipelineInfo Pipeline::stats() const {
  v1::GetPipelineRequest request;
  request.set_pipeline(name_);
  return from_proto(connection_->call(request).pipeline());
}

std::vector<StageInfo> Pipeline::stages() const { return stats().stages; }

StageInfo Pipeline::scale(const std::string& stage, std::uint32_t workers) const {
  v1::ScaleStageRequest request;
  request.set_pipeline(name_);
  request.set_stage(stage);
  request.set_workers(workers);
  return from_proto(connection_->call(request).stage());
}

StageInfo Pipeline::pause(const std::string& stage) const {
  v1::PauseStageRequest request;
  request.set_pipeline(name_);
  request.set_stage(stage);
  return from_proto(connection_->call(request).stage());
}

StageInfo Pipeline::resume(const std::string& stage) const {
  v1::ResumeStageRequest request;
  request.set_pipeline(name_);
  request.set_stage(stage);
  return from_proto(connection_->call(request).stage());
}

std::uint64_t Pipeline::remove(bool force) const {
  v1::DeletePipelineRequest request;
  request.set_pipeline(name_);
  request.set_force(force);
  return connection_->call(request).discarded();
}

}  // namespace sluice
