// The trace context of a call: from its metadata to the items that it puts, and into the log of what is refused.
#include <map>

#include <gmock/gmock.h>

#include "server/base/errors.h"
#include "server/rpc/refusals.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class TraceTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks"), IsOk()); }

  using Metadata = std::vector<std::pair<std::string, std::string>>;

  static void prepare(grpc::ClientContext& context, const Metadata& metadata) {
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  }
  grpc::Status put(const std::string& payload, const Metadata& metadata, const std::string& request_id = "") {
    grpc::ClientContext context;
    prepare(context, metadata);
    v1::PutRequest request;
    request.set_queue("tasks");
    request.set_request_id(request_id);
    request.add_items()->set_payload(payload);
    v1::PutResponse response;
    return client_.queues().Put(&context, request, &response);
  }
  std::map<std::string, std::string> attributes_after(const Metadata& metadata) {
    EXPECT_THAT(put("x", metadata), IsOk());
    const auto item = client_.get("tasks");
    return {item.attributes().begin(), item.attributes().end()};
  }
};

TEST_F(TraceTest, GoesFromThePutToItsItems) {
  EXPECT_THAT(attributes_after({{"traceparent", kParent}, {"tracestate", "a=1"}}),
              UnorderedElementsAre(Pair("traceparent", kParent), Pair("tracestate", "a=1")));
  EXPECT_THAT(attributes_after({{"traceparent", kParent}}), UnorderedElementsAre(Pair("traceparent", kParent)));
}

TEST_F(TraceTest, OfSeveralStatesIsOneList) {
  EXPECT_THAT(attributes_after({{"traceparent", kParent}, {"tracestate", "a=1"}, {"tracestate", "b=2"}}),
              Contains(Pair("tracestate", "a=1,b=2")));
}

TEST_F(TraceTest, ThatIsMalformedIsIgnored) {
  EXPECT_THAT(attributes_after({{"traceparent", "00-nonsense"}, {"tracestate", "a=1"}}), IsEmpty());
  EXPECT_THAT(attributes_after({{"traceparent", kParent}, {"traceparent", kParent}}), IsEmpty()) << "there can be only one";
  EXPECT_THAT(attributes_after({{"tracestate", "a=1"}}), IsEmpty());
}

TEST_F(TraceTest, OfAStreamIsThatOfAllItsItems) {
  grpc::ClientContext context;
  prepare(context, {{"traceparent", kParent}});
  const auto stream = client_.queues().Produce(&context);
  v1::ProduceRequest request;
  request.set_queue("tasks");
  for (const char* payload : {"a", "b"}) {
    request.add_items()->set_payload(payload);
    ASSERT_TRUE(stream->Write(request));
    request.Clear();
  }
  stream->WritesDone();
  for (v1::ProduceResponse response; stream->Read(&response);) continue;
  ASSERT_THAT(stream->Finish(), IsOk());
  for (int i = 0; i < 2; ++i) {
    const auto item = client_.get("tasks");
    EXPECT_EQ(item.attributes().at("traceparent"), kParent) << item.payload();
  }
}

TEST_F(TraceTest, AndRequestIdAreInTheLogOfWhatIsRefused) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(put(std::string((4U << 20) + 1, 's'), {{"traceparent", kParent}}, "my-request").ok());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("a call was refused"), HasSubstr("QueueService/Put"), HasSubstr("PAYLOAD_TOO_LARGE"),
                         HasSubstr("my-request"), HasSubstr("4bf92f3577b34da6a3ce929d0e0e4736"), Not(HasSubstr("ssss"))));
}

TEST(Refusals, OfWhatComesWhileTheStoreIsReadAreInTheLog) {
  const grpc::CallbackServerContext context;
  testing::internal::CaptureStderr();
  log_refusal("QueueService/JoinQueue", base::error(base::Reason::kRecovering, "the store is still read"), context);
  log_refusal("QueueService/Put", base::error(base::Reason::kQueueFull, "in the ordinary way of things"), context);
  log_refusal("QueueService/Get", absl::OkStatus(), context);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("a call was refused"), HasSubstr("RECOVERING"), HasSubstr("JoinQueue"),
                    Not(HasSubstr("QUEUE_FULL")), Not(HasSubstr("QueueService/Get"))));
}

}  // namespace
}  // namespace sluice::rpc
