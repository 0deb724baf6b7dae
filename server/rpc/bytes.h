// Messages from and to gRPC's bytes. Thread-safe.
//
// The services take raw bytes, so that a request that does not parse gets a named error instead of gRPC's own.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace sluice::rpc {

// Empties `bytes`. MALFORMED_REQUEST; INVALID_UTF8 annotated with the field, "sluice.v1.PutRequest.queue", if it was that.
[[nodiscard]] absl::Status parse(grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);

[[nodiscard]] grpc::ByteBuffer serialize(const google::protobuf::MessageLite& message);

}  // namespace sluice::rpc
