// Work: remote workers of a stage, and the list of them.
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

using Pipelines = Client::Pipelines;
using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// in -> (remote) -> middle, which has room for one, -> echo -> out
class WorkTest : public RpcTest {
 protected:
  void SetUp() override {
    v1::CreatePipelineRequest request;
    auto& pipeline = *request.mutable_pipeline();
    pipeline.set_name("p");
    auto& middle = *pipeline.add_queues();
    middle.set_name("middle");
    middle.mutable_settings()->set_capacity(1);
    auto& first = *pipeline.add_stages();
    first.set_name("first");
    first.set_input("in");
    first.set_output("middle");
    first.mutable_retry()->mutable_initial_backoff()->set_nanos(1'000'000);
    auto& second = *pipeline.add_stages();
    second.set_name("second");
    second.set_input("middle");
    second.set_output("out");
    second.set_handler("echo");
    v1::CreatePipelineResponse response;
    ASSERT_THAT(client_.call(&Pipelines::CreatePipeline, request, response), IsOk());
    ASSERT_EQ(response.pipeline().stages(0).spec().handler(), "remote");
    ASSERT_EQ(response.pipeline().stages(0).spec().workers(), 0U);
  }

  void fill(int count) {
    for (int i = 0; i < count; ++i) ASSERT_THAT(client_.put("in", std::to_string(i)), IsOk());
  }

  v1::ListWorkersResponse list(const std::string& pipeline = {}, std::uint32_t size = 0, const std::string& token = {}) {
    v1::ListWorkersRequest request;
    request.set_pipeline(pipeline);
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListWorkersResponse response;
    EXPECT_THAT(client_.call(&Pipelines::ListWorkers, request, response), IsOk());
    return response;
  }

  v1::Pipeline look() {
    v1::GetPipelineRequest request;
    request.set_pipeline("p");
    v1::GetPipelineResponse response;
    EXPECT_THAT(client_.call(&Pipelines::GetPipeline, request, response), IsOk());
    return response.pipeline();
  }

  void pause(bool pause) {
    v1::PauseStageRequest pausing;
    pausing.set_pipeline("p");
    pausing.set_stage("first");
    v1::ResumeStageRequest resuming;
    resuming.set_pipeline("p");
    resuming.set_stage("first");
    v1::PauseStageResponse paused;
    v1::ResumeStageResponse resumed;
    EXPECT_THAT(pause ? client_.call(&Pipelines::PauseStage, pausing, paused)
                      : client_.call(&Pipelines::ResumeStage, resuming, resumed),
                IsOk());
  }

  void close() {
    v1::ClosePipelineRequest request;
    request.set_pipeline("p");
    v1::ClosePipelineResponse response;
    EXPECT_THAT(client_.call(&Pipelines::ClosePipeline, request, response), IsOk());
  }
};

TEST_F(WorkTest, TakesItemsAndTheServerHandsTheResultsOn) {
  Worker worker(client_, "p", "first", 2);
  EXPECT_GT(worker.id(), 0U);
  EXPECT_EQ(worker.attached_to.input(), "in");
  EXPECT_EQ(worker.attached_to.output(), "middle");
  v1::PutRequest put;
  put.set_queue("in");
  auto& item = *put.add_items();
  item.set_payload("x");
  item.set_priority(7);
  (*item.mutable_attributes())["name"] = "letter";
  v1::PutResponse done;
  ASSERT_THAT(client_.call(&Queues::Put, put, done), IsOk());
  const auto taken = worker.take(1).at(0);
  EXPECT_EQ(taken.payload(), "x");
  EXPECT_EQ(worker.make(taken.lease_token(), "X"), "");
  ASSERT_TRUE(eventually([&] { return client_.look("out").waiting() == 1; }));
  const auto result = client_.get("out");
  EXPECT_EQ(result.payload(), "X");
  EXPECT_EQ(result.attributes().at("name"), "letter") << "the input's, as it had none of its own";
  EXPECT_EQ(result.priority(), 7);
  EXPECT_EQ(look().stages(0).succeeded(), 1U);
}

