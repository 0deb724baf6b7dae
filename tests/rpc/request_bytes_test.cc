// Requests that are no messages: each gets its named error, and the server goes on.
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class RequestBytesTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks"), IsOk()); }
  void TearDown() override { EXPECT_THAT(client_.put("tasks", "still there"), IsOk()); }

  grpc::Status send(const std::string& method, const std::string& bytes) {
    const grpc::Slice slice(bytes);
    Pending<grpc::ByteBuffer> pending;
    grpc::ByteBuffer request(&slice, 1);
    grpc::GenericStub stub(client_.channel());
    stub.UnaryCall(&pending.context, method, {}, &request, &pending.response,
                   [&pending](const grpc::Status& status) { pending.done.set_value(status); });
    return pending.end();
  }
};

TEST_F(RequestBytesTest, EveryCallSaysWhenItCannotParse) {
  for (const char* service : {"sluice.v1.QueueService", "sluice.v1.PipelineService"}) {
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    ASSERT_NE(descriptor, nullptr);
    for (int i = 0; i < descriptor->method_count(); ++i) {
      const std::string method = "/" + std::string(service) + "/" + descriptor->method(i)->name();
      for (const std::string& bytes : {std::string("\xff\xff\xff"), std::string("\x0a\x7f"), std::string("\x00", 1)}) {
        const auto status = send(method, bytes);
        EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "MALFORMED_REQUEST")) << method;
        EXPECT_THAT(status.error_message(), HasSubstr(descriptor->method(i)->input_type()->full_name()));
      }
    }
  }
}

TEST_F(RequestBytesTest, NamesTheFieldThatIsNotUtf8) {
  const auto name = send("/sluice.v1.QueueService/Put", "\x0a\x01\xff");
  EXPECT_THAT(name, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_UTF8"));
  EXPECT_EQ(metadata_of(name, "field"), "sluice.v1.PutRequest.queue");

  // items { attributes { key: "k" value: <no UTF-8> } }
  const auto attribute = send("/sluice.v1.QueueService/Put", "\x12\x08\x12\x06\x0a\x01k\x12\x01\xff");
  EXPECT_THAT(attribute, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_UTF8"));
  EXPECT_EQ(metadata_of(attribute, "field"), "sluice.v1.NewItem.AttributesEntry.value");

  // The same within a stream's request.
  EXPECT_THAT(send("/sluice.v1.QueueService/JoinQueue", "\x0a\x01\xff"),
              FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_UTF8"));
}

TEST_F(RequestBytesTest, PayloadsMayBeAnything) {
  v1::PutRequest request;
  request.set_queue("tasks");
  request.add_items()->set_payload("\xff\xfe");
  EXPECT_THAT(send("/sluice.v1.QueueService/Put", request.SerializeAsString()), IsOk());
}

TEST_F(RequestBytesTest, SkipsFieldsItDoesNotKnow) {
  v1::GetQueueRequest request;
  request.set_queue("tasks");
  // Field 1000 = 1, of a newer client.
  EXPECT_THAT(send("/sluice.v1.QueueService/GetQueue", request.SerializeAsString() + "\xc0\x3e\x01"), IsOk());
}

TEST_F(RequestBytesTest, StopsWhatIsTooLargeToParse) {
  EXPECT_EQ(send("/sluice.v1.QueueService/Put", std::string(33 << 20, 'x')).error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(RequestBytesTest, KnowsOnlyItsMethods) {
  for (const char* method : {"/sluice.v1.QueueService/Steal", "/sluice.v1.Nothing/Put", "/"}) {
    EXPECT_THAT(send(method, "bytes"), FailsWith(StatusCode::UNIMPLEMENTED, "UNIMPLEMENTED")) << method;
  }
}

}  // namespace
}  // namespace sluice::rpc
