// The calls on pipelines, stages and handlers.
#include <vector>

#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using Pipelines = Client::Pipelines;
using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

// in -> echo -> middle -> copy -> out
v1::CreatePipelineRequest two_stages(const std::string& name, std::uint32_t workers = 2) {
  v1::CreatePipelineRequest request;
  auto& pipeline = *request.mutable_pipeline();
  pipeline.set_name(name);
  auto& first = *pipeline.add_stages();
  first.set_name("first");
  first.set_input(name + "/in");
  first.set_output(name + "/middle");
  first.set_handler("echo");
  first.set_workers(workers);
  first.mutable_retry()->set_max_attempts(3);
  auto& second = *pipeline.add_stages();
  second.set_name("second");
  second.set_input(name + "/middle");
  second.set_output(name + "/out");
  second.set_handler("copy");
  second.set_workers(workers);
  return request;
}

class PipelineServiceTest : public RpcTest {
 protected:
  grpc::Status create(const v1::CreatePipelineRequest& request) {
    v1::CreatePipelineResponse response;
    return client_.call(&Pipelines::CreatePipeline, request, response);
  }

  v1::Pipeline look(const std::string& pipeline) {
    v1::GetPipelineRequest request;
    request.set_pipeline(pipeline);
    v1::GetPipelineResponse response;
    EXPECT_THAT(client_.call(&Pipelines::GetPipeline, request, response), IsOk());
    return response.pipeline();
  }
};

TEST_F(PipelineServiceTest, CreatesAPipelineThatWorks) {
  v1::CreatePipelineResponse created;
  ASSERT_THAT(client_.call(&Pipelines::CreatePipeline, two_stages("p"), created), IsOk());
  const auto& pipeline = created.pipeline();
  EXPECT_EQ(pipeline.name(), "p");
  ASSERT_EQ(pipeline.stages_size(), 2);
  EXPECT_EQ(pipeline.stages(0).spec().handler(), "echo");
  EXPECT_EQ(pipeline.stages(0).spec().workers(), 2U);
  EXPECT_EQ(pipeline.stages(0).spec().retry().max_attempts(), 3U);
  EXPECT_EQ(pipeline.stages(0).state(), v1::STAGE_STATE_RUNNING);
  ASSERT_EQ(pipeline.queues_size(), 3);
  EXPECT_EQ(pipeline.queues(0).name(), "p/in");
  EXPECT_EQ(pipeline.queues(0).pipeline(), "p");

  ASSERT_THAT(client_.put("p/in", "x"), IsOk());
  ASSERT_TRUE(eventually([&] { return client_.look("p/out").waiting() == 1; }));
  EXPECT_EQ(client_.get("p/out").payload(), "x");
  EXPECT_TRUE(eventually([&] { return look("p").stages(1).succeeded() == 1; }));
}

TEST_F(PipelineServiceTest, ClosesAndJoinsAsOne) {
  ASSERT_THAT(create(two_stages("p")), IsOk());
  for (int i = 0; i < 50; ++i) ASSERT_THAT(client_.put("p/in", std::to_string(i)), IsOk());
  v1::ClosePipelineRequest close;
  close.set_pipeline("p");
  v1::ClosePipelineResponse closed;
  ASSERT_THAT(client_.call(&Pipelines::ClosePipeline, close, closed), IsOk());
  EXPECT_EQ(closed.pipeline().queues(0).state(), v1::QUEUE_STATE_CLOSED);

  v1::JoinPipelineRequest join;
  join.set_pipeline("p");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto reader = client_.pipelines().JoinPipeline(&context, join);
  v1::JoinPipelineResponse message;
  while (reader->Read(&message)) continue;
  ASSERT_THAT(reader->Finish(), IsOk());
  EXPECT_TRUE(message.done());
  EXPECT_TRUE(message.pipeline().finished());
  EXPECT_EQ(message.pipeline().unfinished(), 0U);
  EXPECT_EQ(client_.look("p/out").waiting(), 50U);
  EXPECT_EQ(client_.look("p/out").state(), v1::QUEUE_STATE_CLOSED);
  EXPECT_EQ(look("p").stages(0).state(), v1::STAGE_STATE_FINISHED);
}

