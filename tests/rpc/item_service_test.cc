// The calls on items, where nothing has to wait.
#include <set>
#include <vector>

#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;

class ItemServiceTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks", 10), IsOk()); }

  v1::GetRequest get_request(std::uint32_t max_items = 1) {
    v1::GetRequest request;
    request.set_queue("tasks");
    request.set_max_items(max_items);
    *request.mutable_max_wait() = duration(0ms);
    return request;
  }
};

v1::PutRequest put_request(int items) {
  v1::PutRequest request;
  request.set_queue("tasks");
  *request.mutable_max_wait() = duration(0ms);
  for (int i = 0; i < items; ++i) request.add_items()->set_payload(std::to_string(i));
  return request;
}

TEST_F(ItemServiceTest, HandsOutWhatWasPut) {
  auto request = put_request(2);
  auto& item = *request.mutable_items(0);
  item.set_payload(std::string("\0\xff", 2));
  (*item.mutable_attributes())["url"] = "http://example.org/\u00e4";
  item.set_priority(-7);
  v1::PutResponse put;
  ASSERT_THAT(client_.call(&Queues::Put, request, put), IsOk());
  ASSERT_EQ(put.item_ids_size(), 2);
  EXPECT_EQ(put.item_ids(1), put.item_ids(0) + 1);

  v1::GetResponse got;
  ASSERT_THAT(client_.call(&Queues::Get, get_request(5), got), IsOk());
  ASSERT_EQ(got.items_size(), 2);
  EXPECT_FALSE(got.end_of_queue());
  const auto& first = got.items(0);
  EXPECT_EQ(first.item_id(), put.item_ids(0));
  EXPECT_EQ(first.payload(), std::string("\0\xff", 2));
  EXPECT_EQ(first.attributes().at("url"), "http://example.org/\u00e4");
  EXPECT_EQ(first.priority(), -7);
  EXPECT_EQ(first.attempt(), 1U);
  EXPECT_NEAR(static_cast<double>(first.lease_expire_time_us() - first.put_time_us()), 60e6, 30e6);
  EXPECT_NE(first.lease_token(), got.items(1).lease_token());
}

TEST_F(ItemServiceTest, PutsTheSameRequestOnce) {
  auto request = put_request(1);
  request.set_request_id("once");
  v1::PutResponse first;
  v1::PutResponse second;
  ASSERT_THAT(client_.call(&Queues::Put, request, first), IsOk());
  ASSERT_THAT(client_.call(&Queues::Put, request, second), IsOk());
  EXPECT_EQ(first.item_ids(0), second.item_ids(0));
  EXPECT_EQ(client_.look("tasks").waiting(), 1U);
}

TEST_F(ItemServiceTest, RefusesWhatDoesNotFit) {
  v1::PutResponse response;
  EXPECT_THAT(client_.call(&Queues::Put, put_request(11), response),
              FailsWith(StatusCode::INVALID_ARGUMENT, "BATCH_TOO_LARGE"));
  ASSERT_THAT(client_.call(&Queues::Put, put_request(10), response), IsOk());
  const auto status = client_.put("tasks", "one more");
  EXPECT_THAT(status, FailsWith(StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL"));
  EXPECT_EQ(metadata_of(status, "queue"), "tasks");
  EXPECT_EQ(client_.look("tasks").counters().rejected(), 1U);
}

TEST_F(ItemServiceTest, TakesPayloadsUpToTheirLimit) {
  const std::string largest(4 << 20, 'x');
  ASSERT_THAT(client_.put("tasks", largest), IsOk());
  EXPECT_EQ(client_.get("tasks").payload(), largest);
}

TEST_F(ItemServiceTest, RefusesLargerPayloadsAndGoesOn) {
  const auto status = client_.put("tasks", std::string(5 << 20, 'x'));
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "PAYLOAD_TOO_LARGE"));
  EXPECT_EQ(metadata_of(status, "field"), "items[0].payload");
  EXPECT_THAT(client_.put("tasks", "small"), IsOk());
}

TEST_F(ItemServiceTest, GivesNothingWhenThereIsNothing) {
  v1::GetResponse response;
  ASSERT_THAT(client_.call(&Queues::Get, get_request(), response), IsOk());
  EXPECT_EQ(response.items_size(), 0);
  EXPECT_FALSE(response.end_of_queue());
}

TEST_F(ItemServiceTest, SaysWhenNothingCanComeAnyMore) {
  v1::CloseQueueRequest close;
  close.set_queue("tasks");
  v1::CloseQueueResponse closed;
  ASSERT_THAT(client_.call(&Queues::CloseQueue, close, closed), IsOk());
  v1::GetResponse response;
  ASSERT_THAT(client_.call(&Queues::Get, get_request(), response), IsOk());
  EXPECT_TRUE(response.end_of_queue());
}

