// Joins: their progress, their end, and their readers' ways.
#include "server/log/log.h"
#include "tests/rpc/fixture.h"
#include "tests/rpc/reaction_log.h"

namespace sluice::rpc {
namespace {

using Pipelines = Client::Pipelines;
using Queues = Client::Queues;
using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A join of a queue under way.
struct Join {
  Join(Client& client, const v1::JoinQueueRequest& request) : reader(client.queues().JoinQueue(&context, request)) {}

  // The last message, the others skipped.
  v1::JoinQueueResponse last() {
    v1::JoinQueueResponse message;
    v1::JoinQueueResponse last;
    while (reader->Read(&message)) last = message;
    return last;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::JoinQueueResponse>> reader;
};

v1::JoinQueueRequest join_request(std::chrono::milliseconds interval = 10ms) {
  v1::JoinQueueRequest request;
  request.set_queue("tasks");
  *request.mutable_progress_interval() = duration(interval);
  return request;
}

class JoinTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks"), IsOk()); }

  void end_join() { ASSERT_THAT(client_.complete("tasks", client_.get("tasks")), IsOk()); }
};

TEST_F(JoinTest, EndsAtOnceWhenNothingIsUnfinished) {
  Join join(client_, join_request());
  v1::JoinQueueResponse message;
  ASSERT_TRUE(join.reader->Read(&message));
  EXPECT_TRUE(message.done());
  EXPECT_EQ(message.queue().name(), "tasks");
  EXPECT_FALSE(join.reader->Read(&message));
  EXPECT_THAT(join.reader->Finish(), IsOk());
}

TEST_F(JoinTest, WhyItDoesNotGetOnIsInTheLogOnce) {
  testing::internal::CaptureStderr();
  ASSERT_THAT(client_.put("tasks", "secret"), IsOk());
  Join join(client_, join_request());
  v1::JoinQueueResponse message;
  ASSERT_TRUE(join.reader->Read(&message));
  ASSERT_THAT(client_.put("tasks", "another"), IsOk());
  while (message.queue().unfinished() < 2) ASSERT_TRUE(join.reader->Read(&message));
  EXPECT_GT(message.queue().stalls_size(), 0);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("a join does not get on"), HasSubstr("no consumer"), Not(HasSubstr("secret"))));
  EXPECT_EQ(log.find("a join does not"), log.rfind("a join does not"));
}

TEST_F(JoinTest, ItsEndIsInTheLogWhereOneLooksClosely) {
  log::set_level(log::Level::kDebug);
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Join(client_, join_request()).last().done());
  v1::JoinQueueRequest request;
  request.set_queue("missing");
  Join missing(client_, request);
  missing.last();
  EXPECT_THAT(missing.reader->Finish(), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  log::set_level(log::Level::kInfo);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("a join is done"), HasSubstr("a call was refused"), HasSubstr("QUEUE_NOT_FOUND")));
}

TEST_F(JoinTest, WaitsForWhatIsBeingWorkedOn) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Join join(client_, join_request(1h));
  v1::JoinQueueResponse message;
  ASSERT_TRUE(join.reader->Read(&message));
  EXPECT_FALSE(message.done());
  EXPECT_EQ(message.queue().unfinished(), 1U);
  EXPECT_EQ(client_.look("tasks").waiting_joins(), 1U);
  const auto item = client_.get("tasks");
  EXPECT_EQ(client_.look("tasks").waiting_joins(), 1U);
  ASSERT_THAT(client_.complete("tasks", item), IsOk());
  const auto last = join.last();
  EXPECT_TRUE(last.done());
  EXPECT_EQ(last.queue().unfinished(), 0U);
  EXPECT_EQ(last.queue().counters().done(), 1U);
  EXPECT_THAT(join.reader->Finish(), IsOk());
}

