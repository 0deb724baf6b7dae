// The calls on queues as a whole.
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class QueueServiceTest : public RpcTest {};

std::vector<std::string> names_of(const v1::ListQueuesResponse& response) {
  std::vector<std::string> names;
  for (const auto& queue : response.queues()) names.push_back(queue.name());
  return names;
}

TEST_F(QueueServiceTest, CreatesAQueueWithEverySettingFilledIn) {
  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name("tasks");
  v1::CreateQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::CreateQueue, request, response), IsOk());
  const auto& queue = response.queue();
  EXPECT_EQ(queue.name(), "tasks");
  EXPECT_EQ(queue.state(), v1::QUEUE_STATE_OPEN);
  EXPECT_EQ(queue.settings().capacity(), 1'000U);
  EXPECT_EQ(queue.settings().order(), v1::QUEUE_ORDER_FIFO);
  EXPECT_EQ(queue.settings().lease_duration().seconds(), 60);
  EXPECT_EQ(queue.settings().retry().max_attempts(), 5U);
  EXPECT_EQ(queue.settings().dead_letter_queue(), "tasks.dead");
  EXPECT_GT(queue.create_time().seconds(), 1'600'000'000);
}

TEST_F(QueueServiceTest, CreatesAQueueOnce) {
  ASSERT_THAT(client_.create("tasks", 5), IsOk());
  const auto status = client_.create("tasks", 5);
  EXPECT_THAT(status, FailsWith(StatusCode::ALREADY_EXISTS, "QUEUE_EXISTS"));
  EXPECT_EQ(metadata_of(status, "queue"), "tasks");

  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name("tasks");
  request.set_allow_existing(true);
  v1::CreateQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::CreateQueue, request, response), IsOk());
  EXPECT_EQ(response.queue().settings().capacity(), 5U);
}

TEST_F(QueueServiceTest, RefusesBadNamesAndNumbers) {
  for (const std::string& name : {std::string(), std::string(300, 'x'), std::string("a b")}) {
    const auto status = client_.create(name);
    EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
    EXPECT_EQ(metadata_of(status, "field"), "queue.name");
  }
  const auto status = client_.create("tasks", 4'000'000'000U);
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  EXPECT_THAT(status.error_message(), HasSubstr("queue.settings.capacity: 4000000000 is out of range; 0 to 100000000"));
}

TEST_F(QueueServiceTest, ListsInOrderPageByPage) {
  for (const char* name : {"b2", "a", "b1", "b3", "c"}) ASSERT_THAT(client_.create(name), IsOk());
  v1::ListQueuesRequest request;
  v1::ListQueuesResponse response;
  ASSERT_THAT(client_.call(&Queues::ListQueues, request, response), IsOk());
  EXPECT_THAT(names_of(response), ElementsAre("a", "b1", "b2", "b3", "c"));
  EXPECT_EQ(response.next_page_token(), "");

  request.set_prefix("b");
  request.set_page_size(2);
  ASSERT_THAT(client_.call(&Queues::ListQueues, request, response), IsOk());
  EXPECT_THAT(names_of(response), ElementsAre("b1", "b2"));
  ASSERT_NE(response.next_page_token(), "");
  request.set_page_token(response.next_page_token());
  ASSERT_THAT(client_.call(&Queues::ListQueues, request, response), IsOk());
  EXPECT_THAT(names_of(response), ElementsAre("b3"));
  EXPECT_EQ(response.next_page_token(), "");

  request.set_page_token("elsewhere");
  EXPECT_THAT(client_.call(&Queues::ListQueues, request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST_F(QueueServiceTest, ChangesOnlyWhatIsGiven) {
  ASSERT_THAT(client_.create("tasks", 5), IsOk());
  v1::UpdateQueueRequest request;
  request.set_queue("tasks");
  *request.mutable_settings()->mutable_lease_duration() = duration(5s);
  v1::UpdateQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::UpdateQueue, request, response), IsOk());
  EXPECT_EQ(response.queue().settings().capacity(), 5U);
  EXPECT_EQ(response.queue().settings().lease_duration().seconds(), 5);
}

TEST_F(QueueServiceTest, ChecksAChangeAgainstWhatStays) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  v1::UpdateQueueRequest request;
  request.set_queue("tasks");
  *request.mutable_settings()->mutable_retry()->mutable_initial_backoff() = duration(301s);
  v1::UpdateQueueResponse response;
  const auto status = client_.call(&Queues::UpdateQueue, request, response);
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  EXPECT_EQ(metadata_of(status, "field"), "settings.retry.max_backoff");
  EXPECT_EQ(client_.look("tasks").settings().retry().initial_backoff().seconds(), 1);
}

TEST_F(QueueServiceTest, DoesNotChangeTheOrder) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  v1::UpdateQueueRequest request;
  request.set_queue("tasks");
  request.mutable_settings()->set_order(v1::QUEUE_ORDER_LIFO);
  v1::UpdateQueueResponse response;
  EXPECT_THAT(client_.call(&Queues::UpdateQueue, request, response),
              FailsWith(StatusCode::FAILED_PRECONDITION, "SETTING_IMMUTABLE"));
}

