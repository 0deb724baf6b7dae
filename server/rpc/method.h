// The calls by name, known when this is compiled.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/base/call_counts.h"

namespace sluice::rpc {

inline constexpr std::string_view kUnary = "unary";
inline constexpr std::string_view kServerStream = "server_stream";
inline constexpr std::string_view kBidiStream = "bidi_stream";
inline constexpr std::string_view kQueueService = "sluice.v1.QueueService";
inline constexpr std::string_view kPipelineService = "sluice.v1.PipelineService";
inline constexpr std::string_view kJobService = "sluice.v1.JobService";
inline constexpr std::string_view kLimitService = "sluice.v1.LimitService";
inline constexpr std::string_view kScheduleService = "sluice.v1.ScheduleService";
inline constexpr std::string_view kStoreService = "sluice.v1.StoreService";

inline constexpr base::CallName kCalls[] = {
    {kQueueService, "CreateQueue", kUnary},
    {kQueueService, "GetQueue", kUnary},
    {kQueueService, "ListQueues", kUnary},
    {kQueueService, "UpdateQueue", kUnary},
    {kQueueService, "DeleteQueue", kUnary},
    {kQueueService, "CloseQueue", kUnary},
    {kQueueService, "PauseQueue", kUnary},
    {kQueueService, "ResumeQueue", kUnary},
    {kQueueService, "PurgeQueue", kUnary},
    {kQueueService, "CancelItems", kUnary},
    {kQueueService, "RedriveItems", kUnary},
    {kQueueService, "Put", kUnary},
    {kQueueService, "Get", kUnary},
    {kQueueService, "Complete", kUnary},
    {kQueueService, "Fail", kUnary},
    {kQueueService, "Extend", kUnary},
    {kQueueService, "Release", kUnary},
    {kQueueService, "ReportProgress", kUnary},
    {kQueueService, "Peek", kUnary},
    {kQueueService, "JoinQueue", kServerStream},
    {kQueueService, "Produce", kBidiStream},
    {kQueueService, "Consume", kBidiStream},
    {kPipelineService, "CreatePipeline", kUnary},
    {kPipelineService, "GetPipeline", kUnary},
    {kPipelineService, "ListPipelines", kUnary},
    {kPipelineService, "DeletePipeline", kUnary},
    {kPipelineService, "ClosePipeline", kUnary},
    {kPipelineService, "JoinPipeline", kServerStream},
    {kPipelineService, "ScaleStage", kUnary},
    {kPipelineService, "PauseStage", kUnary},
    {kPipelineService, "ResumeStage", kUnary},
    {kPipelineService, "ListHandlers", kUnary},
    {kPipelineService, "Work", kBidiStream},
    {kPipelineService, "ListWorkers", kUnary},
    {kJobService, "SubmitJobs", kUnary},
    {kJobService, "GetJob", kUnary},
    {kJobService, "AwaitJobs", kServerStream},
    {kJobService, "ListJobs", kUnary},
    {kJobService, "ForgetJobs", kUnary},
    {kJobService, "GetBatch", kUnary},
    {kJobService, "ListBatches", kUnary},
    {kJobService, "SealBatch", kUnary},
    {kLimitService, "CreateLimit", kUnary},
    {kLimitService, "UpdateLimit", kUnary},
    {kLimitService, "GetLimit", kUnary},
    {kLimitService, "ListLimits", kUnary},
    {kLimitService, "DeleteLimit", kUnary},
    {kScheduleService, "CreateSchedule", kUnary},
    {kScheduleService, "UpdateSchedule", kUnary},
    {kScheduleService, "GetSchedule", kUnary},
    {kScheduleService, "ListSchedules", kUnary},
    {kScheduleService, "DeleteSchedule", kUnary},
    {kScheduleService, "PauseSchedule", kUnary},
    {kScheduleService, "ResumeSchedule", kUnary},
    {kStoreService, "Backup", kServerStream},
};

// Made of a literal, "QueueService/Put"_method; one that is not in the table does not compile.
class Method {
 public:
  explicit consteval Method(std::string_view name) : number_(find(name)), name_(name) {}

  // Its place in the table.
  [[nodiscard]] constexpr std::size_t number() const { return number_; }
  [[nodiscard]] constexpr std::string_view name() const { return name_; }

 private:
  static consteval std::size_t find(std::string_view name) {
    const auto slash = name.find('/');
    for (std::size_t i = 0; i < std::size(kCalls); ++i) {
      if (kCalls[i].service.ends_with(name.substr(0, slash)) && kCalls[i].method == name.substr(slash + 1)) return i;
    }
    throw "this method is not in the table";
  }

  std::size_t number_;
  std::string_view name_;
};

consteval Method operator""_method(const char* name, std::size_t length) { return Method({name, length}); }

// Counts one call from its beginning to its end. Used by one call, which ends once.
class CountedCall {
 public:
  CountedCall(base::CallCounts& counts, Method method) : counts_(counts), method_(method) {
    counts_.count_start(method.number());
  }

  [[nodiscard]] std::string_view name() const { return method_.name(); }
  void end(absl::StatusCode code) {
    counts_.count_end(method_.number(), code,
                      std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - start_));
  }

 private:
  base::CallCounts& counts_;
  const Method method_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::rpc