TEST_F(WorkTest, ResultsMayBeManyAndHaveAttributesOfTheirOwn) {
  v1::UpdateQueueRequest update;
  update.set_queue("middle");
  update.mutable_settings()->set_capacity(10);
  v1::UpdateQueueResponse updated;
  ASSERT_THAT(client_.call(&Queues::UpdateQueue, update, updated), IsOk());
  fill(2);
  Worker worker(client_, "p", "first", 2);
  const auto items = worker.take(2);
  v1::WorkRequest request;
  auto& result = *request.add_results();
  result.set_lease_token(items[0].lease_token());
  for (const char* name : {"a", "b"}) {
    auto& output = *result.add_outputs();
    output.set_payload(name);
    (*output.mutable_attributes()->mutable_attributes())["part"] = name;
  }
  request.add_results()->set_lease_token(items[1].lease_token());
  worker.write(request);
  EXPECT_EQ(worker.outcome(items[0].lease_token()), "");
  EXPECT_EQ(worker.outcome(items[1].lease_token()), "") << "no output at all";
  ASSERT_TRUE(eventually([&] { return client_.look("out").waiting() == 2; }));
  EXPECT_EQ(client_.get("out").attributes().at("part"), "a");
  EXPECT_EQ(client_.look("in").counters().done(), 2U);
}

TEST_F(WorkTest, FailuresFollowTheRetryPolicyAndReleasesCostNothing) {
  fill(1);
  Worker worker(client_, "p", "first");
  auto item = worker.take(1).at(0);
  v1::WorkRequest release;
  release.add_released(item.lease_token());
  worker.write(release);
  item = worker.take(1).at(0);
  EXPECT_EQ(item.attempt(), 1U);
  v1::WorkRequest fail;
  auto& failure = *fail.add_failures();
  failure.set_lease_token(item.lease_token());
  failure.mutable_failure()->set_message("once");
  worker.write(fail);
  item = worker.take(1).at(0);
  EXPECT_EQ(item.attempt(), 2U);
  EXPECT_EQ(item.last_failure().message(), "once");
  EXPECT_EQ(item.last_failure().stage(), "first");
  fail.mutable_failures(0)->set_lease_token(item.lease_token());
  fail.mutable_failures(0)->set_do_not_retry(true);
  worker.write(fail);
  EXPECT_EQ(worker.outcome(item.lease_token()), "");
  EXPECT_EQ(client_.get("in.dead").last_failure().message(), "once");
  EXPECT_EQ(look().stages(0).failed(), 2U);
}

TEST_F(WorkTest, AResultThatCannotBeHandedOnFailsTheAttempt) {
  fill(2);
  Worker worker(client_, "p", "first", 2);
  const auto items = worker.take(2);
  EXPECT_EQ(worker.make(items[0].lease_token(), std::string((4 << 20) + 1, 'x')), "PAYLOAD_TOO_LARGE");
  v1::CloseQueueRequest close;
  close.set_queue("middle");
  v1::CloseQueueResponse closed;
  ASSERT_THAT(client_.call(&Queues::CloseQueue, close, closed), IsOk());
  EXPECT_EQ(worker.make(items[1].lease_token(), "late"), "QUEUE_CLOSED");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client_.get("in.dead").last_failure().reason(), "OUTPUT_REFUSED");
  fill(1);
  EXPECT_THAT(worker.take(1), SizeIs(1)) << "one bad item does not stop a worker";
}

TEST_F(WorkTest, AResultWaitsForRoomWithTheItemHeld) {
  v1::PauseQueueRequest pause;
  pause.set_queue("middle");
  v1::PauseQueueResponse paused;
  ASSERT_THAT(client_.call(&Queues::PauseQueue, pause, paused), IsOk());
  ASSERT_THAT(client_.put("middle", "in the way"), IsOk());
  fill(2);
  Worker worker(client_, "p", "first");
  const auto item = worker.take(1).at(0);
  v1::WorkRequest request;
  auto& result = *request.add_results();
  result.set_lease_token(item.lease_token());
  result.add_outputs()->set_payload("X");
  worker.write(request);
  ASSERT_TRUE(eventually([&] { return client_.look("middle").waiting_puts() == 1; }));
  EXPECT_EQ(list().workers(0).in_flight(), 1U);
  v1::ResumeQueueRequest resume;
  resume.set_queue("middle");
  v1::ResumeQueueResponse resumed;
  ASSERT_THAT(client_.call(&Queues::ResumeQueue, resume, resumed), IsOk());
  EXPECT_EQ(worker.outcome(item.lease_token()), "");
  EXPECT_EQ(worker.take(1).at(0).payload(), "1");
}

