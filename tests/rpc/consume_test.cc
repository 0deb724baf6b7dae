// Consume: credit, ends, and what becomes of leases when the stream ends.
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> payloads(const std::vector<v1::LeasedItem>& items) {
  std::vector<std::string> all;
  for (const auto& item : items) all.push_back(item.payload());
  return all;
}

class ConsumeTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks"), IsOk()); }

  void fill(int count) {
    for (int i = 0; i < count; ++i) ASSERT_THAT(client_.put("tasks", std::to_string(i)), IsOk());
  }
  void close() {
    v1::CloseQueueRequest request;
    request.set_queue("tasks");
    v1::CloseQueueResponse response;
    ASSERT_THAT(client_.call(&Client::Queues::CloseQueue, request, response), IsOk());
  }
};

TEST_F(ConsumeTest, HandsOutAsMuchAsThereIsCreditFor) {
  fill(5);
  Consumer consumer(client_, "tasks", 2);
  const auto first = consumer.take(2);
  EXPECT_THAT(payloads(first), ElementsAre("0", "1"));
  EXPECT_EQ(client_.look("tasks").leased(), 2U);
  consumer.done({first[0].lease_token()});
  const auto response = consumer.read();
  EXPECT_THAT(response.ended(), ElementsAre(first[0].lease_token()));
  const auto next = response.items_size() > 0 ? response.items(0) : consumer.take(1).at(0);
  EXPECT_EQ(next.payload(), "2");
  EXPECT_EQ(client_.look("tasks").counters().done(), 1U);
  EXPECT_EQ(client_.look("tasks").leased(), 2U);
}

TEST_F(ConsumeTest, CreditCanGrow) {
  fill(3);
  Consumer consumer(client_, "tasks", 1);
  consumer.take(1);
  v1::ConsumeRequest more;
  more.set_max_items(3);
  consumer.write(more);
  EXPECT_THAT(payloads(consumer.take(2)), ElementsAre("1", "2"));
}

TEST_F(ConsumeTest, NothingMoreIsHandedOutOnceTheCreditInBytesIsUsed) {
  for (int i = 0; i < 4; ++i) ASSERT_THAT(client_.put("tasks", std::string(1'000, 'x')), IsOk());
  Consumer consumer(client_, "tasks", 1);
  std::vector<v1::LeasedItem> items = consumer.take(1);
  v1::ConsumeRequest request;
  request.set_max_bytes(1'500);
  request.set_max_items(10);
  consumer.write(request);
  items.push_back(consumer.take(1).at(0));
  EXPECT_EQ(client_.look("tasks").leased(), 2U);
  consumer.done({items[0].lease_token()});
  EXPECT_THAT(consumer.take(1), SizeIs(1)) << "1,000 bytes of 1,500 are held";
  EXPECT_EQ(client_.look("tasks").leased(), 2U);
}

TEST_F(ConsumeTest, WaitsForItemsAndTellsTheEndOfTheQueueOnce) {
  Consumer consumer(client_, "tasks", 10);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_gets() == 1; }));
  fill(1);
  const auto item = consumer.take(1).at(0);
  close();
  consumer.done({item.lease_token()});
  int ends = 0;
  int ended = 0;
  while (ends == 0 || ended == 0) {
    const auto response = consumer.read();
    ends += response.end_of_queue() ? 1 : 0;
    ended += response.ended_size();
  }
  EXPECT_EQ(ends, 1);
  consumer.half_close();
  EXPECT_TRUE(consumer.at_end());
  EXPECT_THAT(consumer.finish(), IsOk());
}

TEST_F(ConsumeTest, EndsLeasesInEveryWay) {
  ASSERT_THAT(client_.create("next"), IsOk());
  fill(4);
  Consumer consumer(client_, "tasks", 4);
  const auto items = consumer.take(4);
  v1::ConsumeRequest request;
  request.add_done(items[0].lease_token());
  auto& completion = *request.add_completions();
  completion.set_lease_token(items[1].lease_token());
  auto& output = *completion.add_outputs();
  output.set_queue("next");
  output.mutable_item()->set_payload("result");
  auto& failure = *request.add_failures();
  failure.set_lease_token(items[2].lease_token());
  failure.set_do_not_retry(true);
  failure.mutable_failure()->set_message("broken");
  request.add_released(items[3].lease_token());
  request.add_done(123'456);
  request.set_max_items(1);
  consumer.write(request);
  int ended = 0;
  std::vector<std::string> refused;
  std::string again;
  while (ended < 4 || refused.empty() || again.empty()) {
    const auto response = consumer.read();
    ended += response.ended_size();
    for (const auto& result : response.refused()) refused.push_back(result.error_reason());
    for (const auto& item : response.items()) again = item.payload();
  }
  EXPECT_THAT(refused, ElementsAre("LEASE_LOST"));
  EXPECT_EQ(again, "3");
  EXPECT_EQ(client_.get("next").payload(), "result");
  EXPECT_EQ(client_.get("tasks.dead").last_failure().message(), "broken");
}

TEST_F(ConsumeTest, AnItemKeepsItsCreditWhileItsOutputWaits) {
  ASSERT_THAT(client_.create("next", 1), IsOk());
  ASSERT_THAT(client_.put("next", "in the way"), IsOk());
  fill(2);
  Consumer consumer(client_, "tasks", 1);
  const auto item = consumer.take(1).at(0);
  v1::ConsumeRequest request;
  auto& completion = *request.add_completions();
  completion.set_lease_token(item.lease_token());
  auto& output = *completion.add_outputs();
  output.set_queue("next");
  output.mutable_item()->set_payload("result");
  consumer.write(request);
  ASSERT_TRUE(eventually([&] { return client_.look("next").waiting_puts() == 1; }));
  EXPECT_EQ(client_.look("tasks").leased(), 1U);
  (void)client_.get("next");
  EXPECT_EQ(consumer.take(1).at(0).payload(), "1");
  EXPECT_EQ(client_.get("next").payload(), "result");
}

TEST_F(ConsumeTest, WhatAVanishedConsumerHeldComesBackAtOnceInOrder) {
  fill(3);
  {
    Consumer consumer(client_, "tasks", 3);
    ASSERT_THAT(consumer.take(3), SizeIs(3));
    consumer.vanish();
  }
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting() == 3; }));
  for (int i = 0; i < 3; ++i) {
    const auto item = client_.get("tasks");
    EXPECT_EQ(item.payload(), std::to_string(i));
    EXPECT_EQ(item.attempt(), 2U);
    EXPECT_EQ(item.last_failure().reason(), "CONSUMER_LOST");
  }
}

