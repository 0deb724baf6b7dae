// The calls on jobs and batches.
#include <algorithm>
#include <vector>

#include "sluice/v1/job_service.grpc.pb.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using Jobs = v1::JobService::Stub;

class JobServiceTest : public RpcTest {
 protected:
  template <class Request, class Response>
  grpc::Status call(grpc::Status (Jobs::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return (jobs_.get()->*method)(&context, request, &response);
  }

  // Without waiting for room.
  grpc::Status submit(v1::SubmitJobsRequest request, v1::SubmitJobsResponse& response) {
    request.mutable_max_wait();
    return call(&Jobs::SubmitJobs, request, response);
  }
  std::uint64_t submit(const std::string& queue, const std::string& payload) {
    v1::SubmitJobsRequest request;
    request.set_queue(queue);
    request.add_items()->set_payload(payload);
    v1::SubmitJobsResponse response;
    EXPECT_THAT(submit(request, response), IsOk());
    return response.first_job_id();
  }
  void work(const std::string& queue, const std::string& result) {
    v1::CompleteRequest request;
    request.set_queue(queue);
    auto& completion = *request.add_completions();
    completion.set_lease_token(client_.get(queue).lease_token());
    completion.set_result(result);
    v1::CompleteResponse response;
    EXPECT_THAT(client_.call(&Client::Queues::Complete, request, response), IsOk());
  }

  std::unique_ptr<Jobs> jobs_ = v1::JobService::NewStub(client_.channel());
};

TEST_F(JobServiceTest, AJobIsSubmittedLookedAtListedAndForgotten) {
  client_.create("q");
  const std::uint64_t id = submit("q", "x");
  v1::GetJobRequest get;
  get.set_job_id(id);
  v1::GetJobResponse job;
  ASSERT_THAT(call(&Jobs::GetJob, get, job), IsOk());
  EXPECT_EQ(job.job().state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(job.job().items(), 1U);
  work("q", "X");
  ASSERT_THAT(call(&Jobs::GetJob, get, job), IsOk());
  EXPECT_EQ(job.job().state(), v1::JOB_STATE_SUCCEEDED);
  ASSERT_EQ(job.job().results_size(), 1);
  EXPECT_EQ(job.job().results(0).payload(), "X");
  v1::ListJobsRequest list;
  list.set_page_size(1);
  v1::ListJobsResponse page;
  submit("q", "y");
  ASSERT_THAT(call(&Jobs::ListJobs, list, page), IsOk());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).job_id(), id);
  list.set_page_token(page.next_page_token());
  ASSERT_THAT(call(&Jobs::ListJobs, list, page), IsOk());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).state(), v1::JOB_STATE_RUNNING);
  v1::ForgetJobsRequest forget;
  forget.add_job_ids(id);
  v1::ForgetJobsResponse forgotten;
  ASSERT_THAT(call(&Jobs::ForgetJobs, forget, forgotten), IsOk());
  EXPECT_EQ(forgotten.forgotten(), 1U);
  EXPECT_THAT(call(&Jobs::GetJob, get, job), FailsWith(StatusCode::NOT_FOUND, "JOB_FORGOTTEN"));
  get.set_job_id(1ULL << 62);
  EXPECT_THAT(call(&Jobs::GetJob, get, job), FailsWith(StatusCode::NOT_FOUND, "JOB_NOT_FOUND"));
}

TEST_F(JobServiceTest, ARepeatedSubmissionIsTheSameJob) {
  client_.create("q");
  v1::SubmitJobsRequest request;
  request.set_queue("q");
  request.add_items()->set_payload("x");
  request.set_request_id("again");
  request.mutable_new_batch();
  v1::SubmitJobsResponse first;
  v1::SubmitJobsResponse second;
  ASSERT_THAT(submit(request, first), IsOk());
  ASSERT_THAT(submit(request, second), IsOk());
  EXPECT_EQ(first.first_job_id(), second.first_job_id());
  EXPECT_EQ(first.batch_id(), second.batch_id());
  EXPECT_EQ(client_.look("q").waiting(), 1U);
}

