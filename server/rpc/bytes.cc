#include "server/rpc/bytes.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include "server/base/errors.h"

namespace sluice::rpc {
namespace {

using base::Reason;

// protobuf says only in its log why a message did not parse. While this thread parses, what it says goes here.
thread_local std::string* complaints = nullptr;
google::protobuf::LogHandler* log_before = nullptr;

void listen(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  if (complaints != nullptr) {
    *complaints += message;
  } else if (log_before != nullptr) {
    log_before(level, file, line, message);
  }
}

void listen_to_protobuf() {
  static const bool once = [] {
    log_before = google::protobuf::SetLogHandler(listen);
    return true;
  }();
  (void)once;
}

// String field 'sluice.v1.PutRequest.queue' contains invalid UTF-8 data when parsing ...
std::string_view field_with_bad_text(std::string_view complaint) {
  if (complaint.find("invalid UTF-8") == std::string_view::npos) return {};
  const auto begin = complaint.find('\'');
  const auto end = complaint.find('\'', begin + 1);
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return complaint.substr(begin + 1, end - begin - 1);
}

absl::Status why_not(const google::protobuf::MessageLite& message, std::string_view complaint) {
  const std::string_view field = field_with_bad_text(complaint);
  if (field.empty()) {
    return base::error(Reason::kMalformedRequest, fmt::format("the request is not a {}; check that client and server use the "
                                                              "same protos",
                                                              message.GetTypeName()));
  }
  auto status = base::error(Reason::kInvalidUtf8, fmt::format("{}: is not UTF-8; put binary data into the payload", field));
  base::annotate(status, "field", field);
  return status;
}

}  // namespace

absl::Status parse(grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  listen_to_protobuf();
  std::string complaint;
  complaints = &complaint;
  bool parsed = false;
  {
    grpc::ProtoBufferReader reader(&bytes);
    parsed = reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
  }
  complaints = nullptr;
  bytes.Clear();
  return parsed ? absl::OkStatus() : why_not(message, complaint);
}

grpc::ByteBuffer serialize(const google::protobuf::MessageLite& message) {
  grpc::ByteBuffer bytes;
  const auto size = static_cast<int>(message.ByteSizeLong());
  grpc::ProtoBufferWriter writer(&bytes, grpc::kProtoBufferWriterMaxBufferLength, size);
  message.SerializeToZeroCopyStream(&writer);
  return bytes;
}

}  // namespace sluice::rpc
