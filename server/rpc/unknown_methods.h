// What is called and no service has.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

namespace sluice::rpc {

// Answers every call of a method that nobody registered with UNIMPLEMENTED, which gRPC alone would do without a reason.
class UnknownMethods final : public grpc::CallbackGenericService {
 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;
};

}  // namespace sluice::rpc