TEST_F(JobServiceTest, RefusalsAreThoseOfPutAndMore) {
  client_.create("q", 1);
  v1::SubmitJobsRequest request;
  request.set_queue("nowhere");
  request.add_items();
  v1::SubmitJobsResponse response;
  EXPECT_THAT(submit(request, response), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  request.set_pipeline("nowhere");
  EXPECT_THAT(submit(request, response), FailsWith(StatusCode::NOT_FOUND, "PIPELINE_NOT_FOUND"));
  request.set_queue("q");
  request.set_batch_id(1ULL << 62);
  EXPECT_THAT(submit(request, response), FailsWith(StatusCode::NOT_FOUND, "BATCH_NOT_FOUND"));
  request.clear_batch();
  request.add_items();
  EXPECT_THAT(submit(request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "BATCH_TOO_LARGE"));
  request.mutable_items()->RemoveLast();
  ASSERT_THAT(submit(request, response), IsOk());
  EXPECT_THAT(submit(request, response), FailsWith(StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL"));
}

TEST_F(JobServiceTest, AnAwaitTellsEachOutcomeOnceAndEnds) {
  client_.create("q");
  const std::uint64_t first = submit("q", "a");
  const std::uint64_t second = submit("q", "b");
  work("q", "A");
  v1::AwaitJobsRequest request;
  request.add_job_ids(first);
  request.add_job_ids(1ULL << 62);
  request.add_job_ids(second);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto reader = jobs_->AwaitJobs(&context, request);
  std::vector<v1::Job> told;
  v1::AwaitJobsResponse message;
  bool done = false;
  while (reader->Read(&message)) {
    EXPECT_FALSE(done) << "nothing comes after the last message";
    told.insert(told.end(), message.jobs().begin(), message.jobs().end());
    done = message.done();
    if (told.size() == 2) work("q", "B");
  }
  EXPECT_TRUE(done);
  EXPECT_THAT(reader->Finish(), IsOk());
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told.back().job_id(), second);
  EXPECT_EQ(told.back().results(0).payload(), "B");
  std::ranges::sort(told, {}, [](const v1::Job& job) { return job.job_id(); });
  EXPECT_EQ(told.back().state(), v1::JOB_STATE_GONE);
  EXPECT_EQ(told.back().failure().reason(), "JOB_NOT_FOUND");
}

TEST_F(JobServiceTest, AnAwaitThatIsGivenUpLeavesNothing) {
  client_.create("q");
  v1::AwaitJobsRequest request;
  request.add_job_ids(submit("q", "a"));
  grpc::ClientContext context;
  const auto reader = jobs_->AwaitJobs(&context, request);
  const auto awaiters = [this] {
    std::uint64_t count = 0;
    server_.runtime().apply(
        [&count](const engine::Engine& engine, base::Time, engine::Effects&) { count = engine.job_counts().awaiters; });
    return count;
  };
  ASSERT_TRUE(eventually([&] { return awaiters() == 1; }));
  context.TryCancel();
  v1::AwaitJobsResponse message;
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(eventually([&] { return awaiters() == 0; }));
}

TEST_F(JobServiceTest, AnAwaitEndsWithTheServer) {
  client_.create("q");
  v1::AwaitJobsRequest request;
  request.add_job_ids(submit("q", "a"));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto reader = jobs_->AwaitJobs(&context, request);
  server_.grpc().refuse_new_work();
  v1::AwaitJobsResponse message;
  while (reader->Read(&message)) {
  }
  EXPECT_THAT(reader->Finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
}

TEST_F(JobServiceTest, ABatchIsSealedAndEnds) {
  client_.create("q");
  v1::SubmitJobsRequest request;
  request.set_queue("q");
  request.add_items()->set_payload("x");
  request.mutable_new_batch()->set_open(true);
  v1::SubmitJobsResponse begun;
  ASSERT_THAT(submit(request, begun), IsOk());
  EXPECT_EQ(begun.batch_id(), begun.first_job_id());
  request.set_batch_id(begun.batch_id());
  v1::SubmitJobsResponse more;
  ASSERT_THAT(submit(request, more), IsOk());
  EXPECT_EQ(more.batch_id(), begun.batch_id());
  v1::SealBatchRequest seal;
  seal.set_batch_id(begun.batch_id());
  v1::SealBatchResponse sealed;
  ASSERT_THAT(call(&Jobs::SealBatch, seal, sealed), IsOk());
  EXPECT_EQ(sealed.batch().state(), v1::BATCH_STATE_SEALED);
  EXPECT_THAT(submit(request, more), FailsWith(StatusCode::FAILED_PRECONDITION, "BATCH_SEALED"));
  work("q", "");
  work("q", "");
  v1::GetBatchRequest get;
  get.set_batch_id(begun.batch_id());
  v1::GetBatchResponse batch;
  ASSERT_THAT(call(&Jobs::GetBatch, get, batch), IsOk());
  EXPECT_EQ(batch.batch().state(), v1::BATCH_STATE_DONE);
  EXPECT_EQ(batch.batch().succeeded(), 2U);
  v1::ListBatchesResponse batches;
  ASSERT_THAT(call(&Jobs::ListBatches, v1::ListBatchesRequest(), batches), IsOk());
  EXPECT_EQ(batches.batches_size(), 1);
}

}  // namespace
}  // namespace sluice::rpc
