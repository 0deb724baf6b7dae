// The calls on pipelines, stages and handlers: check, call, map. proto/sluice/v1/pipeline_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/pipeline_service.grpc.pb.h"

namespace sluice::rpc {

// Every method takes raw bytes.
template <class Service>
using RawPipelineMethods = v1::PipelineService::WithRawCallbackMethod_CreatePipeline<
    v1::PipelineService::WithRawCallbackMethod_GetPipeline<v1::PipelineService::WithRawCallbackMethod_ListPipelines<
        v1::PipelineService::WithRawCallbackMethod_DeletePipeline<v1::PipelineService::WithRawCallbackMethod_ClosePipeline<
            v1::PipelineService::WithRawCallbackMethod_JoinPipeline<v1::PipelineService::WithRawCallbackMethod_ScaleStage<
                v1::PipelineService::WithRawCallbackMethod_PauseStage<v1::PipelineService::WithRawCallbackMethod_ResumeStage<
                    v1::PipelineService::WithRawCallbackMethod_ListHandlers<v1::PipelineService::WithRawCallbackMethod_Work<
                        v1::PipelineService::WithRawCallbackMethod_ListWorkers<Service>>>>>>>>>>>>;

// Thread-safe. Must outlive the server and every call.
class PipelineService final : public RawPipelineMethods<v1::PipelineService::Service> {
 public:
  explicit PipelineService(House& house) : house_(house) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreatePipeline(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetPipeline(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListPipelines(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* DeletePipeline(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ClosePipeline(Context* context, const Bytes* in, Bytes* out) override;
  grpc::ServerWriteReactor<Bytes>* JoinPipeline(Context* context, const Bytes* in) override;
  Reactor* ScaleStage(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* PauseStage(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ResumeStage(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListHandlers(Context* context, const Bytes* in, Bytes* out) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* Work(Context* context) override;
  Reactor* ListWorkers(Context* context, const Bytes* in, Bytes* out) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
