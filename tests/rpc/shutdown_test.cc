// The beginning and the end of the server.
#include <vector>

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include "server/base/errors.h"
#include "tests/rpc/fixture.h"
#include "tests/rpc/held_journal.h"
#include "tests/rpc/reaction_log.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;
using testing::HasSubstr;

class ShutdownTest : public RpcTest {
 protected:
  void SetUp() override {
    ASSERT_THAT(client_.create("tasks", 1), IsOk());
    ASSERT_THAT(client_.create("empty"), IsOk());
  }

  // "1": serving, "2": not serving; field 1 of grpc.health.v1.HealthCheckResponse.
  std::string health(const std::string& service) {
    grpc::Slice slice("\x0a" + std::string(1, static_cast<char>(service.size())) + service);
    Pending<grpc::ByteBuffer> pending;
    grpc::ByteBuffer request(&slice, 1);
    grpc::GenericStub stub(client_.channel());
    stub.UnaryCall(&pending.context, "/grpc.health.v1.Health/Check", {}, &request, &pending.response,
                   [&pending](const grpc::Status& status) { pending.done.set_value(status); });
    if (!pending.end().ok()) return "?";
    grpc::Slice answer;
    EXPECT_TRUE(pending.response.DumpToSingleSlice(&answer).ok());
    return answer.size() == 2 ? std::to_string(answer.begin()[1]) : "?";
  }
};

TEST_F(ShutdownTest, HealthTellsOfEveryService) {
  const std::vector<std::string> takes_calls = {
      "",
      "sluice.v1.QueueService",
      "sluice.v1.PipelineService",
      "sluice.v1.JobService",
      "sluice.v1.LimitService",
      "sluice.v1.ScheduleService",
      "sluice.v1.StoreService",
  };
  for (const auto& service : takes_calls) EXPECT_EQ(health(service), "1") << service;
  EXPECT_EQ(health("readiness"), "1");
  EXPECT_EQ(health("liveness"), "1");
  EXPECT_EQ(health("sluice.v1.Nothing"), "?");
  server_.grpc().refuse_new_work();
  for (const auto& service : takes_calls) EXPECT_EQ(health(service), "2") << service;
  EXPECT_EQ(health("readiness"), "2");
  EXPECT_EQ(health("liveness"), "1") << "a drain is no reason to be killed";
}

TEST_F(ShutdownTest, AFullStoreEndsReadinessAndNothingElse) {
  server_.grpc().set_room(false);
  EXPECT_EQ(health("readiness"), "2");
  for (const char* service : {"", "sluice.v1.QueueService", "liveness"}) EXPECT_EQ(health(service), "1") << service;
  server_.grpc().set_room(true);
  EXPECT_EQ(health("readiness"), "1");
  server_.grpc().refuse_new_work();
  server_.grpc().set_room(false);
  server_.grpc().set_room(true);
  EXPECT_EQ(health("readiness"), "2") << "room is no reason to take work again";
}

TEST_F(ShutdownTest, ReflectionShowsTheServices) {
  // list_services: "" of grpc.reflection.v1alpha.ServerReflectionRequest, field 7.
  grpc::Slice slice(std::string("\x3a\x00", 2));
  Pending<grpc::ByteBuffer> pending;
  grpc::ByteBuffer request(&slice, 1);
  grpc::GenericStub stub(client_.channel());
  stub.UnaryCall(&pending.context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {}, &request,
                 &pending.response, [&pending](const grpc::Status& status) { pending.done.set_value(status); });
  ASSERT_THAT(pending.end(), IsOk());
  grpc::Slice answer;
  ASSERT_TRUE(pending.response.DumpToSingleSlice(&answer).ok());
  const std::string text(reinterpret_cast<const char*>(answer.begin()), answer.size());
  EXPECT_THAT(text, HasSubstr("sluice.v1.QueueService"));
  EXPECT_THAT(text, HasSubstr("sluice.v1.PipelineService"));
}

