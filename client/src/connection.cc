#include "client/src/connection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <unordered_set>

#include <fmt/format.h>

#include "client/src/convert.h"
#include "client/src/keeper.h"
#include "client/src/reporter.h"
#include "client/src/wire.h"

namespace sluice::internal {
namespace {

using QueueStub = v1::QueueService::Stub;
using PipelineStub = v1::PipelineService::Stub;
using JobStub = v1::JobService::Stub;

constexpr std::size_t kMaxConsumerNameBytes = 128;

std::string random_prefix() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

ClientOptions with_consumer(ClientOptions options) {
  if (options.consumer.empty()) options.consumer = default_consumer_name();
  return options;
}

// Sets max_wait to what is left before every attempt.
template <class Request>
auto keep_waiting(Request& request) {
  return [&request](const Patience& patience) {
    request.clear_max_wait();
    const auto left = patience.wait_left(std::chrono::steady_clock::now());
    if (left) *request.mutable_max_wait() = to_proto(*left);
  };
}

constexpr auto remember_idle_count = [](auto& request, const auto& message) {
  if (!request.has_since_idle_count()) request.set_since_idle_count(message.idle_count());
};

}  // namespace

std::string default_consumer_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string name = fmt::format("{}@{}:{}", program_invocation_short_name, host.data(), getpid());
  name.resize(std::min(name.size(), kMaxConsumerNameBytes));
  return name;
}

Connection::Connection(std::string address, ClientOptions options)
    : address_(std::move(address)),
      options_(with_consumer(std::move(options))),
      request_id_prefix_(random_prefix()),
      wire_(std::make_unique<Wire>(address_, options_)),
      keeper_(std::make_unique<Keeper>(*this)),
      reporter_(std::make_unique<Reporter>(*this)) {}

Connection::~Connection() = default;

std::string Connection::new_request_id() { return fmt::format("{}-{}", request_id_prefix_, next_request_id_++); }

v1::CreateQueueResponse Connection::call(const v1::CreateQueueRequest& request, const CallOptions& options) {
  const Repeat repeat = request.allow_existing() ? Repeat::kSafe : Repeat::kUnsafe;
  return wire_->unary(wire_->queues(), &QueueStub::CreateQueue, request, options, repeat);
}

v1::GetQueueResponse Connection::call(const v1::GetQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::GetQueue, request, options, Repeat::kSafe);
}

v1::ListQueuesResponse Connection::call(const v1::ListQueuesRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::ListQueues, request, options, Repeat::kSafe);
}

v1::UpdateQueueResponse Connection::call(const v1::UpdateQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::UpdateQueue, request, options, Repeat::kSafe);
}

v1::DeleteQueueResponse Connection::call(const v1::DeleteQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::DeleteQueue, request, options, Repeat::kUnsafe);
}

v1::CloseQueueResponse Connection::call(const v1::CloseQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::CloseQueue, request, options, Repeat::kSafe);
}

v1::PauseQueueResponse Connection::call(const v1::PauseQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::PauseQueue, request, options, Repeat::kSafe);
}

v1::ResumeQueueResponse Connection::call(const v1::ResumeQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::ResumeQueue, request, options, Repeat::kSafe);
}

v1::PurgeQueueResponse Connection::call(const v1::PurgeQueueRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::PurgeQueue, request, options, Repeat::kUnsafe);
}

v1::CancelItemsResponse Connection::call(const v1::CancelItemsRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::CancelItems, request, options, Repeat::kUnsafe);
}

v1::RedriveItemsResponse Connection::call(const v1::RedriveItemsRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::RedriveItems, request, options, Repeat::kUnsafe);
}

v1::ReportProgressResponse Connection::call(const v1::ReportProgressRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::ReportProgress, request, options, Repeat::kSafe);
}

v1::PeekResponse Connection::call(const v1::PeekRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::Peek, request, options, Repeat::kSafe);
}

v1::PutResponse Connection::call(v1::PutRequest& request, const CallOptions& options) {
  const Repeat repeat = request.request_id().empty() ? Repeat::kUnsafe : Repeat::kSafe;
  return wire_->unary(wire_->queues(), &QueueStub::Put, std::as_const(request), options, repeat, keep_waiting(request));
}

v1::GetResponse Connection::call(v1::GetRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::Get, std::as_const(request), options, Repeat::kSafe, keep_waiting(request));
}

v1::CompleteResponse Connection::call(v1::CompleteRequest& request, const CallOptions& options) {
  const Repeat repeat = request.request_id().empty() ? Repeat::kUnsafe : Repeat::kSafe;
  return wire_->unary(wire_->queues(), &QueueStub::Complete, std::as_const(request), options, repeat, keep_waiting(request));
}

v1::FailResponse Connection::call(const v1::FailRequest& request, const CallOptions& options) {
  const Repeat repeat = request.request_id().empty() ? Repeat::kUnsafe : Repeat::kSafe;
  return wire_->unary(wire_->queues(), &QueueStub::Fail, request, options, repeat);
}

