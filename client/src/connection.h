// The connection to one server: every call of the protos, repeated where that is safe, with errors as exceptions.
//
// Thread-safe. Connects at the first call and again whenever it must. A call that reads, or that names itself by a request_id,
// or that can do no harm twice, is repeated while the server cannot be reached, as ClientOptions allow; one that creates or
// deletes is only sent once a connection stands, and not again after a lost answer. This header is free of gRPC, which is slow
// to compile.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/src/duplex.h"
#include "sluice/options.h"
#include "sluice/v1/job_service.pb.h"
#include "sluice/v1/limit_service.pb.h"
#include "sluice/v1/pipeline_service.pb.h"
#include "sluice/v1/queue_service.pb.h"
#include "sluice/v1/schedule_service.pb.h"
#include "sluice/v1/store_service.pb.h"

namespace sluice::internal {

class Keeper;
class Reporter;

struct CallOptions {
  // How long the server may keep the call waiting, besides the time it needs; absent: as long as it takes.
  std::optional<Duration> wait = Duration::zero();
  // Ends the call with Cancelled.
  std::stop_token stop = {};
  // Instead of ClientOptions::call_timeout.
  std::optional<Duration> timeout = {};
  // False: one attempt.
  bool repeat = true;
};

// Sees each message of a stream. What it throws ends the stream and goes on.
template <class Message>
using OnMessage = std::function<void(const Message&)>;

class Connection {
 public:
  Connection(std::string address, ClientOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  // Unique among all clients: what names a put, so that repeating it does not put twice.
  [[nodiscard]] std::string new_request_id();
  [[nodiscard]] Keeper& keeper() { return *keeper_; }
  [[nodiscard]] Reporter& reporter() { return *reporter_; }

  v1::CreateQueueResponse call(const v1::CreateQueueRequest& request, const CallOptions& options = {});
  v1::GetQueueResponse call(const v1::GetQueueRequest& request, const CallOptions& options = {});
  v1::ListQueuesResponse call(const v1::ListQueuesRequest& request, const CallOptions& options = {});
  v1::UpdateQueueResponse call(const v1::UpdateQueueRequest& request, const CallOptions& options = {});
  v1::DeleteQueueResponse call(const v1::DeleteQueueRequest& request, const CallOptions& options = {});
  v1::CloseQueueResponse call(const v1::CloseQueueRequest& request, const CallOptions& options = {});
  v1::PauseQueueResponse call(const v1::PauseQueueRequest& request, const CallOptions& options = {});
  v1::ResumeQueueResponse call(const v1::ResumeQueueRequest& request, const CallOptions& options = {});
  v1::PurgeQueueResponse call(const v1::PurgeQueueRequest& request, const CallOptions& options = {});
  v1::CancelItemsResponse call(const v1::CancelItemsRequest& request, const CallOptions& options = {});
  v1::RedriveItemsResponse call(const v1::RedriveItemsRequest& request, const CallOptions& options = {});
  v1::ReportProgressResponse call(const v1::ReportProgressRequest& request, const CallOptions& options = {});
  v1::PeekResponse call(const v1::PeekRequest& request, const CallOptions& options = {});
  v1::FailResponse call(const v1::FailRequest& request, const CallOptions& options = {});
  v1::ExtendResponse call(const v1::ExtendRequest& request, const CallOptions& options = {});
  v1::ReleaseResponse call(const v1::ReleaseRequest& request, const CallOptions& options = {});
  v1::CreatePipelineResponse call(const v1::CreatePipelineRequest& request, const CallOptions& options = {});
  v1::GetPipelineResponse call(const v1::GetPipelineRequest& request, const CallOptions& options = {});
  v1::ListPipelinesResponse call(const v1::ListPipelinesRequest& request, const CallOptions& options = {});
  v1::DeletePipelineResponse call(const v1::DeletePipelineRequest& request, const CallOptions& options = {});
  v1::ClosePipelineResponse call(const v1::ClosePipelineRequest& request, const CallOptions& options = {});
  v1::ScaleStageResponse call(const v1::ScaleStageRequest& request, const CallOptions& options = {});
  v1::PauseStageResponse call(const v1::PauseStageRequest& request, const CallOptions& options = {});
  v1::ResumeStageResponse call(const v1::ResumeStageRequest& request, const CallOptions& options = {});
  v1::ListHandlersResponse call(const v1::ListHandlersRequest& request, const CallOptions& options = {});
  v1::ListWorkersResponse call(const v1::ListWorkersRequest& request, const CallOptions& options = {});

  v1::GetJobResponse call(const v1::GetJobRequest& request, const CallOptions& options = {});
  v1::ListJobsResponse call(const v1::ListJobsRequest& request, const CallOptions& options = {});
  v1::ForgetJobsResponse call(const v1::ForgetJobsRequest& request, const CallOptions& options = {});
  v1::GetBatchResponse call(const v1::GetBatchRequest& request, const CallOptions& options = {});
  v1::ListBatchesResponse call(const v1::ListBatchesRequest& request, const CallOptions& options = {});
  v1::SealBatchResponse call(const v1::SealBatchRequest& request, const CallOptions& options = {});
  v1::CreateLimitResponse call(const v1::CreateLimitRequest& request, const CallOptions& options = {});
  v1::UpdateLimitResponse call(const v1::UpdateLimitRequest& request, const CallOptions& options = {});
  v1::GetLimitResponse call(const v1::GetLimitRequest& request, const CallOptions& options = {});
  v1::ListLimitsResponse call(const v1::ListLimitsRequest& request, const CallOptions& options = {});
  v1::DeleteLimitResponse call(const v1::DeleteLimitRequest& request, const CallOptions& options = {});
  v1::CreateScheduleResponse call(const v1::CreateScheduleRequest& request, const CallOptions& options = {});
  v1::UpdateScheduleResponse call(const v1::UpdateScheduleRequest& request, const CallOptions& options = {});
  v1::GetScheduleResponse call(const v1::GetScheduleRequest& request, const CallOptions& options = {});
  v1::ListSchedulesResponse call(const v1::ListSchedulesRequest& request, const CallOptions& options = {});
  v1::DeleteScheduleResponse call(const v1::DeleteScheduleRequest& request, const CallOptions& options = {});
  v1::PauseScheduleResponse call(const v1::PauseScheduleRequest& request, const CallOptions& options = {});
  v1::ResumeScheduleResponse call(const v1::ResumeScheduleRequest& request, const CallOptions& options = {});

  // These wait. Their max_wait is set here, from options.wait, and to what is left of it in a repeated attempt.
  v1::PutResponse call(v1::PutRequest& request, const CallOptions& options);
  v1::GetResponse call(v1::GetRequest& request, const CallOptions& options);
  v1::CompleteResponse call(v1::CompleteRequest& request, const CallOptions& options);
  v1::SubmitJobsResponse call(v1::SubmitJobsRequest& request, const CallOptions& options);

  // Return when the message with `done` has come. A broken stream is taken up again with since_idle_count.
  void join(v1::JoinQueueRequest request, const CallOptions& options, const OnMessage<v1::JoinQueueResponse>& on_message);
  void join(v1::JoinPipelineRequest request, const CallOptions& options, const OnMessage<v1::JoinPipelineResponse>& on_message);

  // Each job is told once, whatever the request names twice and however often the stream breaks.
  // Progress, where the request asks for it, is told as often as it comes; `on_progress` may be null.
  void await(v1::AwaitJobsRequest request, const CallOptions& options, const std::function<void(v1::Job&&)>& on_job,
             const std::function<void(v1::Job&&)>& on_progress = nullptr);

  // Returns when the last part has come. Tried again while the server cannot be reached, but not once a part has come.
  void backup(const v1::BackupRequest& request, const CallOptions& options, const OnMessage<v1::BackupResponse>& on_part);

  // The connection must outlive the stream. `stop` ends it with Cancelled.
  std::unique_ptr<ProduceStream> produce(std::stop_token stop = {});
  std::unique_ptr<ConsumeStream> consume(std::stop_token stop = {});
  std::unique_ptr<WorkStream> work(std::stop_token stop = {});

  // True when the server's health service says SERVING of `name`: "readiness" or "liveness" (docs/admin.md).
  bool serving(const std::string& name, const CallOptions& options = {});

 private:
  class Wire;

  const std::string address_;
  const ClientOptions options_;
  const std::string request_id_prefix_;
  std::atomic<std::uint64_t> next_request_id_ = 0;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<Keeper> keeper_;      // uses all of the above
  std::unique_ptr<Reporter> reporter_;  // the same
};

// "<program>@<host>:<pid>", cut to what the server takes.
[[nodiscard]] std::string default_consumer_name();

}  // namespace sluice::internal
