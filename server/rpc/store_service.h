// The calls on the server's store. proto/sluice/v1/store_service.proto says what each does.
#pragma once

#include "server/rpc/call.h"
#include "sluice/v1/store_service.grpc.pb.h"

namespace sluice::rpc {

// Thread-safe. Must outlive the server and every call.
class StoreService final : public v1::StoreService::WithRawCallbackMethod_Backup<v1::StoreService::Service> {
 public:
  explicit StoreService(House& house) : house_(house) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Backup(grpc::CallbackServerContext* context, const grpc::ByteBuffer* in) override;

 private:
  House& house_;
};

}  // namespace sluice::rpc