TEST_F(ShutdownTest, RefusesNewWorkWhileConsumersFinishTheirs) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto item = client_.get("tasks");
  server_.grpc().refuse_new_work();

  EXPECT_THAT(client_.put("tasks", "y"), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  EXPECT_THAT(client_.create("more"), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  EXPECT_THAT(client_.start_get("tasks")->end(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  v1::CreatePipelineResponse created;
  EXPECT_THAT(client_.call(&Client::Pipelines::CreatePipeline, v1::CreatePipelineRequest(), created),
              FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  grpc::ClientContext context;
  v1::JoinQueueRequest join;
  join.set_queue("tasks");
  EXPECT_THAT(client_.queues().JoinQueue(&context, join)->Finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));

  v1::ExtendRequest extend;
  extend.set_queue("tasks");
  extend.add_lease_tokens(item.lease_token());
  v1::ExtendResponse extended;
  ASSERT_THAT(client_.call(&Queues::Extend, extend, extended), IsOk());
  EXPECT_EQ(extended.results(0).error_reason(), "");
  EXPECT_THAT(client_.complete("tasks", item), IsOk());
  EXPECT_EQ(client_.look("tasks").unfinished(), 0U);
}

TEST_F(ShutdownTest, EndsWhoeverWaits) {
  ASSERT_THAT(client_.create("from"), IsOk());
  ASSERT_THAT(client_.put("from", "z"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto put = client_.start_put("tasks", "y");
  std::vector<std::unique_ptr<Pending<v1::GetResponse>>> gets;
  for (int i = 0; i < 1'000; ++i) gets.push_back(client_.start_get("empty"));
  v1::CompleteRequest request;
  request.set_queue("from");
  auto& completion = *request.add_completions();
  completion.set_lease_token(client_.get("from").lease_token());
  completion.add_outputs()->set_queue("tasks");
  const auto complete = client_.start_complete(request);
  grpc::ClientContext context;
  v1::JoinQueueRequest join;
  join.set_queue("tasks");
  const auto reader = client_.queues().JoinQueue(&context, join);
  ASSERT_TRUE(eventually([&] { return client_.look("empty").waiting_gets() == gets.size(); }));
  ASSERT_TRUE(eventually([&] {
    const auto queue = client_.look("tasks");
    return queue.waiting_puts() == 2 && queue.waiting_joins() == 1;
  }));

  const auto begin = std::chrono::steady_clock::now();
  server_.grpc().shutdown(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);

  EXPECT_THAT(put->end(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  for (const auto& get : gets) ASSERT_THAT(get->end(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  EXPECT_THAT(complete->end(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  v1::JoinQueueResponse message;
  while (reader->Read(&message)) continue;
  EXPECT_THAT(reader->Finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
}

TEST_F(ShutdownTest, CanBeAskedTwice) {
  server_.grpc().shutdown(5s);
  server_.grpc().shutdown(5s);
  EXPECT_EQ(client_.put("tasks", "x").error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(ShutdownTest, SaysThatThePortIsTaken) {
  base::SystemClock clock;
  GrpcServer second(server_.runtime(), clock);
  const auto port = second.start(server_.address());
  ASSERT_FALSE(port.ok());
  EXPECT_TRUE(base::is(port.status(), base::Reason::kCannotListen)) << port.status();
  EXPECT_THAT(std::string(port.status().message()), HasSubstr(server_.address() + ": Address already in use"));
  EXPECT_THAT(client_.put("tasks", "x"), IsOk());
}

TEST_F(ShutdownTest, SaysThatTheHostIsNotThisMachine) {
  base::SystemClock clock;
  GrpcServer second(server_.runtime(), clock);
  const auto port = second.start("192.0.2.1:0");
  ASSERT_FALSE(port.ok());
  EXPECT_TRUE(base::is(port.status(), base::Reason::kCannotListen)) << port.status();
}

TEST_F(ShutdownTest, SaysWhatIsNoAddress) {
  base::SystemClock clock;
  for (const char* address :
       {"", "7410", "localhost", "localhost:", ":7410", "localhost:x", "localhost:65536", "localhost:-1", "::1:7410"}) {
    GrpcServer second(server_.runtime(), clock);
    const auto port = second.start(address);
    ASSERT_FALSE(port.ok()) << address;
    EXPECT_TRUE(base::is(port.status(), base::Reason::kInvalidValue)) << port.status();
  }
}

TEST(FailedStore, IsToldToEveryCaller) {
  ReactionLog reactions;
  auto owned = std::make_unique<HeldJournal>();
  HeldJournal& journal = *owned;
  TestServer server(std::move(owned));
  Client client(server);
  ASSERT_THAT(client.create("tasks"), IsOk());
  ASSERT_THAT(client.create("empty"), IsOk());
  const auto waiting = client.start_get("empty");
  ASSERT_TRUE(eventually([&] { return client.look("empty").waiting_gets() == 1; }));
  journal.hold();
  const auto uncommitted = client.start_put("tasks", "x");
  ASSERT_TRUE(reactions.wait_for("QueueService/Put"));
  journal.fail();
  EXPECT_THAT(uncommitted->end(), FailsWith(StatusCode::UNAVAILABLE, "STORE_FAILED"));
  EXPECT_THAT(waiting->end(), FailsWith(StatusCode::UNAVAILABLE, "STORE_FAILED"));
  EXPECT_THAT(client.put("tasks", "y"), FailsWith(StatusCode::UNAVAILABLE, "STORE_FAILED"));
}

}  // namespace
}  // namespace sluice::rpc