v1::ExtendResponse Connection::call(const v1::ExtendRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::Extend, request, options, Repeat::kSafe);
}

v1::ReleaseResponse Connection::call(const v1::ReleaseRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->queues(), &QueueStub::Release, request, options, Repeat::kUnsafe);
}

void Connection::join(v1::JoinQueueRequest request, const CallOptions& options,
                      const OnMessage<v1::JoinQueueResponse>& on_message) {
  wire_->stream(wire_->queues(), &QueueStub::JoinQueue, request, options, on_message, remember_idle_count);
}

v1::CreatePipelineResponse Connection::call(const v1::CreatePipelineRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::CreatePipeline, request, options, Repeat::kUnsafe);
}

v1::GetPipelineResponse Connection::call(const v1::GetPipelineRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::GetPipeline, request, options, Repeat::kSafe);
}

v1::ListPipelinesResponse Connection::call(const v1::ListPipelinesRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ListPipelines, request, options, Repeat::kSafe);
}

v1::DeletePipelineResponse Connection::call(const v1::DeletePipelineRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::DeletePipeline, request, options, Repeat::kUnsafe);
}

v1::ClosePipelineResponse Connection::call(const v1::ClosePipelineRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ClosePipeline, request, options, Repeat::kSafe);
}

v1::ScaleStageResponse Connection::call(const v1::ScaleStageRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ScaleStage, request, options, Repeat::kSafe);
}

v1::PauseStageResponse Connection::call(const v1::PauseStageRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::PauseStage, request, options, Repeat::kSafe);
}

v1::ResumeStageResponse Connection::call(const v1::ResumeStageRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ResumeStage, request, options, Repeat::kSafe);
}

v1::ListHandlersResponse Connection::call(const v1::ListHandlersRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ListHandlers, request, options, Repeat::kSafe);
}

v1::ListWorkersResponse Connection::call(const v1::ListWorkersRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->pipelines(), &PipelineStub::ListWorkers, request, options, Repeat::kSafe);
}

void Connection::join(v1::JoinPipelineRequest request, const CallOptions& options,
                      const OnMessage<v1::JoinPipelineResponse>& on_message) {
  wire_->stream(wire_->pipelines(), &PipelineStub::JoinPipeline, request, options, on_message, remember_idle_count);
}

v1::SubmitJobsResponse Connection::call(v1::SubmitJobsRequest& request, const CallOptions& options) {
  const Repeat repeat = request.request_id().empty() ? Repeat::kUnsafe : Repeat::kSafe;
  return wire_->unary(wire_->jobs(), &JobStub::SubmitJobs, std::as_const(request), options, repeat, keep_waiting(request));
}

v1::GetJobResponse Connection::call(const v1::GetJobRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::GetJob, request, options, Repeat::kSafe);
}

v1::ListJobsResponse Connection::call(const v1::ListJobsRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::ListJobs, request, options, Repeat::kSafe);
}

v1::ForgetJobsResponse Connection::call(const v1::ForgetJobsRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::ForgetJobs, request, options, Repeat::kSafe);
}

v1::GetBatchResponse Connection::call(const v1::GetBatchRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::GetBatch, request, options, Repeat::kSafe);
}

v1::ListBatchesResponse Connection::call(const v1::ListBatchesRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::ListBatches, request, options, Repeat::kSafe);
}

v1::SealBatchResponse Connection::call(const v1::SealBatchRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->jobs(), &JobStub::SealBatch, request, options, Repeat::kSafe);
}

void Connection::await(v1::AwaitJobsRequest request, const CallOptions& options, const std::function<void(v1::Job&&)>& on_job,
                       const std::function<void(v1::Job&&)>& on_progress) {
  std::unordered_set<std::uint64_t> told;
  const OnMessage<v1::AwaitJobsResponse> on_message = [&](const v1::AwaitJobsResponse& message) {
    for (const v1::Job& job : message.jobs()) {
      if (told.insert(job.job_id()).second) on_job(v1::Job(job));
    }
    for (const v1::Job& job : message.progress()) {
      if (on_progress && !told.contains(job.job_id())) on_progress(v1::Job(job));
    }
  };
  wire_->stream(wire_->jobs(), &JobStub::AwaitJobs, request, options, on_message, [](const auto&, const auto&) {});
}

void Connection::backup(const v1::BackupRequest& request, const CallOptions& options,
                        const OnMessage<v1::BackupResponse>& on_part) {
  wire_->read(wire_->stores(), &v1::StoreService::Stub::Backup, request, options, on_part);
}

bool Connection::serving(const std::string& name, const CallOptions& options) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(name);
  const auto response = wire_->unary(wire_->health(), &grpc::health::v1::Health::Stub::Check, request, options, Repeat::kSafe);
  return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace sluice::internal