TEST_F(QueueServiceTest, DeletesAnEmptyQueueOrByForce) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::DeleteQueueRequest request;
  request.set_queue("tasks");
  v1::DeleteQueueResponse response;
  EXPECT_THAT(client_.call(&Queues::DeleteQueue, request, response),
              FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_NOT_EMPTY"));
  request.set_force(true);
  ASSERT_THAT(client_.call(&Queues::DeleteQueue, request, response), IsOk());
  EXPECT_EQ(response.discarded(), 1U);
  EXPECT_THAT(client_.call(&Queues::DeleteQueue, request, response), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
}

TEST_F(QueueServiceTest, ClosesForGood) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::CloseQueueRequest request;
  request.set_queue("tasks");
  v1::CloseQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::CloseQueue, request, response), IsOk());
  EXPECT_EQ(response.queue().state(), v1::QUEUE_STATE_CLOSED);
  EXPECT_EQ(response.queue().waiting(), 1U);
  EXPECT_THAT(client_.put("tasks", "y"), FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED"));
  request.set_immediate(true);
  ASSERT_THAT(client_.call(&Queues::CloseQueue, request, response), IsOk());
  EXPECT_EQ(response.queue().waiting(), 0U);
  EXPECT_EQ(response.queue().counters().discarded(), 1U);
}

TEST_F(QueueServiceTest, PausesAndResumes) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::PauseQueueRequest pause;
  pause.set_queue("tasks");
  v1::PauseQueueResponse paused;
  ASSERT_THAT(client_.call(&Queues::PauseQueue, pause, paused), IsOk());
  EXPECT_TRUE(paused.queue().paused());
  v1::GetRequest get;
  get.set_queue("tasks");
  *get.mutable_max_wait() = duration(0ms);
  v1::GetResponse none;
  ASSERT_THAT(client_.call(&Queues::Get, get, none), IsOk());
  EXPECT_EQ(none.items_size(), 0);

  v1::ResumeQueueRequest resume;
  resume.set_queue("tasks");
  v1::ResumeQueueResponse resumed;
  ASSERT_THAT(client_.call(&Queues::ResumeQueue, resume, resumed), IsOk());
  EXPECT_FALSE(resumed.queue().paused());
  EXPECT_EQ(client_.get("tasks").payload(), "x");
}

TEST_F(QueueServiceTest, Purges) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  ASSERT_THAT(client_.put("tasks", "y"), IsOk());
  v1::PurgeQueueRequest request;
  request.set_queue("tasks");
  v1::PurgeQueueResponse response;
  ASSERT_THAT(client_.call(&Queues::PurgeQueue, request, response), IsOk());
  EXPECT_EQ(response.discarded(), 2U);
  EXPECT_EQ(client_.look("tasks").unfinished(), 0U);
}

// Every call that names a queue says in the same way that there is none, or that the name is no name.
template <class Request, class Response>
void expect_name_errors(Client& client, grpc::Status (Queues::*method)(grpc::ClientContext*, const Request&, Response*),
                        Request request = {}) {
  SCOPED_TRACE(request.GetTypeName());
  Response response;
  request.set_queue("missing");
  const auto missing = client.call(method, request, response);
  EXPECT_THAT(missing, FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  EXPECT_EQ(metadata_of(missing, "queue"), "missing");
  request.set_queue("no name");
  const auto invalid = client.call(method, request, response);
  EXPECT_THAT(invalid, FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));
  EXPECT_EQ(metadata_of(invalid, "field"), "queue");
}

TEST_F(QueueServiceTest, SaysWhichQueueIsMissing) {
  expect_name_errors(client_, &Queues::GetQueue);
  expect_name_errors(client_, &Queues::UpdateQueue);
  expect_name_errors(client_, &Queues::DeleteQueue);
  expect_name_errors(client_, &Queues::CloseQueue);
  expect_name_errors(client_, &Queues::PauseQueue);
  expect_name_errors(client_, &Queues::ResumeQueue);
  expect_name_errors(client_, &Queues::PurgeQueue);
  expect_name_errors(client_, &Queues::Get);
  expect_name_errors(client_, &Queues::Peek);
  v1::PutRequest put;
  put.add_items();
  expect_name_errors(client_, &Queues::Put, put);
  v1::CompleteRequest complete;
  complete.add_completions();
  expect_name_errors(client_, &Queues::Complete, complete);
  v1::FailRequest fail;
  fail.add_leases();
  expect_name_errors(client_, &Queues::Fail, fail);
  v1::ExtendRequest extend;
  extend.add_lease_tokens(1);
  expect_name_errors(client_, &Queues::Extend, extend);
  v1::ReleaseRequest release;
  release.add_lease_tokens(1);
  expect_name_errors(client_, &Queues::Release, release);
}

}  // namespace
}  // namespace sluice::rpc