TEST_F(WorkTest, OneThatDiesGivesItsItemsBackAndALaterResultIsFenced) {
  fill(2);
  std::uint64_t stale = 0;
  {
    Worker worker(client_, "p", "first", 2);
    stale = worker.take(2).at(0).lease_token();
    worker.vanish();
  }
  Worker other(client_, "p", "first", 2);
  const auto again = other.take(2);
  EXPECT_EQ(again[0].payload(), "0");
  EXPECT_EQ(again[0].attempt(), 2U);
  EXPECT_EQ(again[0].last_failure().reason(), "CONSUMER_LOST");
  EXPECT_EQ(other.make(stale, "late"), "LEASE_LOST");
  EXPECT_EQ(client_.look("in").counters().done(), 0U);
  EXPECT_THAT(list().workers(), SizeIs(1));
}

TEST_F(WorkTest, EndsOnlyWhatItWasGiven) {
  fill(1);
  Worker holder(client_, "p", "first");
  const auto item = holder.take(1).at(0);
  Worker other(client_, "p", "first");
  EXPECT_EQ(other.make(item.lease_token(), "stolen"), "LEASE_LOST");
  v1::WorkRequest request;
  request.add_failures()->set_lease_token(item.lease_token());
  other.write(request);
  EXPECT_EQ(other.outcome(item.lease_token()), "LEASE_LOST");
  EXPECT_EQ(holder.make(item.lease_token(), "X"), "");
  EXPECT_EQ(holder.make(item.lease_token(), "X"), "LEASE_LOST") << "it has ended";
}

TEST_F(WorkTest, WhoLeavesCostsNoAttempt) {
  fill(1);
  Worker worker(client_, "p", "first", 5);
  worker.take(1);
  v1::WorkRequest last;
  last.set_leaving(true);
  worker.write(last);
  worker.half_close();
  EXPECT_THAT(worker.finish(), IsOk());
  EXPECT_EQ(client_.get("in").attempt(), 1U);
  EXPECT_THAT(list().workers(), IsEmpty());
}

TEST_F(WorkTest, APausedStageHoldsThem) {
  Worker worker(client_, "p", "first");
  worker.id();
  pause(true);
  fill(1);
  EXPECT_EQ(look().stalls(0).reason(), "STAGE_PAUSED");
  EXPECT_EQ(client_.look("in").waiting(), 1U);
  pause(false);
  EXPECT_THAT(worker.take(1), SizeIs(1));
}

TEST_F(WorkTest, TheEndOfTheStageIsToldWhenEverythingIsDone) {
  fill(1);
  Worker worker(client_, "p", "first");
  const auto item = worker.take(1).at(0);
  Worker idle(client_, "p", "first");
  idle.id();
  close();
  EXPECT_EQ(look().stages(0).state(), v1::STAGE_STATE_RUNNING);
  EXPECT_EQ(worker.make(item.lease_token(), "X"), "");
  EXPECT_TRUE(worker.wait_for_end_of_work());
  EXPECT_TRUE(idle.wait_for_end_of_work());
  ASSERT_TRUE(eventually([&] { return look().finished(); }));
  EXPECT_EQ(client_.look("out").state(), v1::QUEUE_STATE_CLOSED);
  worker.half_close();
  EXPECT_THAT(worker.finish(), IsOk());
}

TEST_F(WorkTest, RemoteWorkersHelpTheServersOwn) {
  Worker worker(client_, "p", "second");
  worker.id();
  EXPECT_EQ(look().stages(1).remote_workers(), 1U);
  EXPECT_EQ(look().stages(1).workers(), 1U);
  v1::ScaleStageRequest scale;
  scale.set_pipeline("p");
  scale.set_stage("second");
  v1::ScaleStageResponse scaled;
  ASSERT_THAT(client_.call(&Pipelines::ScaleStage, scale, scaled), IsOk());
  ASSERT_THAT(client_.put("middle", "x"), IsOk());
  const auto item = worker.take(1).at(0);
  // The handler of this stage has a time-out.
  EXPECT_LT(item.lease_expire_time_us() - item.put_time_us(), std::chrono::microseconds(1h).count());
  EXPECT_EQ(worker.make(item.lease_token(), "y"), "");
  EXPECT_EQ(client_.get("out").payload(), "y");
}