TEST_F(ItemServiceTest, CompletesEachTokenForItself) {
  ASSERT_THAT(client_.create("next"), IsOk());
  v1::PutResponse put;
  ASSERT_THAT(client_.call(&Queues::Put, put_request(2), put), IsOk());
  v1::GetResponse got;
  ASSERT_THAT(client_.call(&Queues::Get, get_request(2), got), IsOk());

  v1::CompleteRequest request;
  request.set_queue("tasks");
  auto& first = *request.add_completions();
  first.set_lease_token(got.items(0).lease_token());
  auto& output = *first.add_outputs();
  output.set_queue("next");
  output.mutable_item()->set_payload("result");
  request.add_completions()->set_lease_token(987'654'321);
  auto& third = *request.add_completions();
  third.set_lease_token(got.items(1).lease_token());
  third.add_outputs()->set_queue("missing");
  v1::CompleteResponse response;
  ASSERT_THAT(client_.call(&Queues::Complete, request, response), IsOk());

  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).lease_token(), got.items(0).lease_token());
  EXPECT_EQ(response.results(0).error_reason(), "");
  EXPECT_EQ(response.results(1).error_reason(), "LEASE_LOST");
  EXPECT_NE(response.results(1).error_message(), "");
  EXPECT_EQ(response.results(2).error_reason(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(client_.get("next").payload(), "result");
  EXPECT_EQ(client_.look("tasks").leased(), 1U);
  EXPECT_EQ(client_.look("tasks").counters().done(), 1U);
}

TEST_F(ItemServiceTest, TellsAMissingOutputQueueFromTheCallsOwn) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::CompleteRequest request;
  request.set_queue("tasks");
  auto& completion = *request.add_completions();
  completion.set_lease_token(client_.get("tasks").lease_token());
  completion.add_outputs()->set_queue("missing");
  v1::CompleteResponse response;
  ASSERT_THAT(client_.call(&Queues::Complete, request, response), IsOk());
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).error_reason(), "QUEUE_NOT_FOUND");
}

TEST_F(ItemServiceTest, CompletesAThousandAtOnce) {
  ASSERT_THAT(client_.create("many", 0), IsOk());
  auto put = put_request(1'000);
  put.set_queue("many");
  v1::PutResponse ids;
  ASSERT_THAT(client_.call(&Queues::Put, put, ids), IsOk());
  auto get = get_request(1'000);
  get.set_queue("many");
  v1::GetResponse got;
  ASSERT_THAT(client_.call(&Queues::Get, get, got), IsOk());
  ASSERT_EQ(got.items_size(), 1'000);
  v1::CompleteRequest request;
  request.set_queue("many");
  for (const auto& item : got.items()) request.add_completions()->set_lease_token(item.lease_token());
  v1::CompleteResponse response;
  ASSERT_THAT(client_.call(&Queues::Complete, request, response), IsOk());
  ASSERT_EQ(response.results_size(), 1'000);
  for (const auto& result : response.results()) ASSERT_EQ(result.error_reason(), "");
  EXPECT_EQ(client_.look("many").counters().done(), 1'000U);
}

TEST_F(ItemServiceTest, RetriesWhatFails) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::FailRequest request;
  request.set_queue("tasks");
  auto& lease = *request.add_leases();
  lease.set_lease_token(client_.get("tasks").lease_token());
  lease.mutable_failure()->set_reason("BROKEN");
  lease.mutable_failure()->set_message("a cog is missing");
  *lease.mutable_retry_delay() = duration(0ms);
  request.add_leases()->set_lease_token(987'654'321);
  v1::FailResponse response;
  ASSERT_THAT(client_.call(&Queues::Fail, request, response), IsOk());
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).error_reason(), "");
  EXPECT_EQ(response.results(1).error_reason(), "LEASE_LOST");

  const auto again = client_.get("tasks");
  EXPECT_EQ(again.attempt(), 2U);
  EXPECT_EQ(again.last_failure().reason(), "BROKEN");
  EXPECT_EQ(again.last_failure().message(), "a cog is missing");
  EXPECT_EQ(again.last_failure().queue(), "tasks");
  EXPECT_EQ(again.last_failure().attempt(), 1U);
}

TEST_F(ItemServiceTest, DeadLettersWhatIsNotToBeRetried) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  v1::FailRequest request;
  request.set_queue("tasks");
  auto& lease = *request.add_leases();
  lease.set_lease_token(client_.get("tasks").lease_token());
  lease.set_do_not_retry(true);
  v1::FailResponse response;
  ASSERT_THAT(client_.call(&Queues::Fail, request, response), IsOk());
  const auto dead = client_.get("tasks.dead");
  EXPECT_EQ(dead.payload(), "x");
  EXPECT_EQ(dead.last_failure().reason(), "FAILED");
}

TEST_F(ItemServiceTest, ExtendsLeases) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto item = client_.get("tasks");
  v1::ExtendRequest request;
  request.set_queue("tasks");
  request.add_lease_tokens(item.lease_token());
  request.add_lease_tokens(987'654'321);
  *request.mutable_lease_duration() = duration(1h);
  v1::ExtendResponse response;
  ASSERT_THAT(client_.call(&Queues::Extend, request, response), IsOk());
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).error_reason(), "");
  EXPECT_EQ(response.results(1).error_reason(), "LEASE_LOST");
  v1::PeekRequest peek;
  peek.set_queue("tasks");
  v1::PeekResponse seen;
  ASSERT_THAT(client_.call(&Queues::Peek, peek, seen), IsOk());
  ASSERT_EQ(seen.items_size(), 1);
  EXPECT_GT(seen.items(0).due_time().seconds(), item.put_time_us() / 1'000'000 + 3'000);
}