TEST_F(ConsumeTest, AVanishedConsumersHandOnIsTakenBack) {
  ASSERT_THAT(client_.create("next", 1), IsOk());
  ASSERT_THAT(client_.put("next", "in the way"), IsOk());
  fill(1);
  Consumer consumer(client_, "tasks", 1);
  const auto item = consumer.take(1).at(0);
  v1::ConsumeRequest request;
  auto& completion = *request.add_completions();
  completion.set_lease_token(item.lease_token());
  completion.add_outputs()->set_queue("next");
  consumer.write(request);
  ASSERT_TRUE(eventually([&] { return client_.look("next").waiting_puts() == 1; }));
  consumer.vanish();
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting() == 1; }));
  EXPECT_EQ(client_.look("next").waiting_puts(), 0U);
}

TEST_F(ConsumeTest, WhoLeavesInOrderCostsNoAttempt) {
  fill(2);
  Consumer consumer(client_, "tasks", 2);
  const auto items = consumer.take(2);
  v1::ConsumeRequest last;
  last.add_done(items[0].lease_token());
  last.set_leaving(true);
  consumer.write(last);
  consumer.half_close();
  EXPECT_THAT(consumer.finish(), IsOk());
  EXPECT_EQ(client_.look("tasks").counters().done(), 1U);
  EXPECT_EQ(client_.get("tasks").attempt(), 1U);
}

TEST_F(ConsumeTest, WhoIsLeavingGetsNothingMore) {
  Consumer consumer(client_, "tasks", 5);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_gets() == 1; }));
  v1::ConsumeRequest last;
  last.set_leaving(true);
  consumer.write(last);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_gets() == 0; }));
  fill(1);
  consumer.half_close();
  EXPECT_TRUE(consumer.at_end());
  EXPECT_THAT(consumer.finish(), IsOk());
}

TEST_F(ConsumeTest, EndsWithTheReason) {
  Consumer nowhere(client_, "nowhere", 1);
  EXPECT_THAT(nowhere.finish(), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  Consumer greedy(client_, "tasks", 100'001);
  EXPECT_THAT(greedy.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  Consumer waiting(client_, "tasks", 1);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_gets() == 1; }));
  server_.grpc().refuse_new_work();
  EXPECT_THAT(waiting.finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
}

TEST_F(ConsumeTest, ManyItemsThroughBothStreams) {
  constexpr int kItems = 20'000;
  ASSERT_THAT(client_.create("bounded", 100), IsOk());
  Consumer consumer(client_, "bounded", 50);
  Producer producer(client_, "bounded");
  std::thread writer([&] {
    std::vector<std::string> batch;
    for (int i = 0; i < kItems; ++i) {
      batch.push_back(std::to_string(i));
      if (batch.size() < 37 && i + 1 < kItems) continue;
      EXPECT_TRUE(producer.put(batch));
      batch.clear();
    }
    producer.half_close();
  });
  std::thread reader([&] { EXPECT_THAT(producer.finish(), IsOk()); });
  int seen = 0;
  int ended = 0;
  while (ended < kItems) {
    v1::ConsumeRequest request;
    const auto response = consumer.read();
    for (const auto& item : response.items()) {
      EXPECT_EQ(item.payload(), std::to_string(seen++));
      request.add_done(item.lease_token());
    }
    ended += response.ended_size();
    ASSERT_THAT(response.refused(), IsEmpty());
    if (request.done_size() > 0) {
      ASSERT_TRUE(consumer.write(request));
    }
  }
  writer.join();
  reader.join();
  EXPECT_EQ(client_.look("bounded").counters().done(), static_cast<std::uint64_t>(kItems));
}

}  // namespace
}  // namespace sluice::rpc
