// The calls on queues and their items: check, call, map. proto/sluice/v1/queue_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/queue_service.grpc.pb.h"

namespace sluice::rpc {

// Every method takes raw bytes.
template <class Service>
using RawQueueMethods = v1::QueueService::WithRawCallbackMethod_CreateQueue<
    v1::QueueService::WithRawCallbackMethod_GetQueue<v1::QueueService::WithRawCallbackMethod_ListQueues<
        v1::QueueService::WithRawCallbackMethod_UpdateQueue<v1::QueueService::WithRawCallbackMethod_DeleteQueue<
            v1::QueueService::WithRawCallbackMethod_CloseQueue<v1::QueueService::WithRawCallbackMethod_PauseQueue<
                v1::QueueService::WithRawCallbackMethod_ResumeQueue<v1::QueueService::WithRawCallbackMethod_PurgeQueue<
                    v1::QueueService::WithRawCallbackMethod_Put<v1::QueueService::WithRawCallbackMethod_Get<
                        v1::QueueService::WithRawCallbackMethod_Complete<v1::QueueService::WithRawCallbackMethod_Fail<
                            v1::QueueService::WithRawCallbackMethod_Extend<v1::QueueService::WithRawCallbackMethod_Release<
                                v1::QueueService::WithRawCallbackMethod_Peek<v1::QueueService::WithRawCallbackMethod_JoinQueue<
                                    v1::QueueService::WithRawCallbackMethod_CancelItems<
                                        v1::QueueService::WithRawCallbackMethod_RedriveItems<
                                            v1::QueueService::WithRawCallbackMethod_ReportProgress<
                                                v1::QueueService::WithRawCallbackMethod_Produce<
                                                    v1::QueueService::WithRawCallbackMethod_Consume<
                                                        Service>>>>>>>>>>>>>>>>>>>>>>;

// Thread-safe. Must outlive the server and every call.
class QueueService final : public RawQueueMethods<v1::QueueService::Service> {
 public:
  explicit QueueService(House& house) : house_(house) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  // queue_service.cc
  Reactor* CreateQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListQueues(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* UpdateQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* DeleteQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* CloseQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* PauseQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ResumeQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* PurgeQueue(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* CancelItems(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* RedriveItems(Context* context, const Bytes* in, Bytes* out) override;
  grpc::ServerWriteReactor<Bytes>* JoinQueue(Context* context, const Bytes* in) override;

  // item_service.cc
  Reactor* Put(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Get(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Complete(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Fail(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Extend(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Release(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ReportProgress(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* Peek(Context* context, const Bytes* in, Bytes* out) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* Produce(Context* context) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* Consume(Context* context) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