TEST_F(WorkTest, AreListedPageByPage) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<Worker>(client_, "p", i < 2 ? "first" : "second"));
    workers.back()->id();
  }
  const auto page = list({}, 2);
  ASSERT_THAT(page.workers(), SizeIs(2));
  EXPECT_EQ(page.workers(0).name(), "test");
  EXPECT_THAT(page.workers(0).host(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(page.workers(0).pipeline(), "p");
  EXPECT_EQ(page.workers(0).stage(), "first");
  EXPECT_GT(page.workers(0).attach_time().seconds(), 0);
  const auto rest = list({}, 2, page.next_page_token());
  ASSERT_THAT(rest.workers(), SizeIs(1));
  EXPECT_EQ(rest.workers(0).worker_id(), workers[2]->id());
  EXPECT_THAT(rest.next_page_token(), IsEmpty());
  v1::ListWorkersRequest request;
  request.set_pipeline("q");
  v1::ListWorkersResponse response;
  EXPECT_THAT(client_.call(&Pipelines::ListWorkers, request, response), FailsWith(StatusCode::NOT_FOUND, "PIPELINE_NOT_FOUND"));
  request.set_pipeline("p");
  request.set_stage("third");
  EXPECT_THAT(client_.call(&Pipelines::ListWorkers, request, response), FailsWith(StatusCode::NOT_FOUND, "STAGE_NOT_FOUND"));
}

TEST_F(WorkTest, EndsWithTheReason) {
  EXPECT_THAT(Worker(client_, "q", "first").finish(), FailsWith(StatusCode::NOT_FOUND, "PIPELINE_NOT_FOUND"));
  EXPECT_THAT(Worker(client_, "p", "third").finish(), FailsWith(StatusCode::NOT_FOUND, "STAGE_NOT_FOUND"));
  EXPECT_THAT(Worker(client_, "p", "first", 100'001).finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  Worker astray(client_, "p", "first");
  v1::WorkRequest request;
  request.set_stage("second");
  astray.write(request);
  EXPECT_THAT(astray.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  Worker orphan(client_, "p", "first");
  orphan.id();
  v1::DeletePipelineRequest deletion;
  deletion.set_pipeline("p");
  v1::DeletePipelineResponse deleted;
  ASSERT_THAT(client_.call(&Pipelines::DeletePipeline, deletion, deleted), IsOk());
  EXPECT_THAT(orphan.finish(), FailsWith(StatusCode::NOT_FOUND, "PIPELINE_NOT_FOUND"));
}

TEST_F(WorkTest, TheServersDrainEndsItAndCostsNoAttempt) {
  fill(1);
  Worker worker(client_, "p", "first");
  worker.take(1);
  server_.grpc().refuse_new_work();
  EXPECT_THAT(worker.finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  v1::PeekRequest peek;
  peek.set_queue("in");
  v1::PeekResponse peeked;
  ASSERT_THAT(client_.call(&Queues::Peek, peek, peeked), IsOk());
  ASSERT_EQ(peeked.items_size(), 1);
  EXPECT_EQ(peeked.items(0).attempt(), 0U);
}

TEST_F(WorkTest, NoWorkerIsAStall) {
  fill(1);
  ASSERT_EQ(look().stalls_size(), 1);
  EXPECT_EQ(look().stalls(0).reason(), "NO_WORKER");
  v1::ScaleStageRequest scale;
  scale.set_pipeline("p");
  scale.set_stage("first");
  scale.set_workers(1);
  v1::ScaleStageResponse scaled;
  EXPECT_THAT(client_.call(&Pipelines::ScaleStage, scale, scaled), FailsWith(StatusCode::FAILED_PRECONDITION, "STAGE_REMOTE"));
}

}  // namespace
}  // namespace sluice::rpc