TEST_F(PipelineServiceTest, RefusesWhatIsNoPipeline) {
  EXPECT_THAT(create({}), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  v1::CreatePipelineRequest empty;
  empty.mutable_pipeline()->set_name("p");
  EXPECT_THAT(create(empty), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_PIPELINE"));
  EXPECT_THAT(create(two_stages("no name")), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
}

TEST_F(PipelineServiceTest, KnowsItsHandlers) {
  auto request = two_stages("p");
  request.mutable_pipeline()->mutable_stages(1)->set_handler("telepathy");
  const auto status = create(request);
  EXPECT_THAT(status, FailsWith(StatusCode::NOT_FOUND, "HANDLER_NOT_FOUND"));
  EXPECT_EQ(metadata_of(status, "field"), "pipeline.stages[1].handler");
  EXPECT_EQ(metadata_of(status, "pipeline"), "p");
  EXPECT_THAT(status.error_message(), HasSubstr("\"telepathy\""));
  // Nothing was created.
  v1::ListQueuesResponse queues;
  ASSERT_THAT(client_.call(&Queues::ListQueues, v1::ListQueuesRequest(), queues), IsOk());
  EXPECT_EQ(queues.queues_size(), 0);
}

TEST_F(PipelineServiceTest, CreatesAPipelineOnce) {
  ASSERT_THAT(create(two_stages("p")), IsOk());
  EXPECT_THAT(create(two_stages("p")), FailsWith(StatusCode::ALREADY_EXISTS, "PIPELINE_EXISTS"));
}

TEST_F(PipelineServiceTest, TakesNoQueueWithOtherSettings) {
  ASSERT_THAT(client_.create("p/in", 7), IsOk());
  auto request = two_stages("p");
  auto& queue = *request.mutable_pipeline()->add_queues();
  queue.set_name("p/in");
  queue.mutable_settings()->set_capacity(8);
  EXPECT_THAT(create(request), FailsWith(StatusCode::ALREADY_EXISTS, "QUEUE_EXISTS"));
}

TEST_F(PipelineServiceTest, ListsInOrderPageByPage) {
  for (const char* name : {"c", "a", "b"}) ASSERT_THAT(create(two_stages(name, 0)), IsOk());
  v1::ListPipelinesRequest request;
  request.set_page_size(2);
  v1::ListPipelinesResponse response;
  ASSERT_THAT(client_.call(&Pipelines::ListPipelines, request, response), IsOk());
  ASSERT_EQ(response.pipelines_size(), 2);
  EXPECT_EQ(response.pipelines(0).name(), "a");
  EXPECT_EQ(response.pipelines(1).name(), "b");
  request.set_page_token(response.next_page_token());
  ASSERT_THAT(client_.call(&Pipelines::ListPipelines, request, response), IsOk());
  ASSERT_EQ(response.pipelines_size(), 1);
  EXPECT_EQ(response.pipelines(0).name(), "c");
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(PipelineServiceTest, DeletesAPipelineWithItsQueues) {
  ASSERT_THAT(create(two_stages("p", 0)), IsOk());
  ASSERT_THAT(client_.put("p/in", "x"), IsOk());
  v1::DeleteQueueRequest queue;
  queue.set_queue("p/in");
  v1::DeleteQueueResponse kept;
  EXPECT_THAT(client_.call(&Queues::DeleteQueue, queue, kept), FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_IN_USE"));

  v1::DeletePipelineRequest request;
  request.set_pipeline("p");
  v1::DeletePipelineResponse response;
  EXPECT_THAT(client_.call(&Pipelines::DeletePipeline, request, response),
              FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_NOT_EMPTY"));
  request.set_force(true);
  ASSERT_THAT(client_.call(&Pipelines::DeletePipeline, request, response), IsOk());
  EXPECT_EQ(response.discarded(), 1U);
  EXPECT_THAT(client_.put("p/in", "x"), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
}

TEST_F(PipelineServiceTest, ScalesPausesAndResumesAStage) {
  ASSERT_THAT(create(two_stages("p")), IsOk());
  v1::ScaleStageRequest scale;
  scale.set_pipeline("p");
  scale.set_stage("first");
  scale.set_workers(5);
  v1::ScaleStageResponse scaled;
  ASSERT_THAT(client_.call(&Pipelines::ScaleStage, scale, scaled), IsOk());
  EXPECT_EQ(scaled.stage().spec().name(), "first");
  EXPECT_EQ(scaled.stage().spec().workers(), 5U);
  EXPECT_TRUE(eventually([&] { return look("p").stages(0).workers() == 5; }));

  v1::PauseStageRequest pause;
  pause.set_pipeline("p");
  pause.set_stage("first");
  v1::PauseStageResponse paused;
  ASSERT_THAT(client_.call(&Pipelines::PauseStage, pause, paused), IsOk());
  EXPECT_EQ(paused.stage().state(), v1::STAGE_STATE_PAUSED);
  ASSERT_TRUE(eventually([&] { return look("p").stages(0).workers() == 0; }));
  ASSERT_THAT(client_.put("p/in", "x"), IsOk());
  EXPECT_EQ(client_.look("p/in").waiting(), 1U);
  ASSERT_EQ(look("p").stalls_size(), 1);
  EXPECT_EQ(look("p").stalls(0).reason(), "STAGE_PAUSED");

  v1::ResumeStageRequest resume;
  resume.set_pipeline("p");
  resume.set_stage("first");
  v1::ResumeStageResponse resumed;
  ASSERT_THAT(client_.call(&Pipelines::ResumeStage, resume, resumed), IsOk());
  EXPECT_EQ(resumed.stage().state(), v1::STAGE_STATE_RUNNING);
  EXPECT_TRUE(eventually([&] { return client_.look("p/out").waiting() == 1; }));
}

template <class Request, class Response>
void expect_name_errors(Client& client, grpc::Status (Pipelines::*method)(grpc::ClientContext*, const Request&, Response*),
                        Request request = {}) {
  SCOPED_TRACE(request.GetTypeName());
  Response response;
  request.set_pipeline("missing");
  const auto missing = client.call(method, request, response);
  EXPECT_THAT(missing, FailsWith(StatusCode::NOT_FOUND, "PIPELINE_NOT_FOUND"));
  EXPECT_EQ(metadata_of(missing, "pipeline"), "missing");
  request.set_pipeline(std::string(300, 'x'));
  EXPECT_THAT(client.call(method, request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
}

TEST_F(PipelineServiceTest, SaysWhichPipelineOrStageIsMissing) {
  expect_name_errors(client_, &Pipelines::GetPipeline);
  expect_name_errors(client_, &Pipelines::DeletePipeline);
  expect_name_errors(client_, &Pipelines::ClosePipeline);
  v1::ScaleStageRequest scale;
  scale.set_stage("s");
  expect_name_errors(client_, &Pipelines::ScaleStage, scale);
  v1::PauseStageRequest pause;
  pause.set_stage("s");
  expect_name_errors(client_, &Pipelines::PauseStage, pause);
  v1::ResumeStageRequest resume;
  resume.set_stage("s");
  expect_name_errors(client_, &Pipelines::ResumeStage, resume);

  ASSERT_THAT(create(two_stages("p", 0)), IsOk());
  scale.set_pipeline("p");
  v1::ScaleStageResponse response;
  EXPECT_THAT(client_.call(&Pipelines::ScaleStage, scale, response), FailsWith(StatusCode::NOT_FOUND, "STAGE_NOT_FOUND"));
  scale.set_workers(1'001);
  EXPECT_THAT(client_.call(&Pipelines::ScaleStage, scale, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST_F(PipelineServiceTest, ListsHandlers) {
  v1::ListHandlersRequest request;
  request.set_page_size(2);
  v1::ListHandlersResponse response;
  ASSERT_THAT(client_.call(&Pipelines::ListHandlers, request, response), IsOk());
  ASSERT_EQ(response.handlers_size(), 2);
  EXPECT_EQ(response.handlers(0).name(), "copy");
  EXPECT_EQ(response.handlers(0).kind(), "native");
  EXPECT_EQ(response.handlers(0).description(), "Gives its input back.");
  EXPECT_EQ(response.handlers(0).timeout().seconds(), 90);
  EXPECT_EQ(response.handlers(1).name(), "echo");
  request.set_page_token(response.next_page_token());
  ASSERT_THAT(client_.call(&Pipelines::ListHandlers, request, response), IsOk());
  ASSERT_EQ(response.handlers_size(), 1);
  EXPECT_EQ(response.handlers(0).name(), "mirror");
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_token("at:3");
  EXPECT_THAT(client_.call(&Pipelines::ListHandlers, request, response),
              FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

}  // namespace
}  // namespace sluice::rpc
