#include "tests/e2e/raw.h"

#include <grpcpp/generic/generic_stub.h>

#include <future>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/e2e/patience.h"

namespace sluice::e2e {

std::shared_ptr<grpc::Channel> open_channel(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

std::string reason_of(const grpc::Status& status) {
  if (status.ok()) return "OK";
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return {};
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) return info.reason();
  }
  return {};
}

grpc::Status send_bytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& bytes) {
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  context.set_deadline(deadline());
  std::promise<grpc::Status> answer;
  grpc::GenericStub stub(channel);
  stub.UnaryCall(&context, method, {}, &request, &response, [&](const grpc::Status& status) { answer.set_value(status); });
  return answer.get_future().get();
}

std::chrono::system_clock::time_point deadline() { return std::chrono::system_clock::now() + kPatience; }

}  // namespace sluice::e2e