TEST_F(ItemServiceTest, ReleasesWithoutCountingTheAttempt) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto item = client_.get("tasks");
  v1::ReleaseRequest request;
  request.set_queue("tasks");
  request.add_lease_tokens(item.lease_token());
  v1::ReleaseResponse response;
  ASSERT_THAT(client_.call(&Queues::Release, request, response), IsOk());
  EXPECT_EQ(response.results(0).error_reason(), "");
  const auto again = client_.get("tasks");
  EXPECT_EQ(again.item_id(), item.item_id());
  EXPECT_EQ(again.attempt(), 1U);
  EXPECT_NE(again.lease_token(), item.lease_token());
}

TEST_F(ItemServiceTest, PeeksPageByPage) {
  v1::PutResponse put;
  ASSERT_THAT(client_.call(&Queues::Put, put_request(5), put), IsOk());
  v1::PeekRequest request;
  request.set_queue("tasks");
  request.set_page_size(3);
  request.set_max_payload_bytes(0);
  v1::PeekResponse response;
  ASSERT_THAT(client_.call(&Queues::Peek, request, response), IsOk());
  ASSERT_EQ(response.items_size(), 3);
  EXPECT_EQ(response.items(0).item_id(), put.item_ids(0));
  EXPECT_EQ(response.items(0).state(), v1::ITEM_STATE_WAITING);
  EXPECT_EQ(response.items(0).payload(), "");
  EXPECT_EQ(response.items(0).payload_bytes(), 1U);
  request.set_page_token(response.next_page_token());
  ASSERT_THAT(client_.call(&Queues::Peek, request, response), IsOk());
  EXPECT_EQ(response.items_size(), 2);
  EXPECT_EQ(response.items(1).item_id(), put.item_ids(4));
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(ItemServiceTest, HandsOutNoMoreAtOnceThanAnAnswerMayHold) {
  constexpr int kItems = 2'000;
  ASSERT_THAT(client_.create("failing", 0), IsOk());
  auto put = put_request(kItems);
  put.set_queue("failing");
  v1::PutResponse ids;
  ASSERT_THAT(client_.call(&Queues::Put, put, ids), IsOk());
  auto get = get_request(kItems);
  get.set_queue("failing");
  v1::GetResponse got;
  ASSERT_THAT(client_.call(&Queues::Get, get, got), IsOk());
  ASSERT_EQ(got.items_size(), kItems);
  v1::FailRequest fail;
  fail.set_queue("failing");
  for (const auto& item : got.items()) {
    auto& lease = *fail.add_leases();
    lease.set_lease_token(item.lease_token());
    lease.set_do_not_retry(true);
    lease.mutable_failure()->set_message(std::string(4 << 10, 'm'));
    lease.mutable_failure()->set_stderr_tail(std::string(8 << 10, 's'));
  }
  v1::FailResponse failed;
  ASSERT_THAT(client_.call(&Queues::Fail, fail, failed), IsOk());

  get.set_queue("failing.dead");
  int dead = 0;
  do {
    ASSERT_THAT(client_.call(&Queues::Get, get, got), IsOk());
    EXPECT_LT(got.ByteSizeLong(), 20U << 20);
    dead += got.items_size();
  } while (got.items_size() > 0);
  EXPECT_EQ(dead, kItems);
}

TEST_F(ItemServiceTest, PeeksNoMoreAtOnceThanAnAnswerMayHold) {
  ASSERT_THAT(client_.create("large", 0), IsOk());
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_THAT(client_.put("large", megabyte), IsOk());
  v1::PeekRequest request;
  request.set_queue("large");
  request.set_page_size(1'000);
  request.set_max_payload_bytes(1 << 20);
  std::set<std::uint64_t> seen;
  do {
    v1::PeekResponse response;
    ASSERT_THAT(client_.call(&Queues::Peek, request, response), IsOk());
    EXPECT_LT(response.ByteSizeLong(), 20U << 20);
    for (const auto& item : response.items()) seen.insert(item.item_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 40U);
}

}  // namespace
}  // namespace sluice::rpc
