// CancelItems and RedriveItems, and who is told of a cancel.
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;

class CancelTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks", 10), IsOk()); }

  std::uint64_t put(v1::NewItem item) {
    v1::PutRequest request;
    request.set_queue("tasks");
    *request.add_items() = std::move(item);
    v1::PutResponse response;
    EXPECT_THAT(client_.call(&Queues::Put, request, response), IsOk());
    return response.item_ids_size() == 1 ? response.item_ids(0) : 0;
  }
  std::uint64_t put(const std::string& payload) {
    v1::NewItem item;
    item.set_payload(payload);
    return put(item);
  }
  std::vector<int> cancel(const std::vector<std::uint64_t>& ids) {
    v1::CancelItemsRequest request;
    request.set_queue("tasks");
    for (const std::uint64_t id : ids) request.add_item_ids(id);
    v1::CancelItemsResponse response;
    EXPECT_THAT(client_.call(&Queues::CancelItems, request, response), IsOk());
    std::vector<int> outcomes;
    for (const auto& result : response.results()) outcomes.push_back(result.outcome());
    return outcomes;
  }
  void bury(const std::string& payload) {
    put(payload);
    v1::FailRequest request;
    request.set_queue("tasks");
    auto& lease = *request.add_leases();
    lease.set_lease_token(client_.get("tasks").lease_token());
    lease.mutable_failure()->set_reason("TEST");
    lease.set_do_not_retry(true);
    v1::FailResponse response;
    ASSERT_THAT(client_.call(&Queues::Fail, request, response), IsOk());
  }
};

TEST_F(CancelTest, SaysWhatBecameOfEachItem) {
  const auto held = put("held");
  const auto lease = client_.get("tasks");
  const auto waiting = put("waiting");
  EXPECT_THAT(cancel({waiting, held, held, 1ULL << 60}), ElementsAre(v1::CANCEL_OUTCOME_CANCELLED, v1::CANCEL_OUTCOME_REVOKED,
                                                                     v1::CANCEL_OUTCOME_GONE, v1::CANCEL_OUTCOME_UNKNOWN));
  v1::ExtendRequest extend;
  extend.set_queue("tasks");
  extend.add_lease_tokens(lease.lease_token());
  v1::ExtendResponse extended;
  ASSERT_THAT(client_.call(&Queues::Extend, extend, extended), IsOk());
  EXPECT_EQ(extended.results(0).error_reason(), "LEASE_LOST");
  const auto queue = client_.look("tasks");
  EXPECT_EQ(queue.unfinished(), 0U);
  EXPECT_EQ(queue.counters().cancelled(), 2U);
}

TEST_F(CancelTest, NeedsIds) {
  v1::CancelItemsRequest request;
  request.set_queue("tasks");
  v1::CancelItemsResponse response;
  EXPECT_THAT(client_.call(&Queues::CancelItems, request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  request.add_item_ids(1);
  request.set_queue("nowhere");
  EXPECT_THAT(client_.call(&Queues::CancelItems, request, response), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
}

TEST_F(CancelTest, AStreamIsToldAtOnceAndGetsTheCreditBack) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto stream = client_.queues().Consume(&context);
  v1::ConsumeRequest hello;
  hello.set_queue("tasks");
  ASSERT_TRUE(stream->Write(hello));
  const auto id = put("one");
  v1::ConsumeResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.items_size(), 1);
  const auto token = response.items(0).lease_token();
  put("two");
  EXPECT_THAT(cancel({id}), ElementsAre(v1::CANCEL_OUTCOME_REVOKED));
  bool refused = false;
  bool next = false;
  while (!(refused && next) && stream->Read(&response)) {
    for (const auto& result : response.refused()) {
      EXPECT_EQ(result.lease_token(), token);
      EXPECT_EQ(result.error_reason(), "LEASE_LOST");
      refused = true;
    }
    for (const auto& item : response.items()) next = next || item.payload() == "two";
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(next) << "the one that was cancelled counts against the credit no more";
  stream->WritesDone();
  while (stream->Read(&response)) {
  }
  EXPECT_THAT(stream->Finish(), IsOk());
}

TEST_F(CancelTest, DeadLettersGoBack) {
  bury("a");
  bury("b");
  v1::RedriveItemsRequest request;
  request.set_queue("tasks.dead");
  request.set_reason("OTHER");
  v1::RedriveItemsResponse response;
  ASSERT_THAT(client_.call(&Queues::RedriveItems, request, response), IsOk());
  EXPECT_EQ(response.redriven(), 0U);
  request.set_reason("TEST");
  ASSERT_THAT(client_.call(&Queues::RedriveItems, request, response), IsOk());
  EXPECT_EQ(response.redriven(), 2U);
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_EQ(client_.look("tasks").waiting(), 2U);
  EXPECT_EQ(client_.look("tasks.dead").counters().redriven(), 2U);
  request.set_page_token("nonsense");
  EXPECT_THAT(client_.call(&Queues::RedriveItems, request, response), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST_F(CancelTest, APutWithAKeyInUseIsToldTheEarlierId) {
  v1::NewItem item;
  item.set_payload("x");
  item.set_dedup_key("k");
  const auto first = put(item);
  EXPECT_EQ(put(item), first);
  item.clear_dedup_key();
  item.set_unique_key("u");
  const auto unique = put(item);
  EXPECT_NE(unique, first);
  EXPECT_EQ(put(item), unique);
  EXPECT_EQ(client_.look("tasks").counters().duplicates(), 2U);
}

TEST_F(CancelTest, AStreamOfPutsIsToldTheEarlierIdToo) {
  v1::NewItem item;
  item.set_payload("x");
  item.set_dedup_key("k");
  const auto first = put(item);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto stream = client_.queues().Produce(&context);
  v1::ProduceRequest request;
  request.set_queue("tasks");
  *request.add_items() = item;
  request.add_items()->set_payload("new");
  ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  std::vector<std::uint64_t> ids;
  for (v1::ProduceResponse response; stream->Read(&response);) {
    for (const auto& range : response.item_ids()) {
      for (std::uint32_t i = 0; i < range.count(); ++i) ids.push_back(range.first() + i);
    }
  }
  EXPECT_THAT(stream->Finish(), IsOk());
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_EQ(ids[0], first);
  EXPECT_GT(ids[1], first);
  EXPECT_EQ(client_.look("tasks").waiting(), 2U);
}

}  // namespace
}  // namespace sluice::rpc
