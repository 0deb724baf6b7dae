// Calls without the client library, for what it would never send: requests that no careful client makes, and ten thousand
// calls from one thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

namespace sluice::e2e {

[[nodiscard]] std::shared_ptr<grpc::Channel> open_channel(const std::string& address);

// The reason out of the error's google.rpc.ErrorInfo; "OK" without an error, and empty if the error has none.
[[nodiscard]] std::string reason_of(const grpc::Status& status);

// Sends bytes as a request: "/sluice.v1.QueueService/Put".
[[nodiscard]] grpc::Status send_bytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                                      const std::string& bytes);

// The end of patience, as gRPC takes deadlines.
[[nodiscard]] std::chrono::system_clock::time_point deadline();

}  // namespace sluice::e2e