TEST_F(JoinTest, TellsProgress) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Join join(client_, join_request());
  v1::JoinQueueResponse message;
  ASSERT_TRUE(join.reader->Read(&message));
  ASSERT_THAT(client_.put("tasks", "y"), IsOk());
  while (message.queue().unfinished() != 2) ASSERT_TRUE(join.reader->Read(&message));
  EXPECT_FALSE(message.done());
  join.context.TryCancel();
  EXPECT_EQ(join.reader->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(JoinTest, CanBeResumedAfterTheQueueWasIdle) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Join broken(client_, join_request());
  v1::JoinQueueResponse message;
  ASSERT_TRUE(broken.reader->Read(&message));
  const auto idle_count = message.idle_count();
  broken.context.TryCancel();
  (void)broken.reader->Finish();
  ASSERT_NO_FATAL_FAILURE(end_join());
  ASSERT_THAT(client_.put("tasks", "y"), IsOk());

  auto request = join_request();
  request.set_since_idle_count(idle_count);
  Join resumed(client_, request);
  ASSERT_TRUE(resumed.reader->Read(&message));
  EXPECT_TRUE(message.done());
}

TEST_F(JoinTest, IsForgottenWhenItsReaderLeaves) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Join join(client_, join_request());
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_joins() == 1; }));
  join.context.TryCancel();
  EXPECT_EQ(join.reader->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(eventually([&] { return client_.look("tasks").waiting_joins() == 0; }));
}

TEST_F(JoinTest, EndsAtItsDeadline) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 50ms);
  const auto reader = client_.queues().JoinQueue(&context, join_request());
  v1::JoinQueueResponse message;
  while (reader->Read(&message)) EXPECT_FALSE(message.done());
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(eventually([&] { return client_.look("tasks").waiting_joins() == 0; }));
}

TEST_F(JoinTest, EndsWithItsQueue) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  Join join(client_, join_request());
  v1::JoinQueueResponse message;
  ASSERT_TRUE(join.reader->Read(&message));
  v1::DeleteQueueRequest request;
  request.set_queue("tasks");
  request.set_force(true);
  v1::DeleteQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::DeleteQueue, request, response), IsOk());
  EXPECT_FALSE(join.last().done());
  const auto status = join.reader->Finish();
  EXPECT_THAT(status, FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  EXPECT_EQ(metadata_of(status, "queue"), "tasks");
}

TEST_F(JoinTest, RefusesBadRequests) {
  auto request = join_request();
  request.set_queue("missing");
  Join missing(client_, request);
  EXPECT_THAT(missing.reader->Finish(), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  request.set_queue("no name");
  Join invalid(client_, request);
  EXPECT_THAT(invalid.reader->Finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
  Join too_often(client_, join_request(9ms));
  EXPECT_THAT(too_often.reader->Finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST(SlowReader, GetsTheNewestAndCostsNoMemory) {
  ReactionLog reactions;
  TestServer server;
  Client client(server);
  // Each message of this join is some 100 KiB, more than what this client takes unread.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65'535);
  const auto channel = grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), arguments);
  const auto slow = v1::PipelineService::NewStub(channel);
  v1::CreatePipelineRequest create;
  create.mutable_pipeline()->set_name("wide");
  for (int i = 0; i < 100; ++i) {
    auto& stage = *create.mutable_pipeline()->add_stages();
    stage.set_input("q" + std::to_string(i) + (i > 0 ? std::string(190, '-') : ""));
    stage.set_handler("echo");
    stage.set_workers(0);
  }
  v1::CreatePipelineResponse created;
  ASSERT_THAT(client.call(&Pipelines::CreatePipeline, create, created), IsOk());
  ASSERT_THAT(client.put("q0", "x"), IsOk());

  v1::JoinPipelineRequest request;
  request.set_pipeline("wide");
  *request.mutable_progress_interval() = duration(10ms);
  grpc::ClientContext context;
  const auto reader = slow->JoinPipeline(&context, request);
  // Nobody reads. Each put is progress, told when its 10 ms are over.
  constexpr std::size_t kTold = 40;
  for (std::size_t told = 1; told <= kTold; ++told) {
    ASSERT_THAT(client.put("q0", "x"), IsOk());
    ASSERT_TRUE(reactions.wait_for("PipelineService/JoinPipeline", told + 1));
  }
  v1::ClosePipelineRequest close;
  close.set_pipeline("wide");
  close.set_immediate(true);
  v1::ClosePipelineResponse closed;
  ASSERT_THAT(client.call(&Pipelines::ClosePipeline, close, closed), IsOk());

  std::size_t messages = 0;
  v1::JoinPipelineResponse message;
  while (reader->Read(&message)) ++messages;
  EXPECT_TRUE(message.done());
  EXPECT_LT(messages, kTold / 2);
  EXPECT_THAT(reader->Finish(), IsOk());
}

}  // namespace
}  // namespace sluice::rpc
