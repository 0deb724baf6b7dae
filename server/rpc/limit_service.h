// The calls on limits: check, call, map. proto/sluice/v1/limit_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/limit_service.grpc.pb.h"

namespace sluice::rpc {

// Every method takes raw bytes.
template <class Service>
using RawLimitMethods = v1::LimitService::WithRawCallbackMethod_CreateLimit<
    v1::LimitService::WithRawCallbackMethod_UpdateLimit<v1::LimitService::WithRawCallbackMethod_GetLimit<
        v1::LimitService::WithRawCallbackMethod_ListLimits<v1::LimitService::WithRawCallbackMethod_DeleteLimit<Service>>>>>;

// Thread-safe. Must outlive the server and every call.
class LimitService final : public RawLimitMethods<v1::LimitService::Service> {
 public:
  explicit LimitService(House& house) : house_(house) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateLimit(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* UpdateLimit(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* GetLimit(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* ListLimits(Context* context, const Bytes* in, Bytes* out) override;
  Reactor* DeleteLimit(Context* context, const Bytes* in, Bytes* out) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
