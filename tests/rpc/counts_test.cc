// Calls are counted by method and code.
#include <set>

#include <google/protobuf/descriptor.h>

#include "server/rpc/method.h"
#include "sluice/v1/job_service.grpc.pb.h"
#include "sluice/v1/limit_service.grpc.pb.h"
#include "sluice/v1/schedule_service.grpc.pb.h"
#include "sluice/v1/store_service.grpc.pb.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

class CountsTest : public RpcTest {
 protected:
  const base::CallCounts::Method& counted(std::string_view name) {
    const auto& counts = server_.grpc().counts();
    for (std::size_t i = 0; i < counts.names().size(); ++i) {
      if (counts.names()[i].method == name) return counts.method(i);
    }
    ADD_FAILURE() << "no such method: " << name;
    return counts.method(0);
  }
};

TEST_F(CountsTest, CountsWhatBecameOfEach) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  ASSERT_FALSE(client_.put("none", "x").ok());
  EXPECT_EQ(counted("CreateQueue").started, 1U);
  EXPECT_EQ(counted("Put").started, 2U);
  EXPECT_EQ(counted("Put").handled[grpc::StatusCode::OK], 1U);
  EXPECT_EQ(counted("Put").handled[grpc::StatusCode::NOT_FOUND], 1U);
  EXPECT_EQ(counted("Put").seconds.seen().count(), 2U);
  EXPECT_EQ(counted("Get").started, 0U);
}

TEST_F(CountsTest, CountsTheEndOfAWait) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  auto waiting = client_.start_get("tasks");
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_gets() == 1; }));
  EXPECT_EQ(counted("Get").started, 1U);
  EXPECT_EQ(counted("Get").handled[grpc::StatusCode::OK], 0U);
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  EXPECT_THAT(waiting->end(), IsOk());
  EXPECT_EQ(counted("Get").handled[grpc::StatusCode::OK], 1U);
}

TEST_F(CountsTest, CountsJoins) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  grpc::ClientContext context;
  v1::JoinQueueRequest request;
  request.set_queue("tasks");
  v1::JoinQueueResponse response;
  const auto stream = client_.queues().JoinQueue(&context, request);
  while (stream->Read(&response)) {
  }
  EXPECT_THAT(stream->Finish(), IsOk());
  EXPECT_EQ(counted("JoinQueue").started, 1U);
  EXPECT_EQ(counted("JoinQueue").handled[grpc::StatusCode::OK], 1U);
}

TEST(CallNames, AreThoseOfTheServices) {
  std::set<std::string> in_table;
  for (const auto& call : kCalls) in_table.insert(std::string(call.service) + "." + std::string(call.method));
  std::set<std::string> in_protos;
  for (const char* name : {v1::QueueService::service_full_name(), v1::PipelineService::service_full_name(),
                           v1::JobService::service_full_name(), v1::LimitService::service_full_name(),
                           v1::ScheduleService::service_full_name(), v1::StoreService::service_full_name()}) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr);
    for (int i = 0; i < service->method_count(); ++i) in_protos.insert(service->method(i)->full_name());
  }
  EXPECT_EQ(in_table, in_protos);
}

}  // namespace
}  // namespace sluice::rpc
