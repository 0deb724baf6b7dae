#include "tests/crash/streamer.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice::crash {

std::shared_ptr<grpc::Channel> new_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  for (const char* name :
       {GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS}) {
    arguments.SetInt(name, 100);
  }
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string reason_of(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  const bool told = details.ParseFromString(status.error_details()) && details.details_size() == 1;
  return told && details.details(0).UnpackTo(&info) ? info.reason() : "";
}

}  // namespace sluice::crash
