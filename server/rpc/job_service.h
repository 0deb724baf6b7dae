// The calls on jobs and batches: check, call, map. proto/sluice/v1/job_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/job_service.grpc.pb.h"

namespace sluice::rpc {

// Every method takes raw bytes.
template <class Service>
using RawJobMethods = v1::JobService::WithRawCallbackMethod_SubmitJobs<v1::JobService::WithRawCallbackMethod_GetJob<
    v1::JobService::WithRawCallbackMethod_AwaitJobs<v1::JobService::WithRawCallbackMethod_ListJobs<
        v1::JobService::WithRawCallbackMethod_ForgetJobs<v1::JobService::WithRawCallbackMethod_GetBatch<
            v1::JobService::WithRawCallbackMethod_ListBatches<v1::JobService::WithRawCallbackMethod_SealBatch<Service>>>>>>>>;

// Thread-safe. Must outlive the server and every call.
class JobService final : public RawJobMethods<v1::JobService::Service> {
 public:
  explicit JobService(House& house) : house_(house) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* SubmitJobs(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetJob(Context* context, const Bytes* in, Bytes* out) override;
  grpc::ServerWriteReactor<Bytes>* AwaitJobs(Context* context, const Bytes* in) override;
  Reactor* ListJobs(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ForgetJobs(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetBatch(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListBatches(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* SealBatch(Context* context, const Bytes* in, Bytes* out) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
