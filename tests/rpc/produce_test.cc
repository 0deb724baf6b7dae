// Produce: acknowledgements, being held back, and every way to end.
#include <numeric>

#include "tests/rpc/held_journal.h"
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::SizeIs;

class ProduceTest : public RpcTest {};

TEST_F(ProduceTest, AcknowledgesEachItemWithItsId) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  Producer producer(client_, "tasks");
  ASSERT_TRUE(producer.put({"a", "b", "c"}));
  const auto ids = producer.ids_until(3);
  ASSERT_THAT(ids, SizeIs(3));
  EXPECT_EQ(client_.get("tasks").item_id(), ids[0]);
  ASSERT_TRUE(producer.put({"d"}));
  EXPECT_THAT(producer.ids_until(4), SizeIs(1));
  producer.half_close();
  EXPECT_TRUE(producer.at_end());
  EXPECT_THAT(producer.finish(), IsOk());
  EXPECT_EQ(client_.look("tasks").waiting(), 3U);
}

TEST_F(ProduceTest, IsHeldBackWhileTheQueueIsFullAndKeepsTheOrder) {
  ASSERT_THAT(client_.create("tasks", 2), IsOk());
  Producer producer(client_, "tasks");
  ASSERT_TRUE(producer.put({"0", "1", "2", "3"}));
  ASSERT_TRUE(producer.put({"4"}));
  EXPECT_EQ(producer.read().acknowledged(), 2U);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_puts() == 1; }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client_.get("tasks").payload(), std::to_string(i));
    ASSERT_TRUE(eventually([&] { return client_.look("tasks").counters().put() == std::min<std::uint64_t>(5, 3 + i); }));
    EXPECT_LE(client_.look("tasks").waiting(), 2U);
  }
  producer.half_close();
  EXPECT_THAT(producer.finish(), IsOk());
}

TEST_F(ProduceTest, AWaitingProducerThatVanishesLeavesNothingBehind) {
  ASSERT_THAT(client_.create("tasks", 1), IsOk());
  Producer producer(client_, "tasks");
  ASSERT_TRUE(producer.put({"a", "b"}));
  EXPECT_EQ(producer.read().acknowledged(), 1U);
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_puts() == 1; }));
  producer.vanish();
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_puts() == 0; }));
  (void)client_.get("tasks");
  EXPECT_EQ(client_.look("tasks").waiting(), 0U);
}

TEST_F(ProduceTest, HalfClosingWaitsForWhatIsStillToBePut) {
  ASSERT_THAT(client_.create("tasks", 1), IsOk());
  Producer producer(client_, "tasks");
  ASSERT_TRUE(producer.put({"a", "b"}));
  ASSERT_TRUE(producer.put({"c"}));
  producer.half_close();
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_puts() == 1; }));
  for (const char* payload : {"a", "b", "c"}) {
    ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting() == 1; }));
    EXPECT_EQ(client_.get("tasks").payload(), payload);
  }
  EXPECT_THAT(producer.finish(), IsOk());
}

TEST_F(ProduceTest, EndsWithTheReason) {
  ASSERT_THAT(client_.create("tasks", 1), IsOk());
  Producer nowhere(client_, "nowhere");
  nowhere.put({"a"});
  const auto unknown = nowhere.finish();
  EXPECT_THAT(unknown, FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
  EXPECT_EQ(metadata_of(unknown, "queue"), "nowhere");

  Producer unnamed(client_, "");
  unnamed.put({"a"});
  EXPECT_THAT(unnamed.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_NAME"));

  Producer turncoat(client_, "tasks");
  v1::ProduceRequest request;
  request.set_queue("tasks");
  turncoat.write(request);
  request.set_queue("others");
  turncoat.write(request);
  EXPECT_THAT(turncoat.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));

  Producer large(client_, "tasks");
  large.put({std::string((4U << 20) + 1, 'x')});
  EXPECT_THAT(large.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "PAYLOAD_TOO_LARGE"));

  Producer waiting(client_, "tasks");
  waiting.put({"a", "b"});
  EXPECT_EQ(waiting.read().acknowledged(), 1U);
  v1::CloseQueueRequest close;
  close.set_queue("tasks");
  v1::CloseQueueResponse closed;
  ASSERT_THAT(client_.call(&Client::Queues::CloseQueue, close, closed), IsOk());
  EXPECT_THAT(waiting.finish(), FailsWith(StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED"));
}

v1::ProduceRequest of_producer(std::uint64_t position, const std::vector<std::string>& payloads) {
  v1::ProduceRequest request;
  request.set_queue("tasks");
  request.set_producer_id("p");
  request.set_position(position);
  for (const auto& payload : payloads) request.add_items()->set_payload(payload);
  return request;
}

TEST_F(ProduceTest, AProducerWithANameGoesOnWithAnotherStream) {
  ASSERT_THAT(client_.create("tasks", 3), IsOk());
  {
    Producer producer(client_, "tasks");
    ASSERT_TRUE(producer.write(of_producer(0, {"a", "b"})));
    ASSERT_TRUE(producer.put({"c", "d"}));
    std::uint64_t acknowledged = 0;
    while (acknowledged < 3) acknowledged = producer.read().acknowledged();
    producer.vanish();
  }
  ASSERT_TRUE(eventually([&] { return client_.look("tasks").waiting_puts() == 0; }));
  EXPECT_EQ(client_.get("tasks").payload(), "a");
  Producer producer(client_, "tasks");
  ASSERT_TRUE(producer.write(of_producer(1, {"b", "c", "d"})));
  std::vector<v1::ItemIdRange> ranges;
  for (std::uint64_t acknowledged = 0; acknowledged < 3;) {
    const auto response = producer.read();
    acknowledged = response.acknowledged();
    ranges.insert(ranges.end(), response.item_ids().begin(), response.item_ids().end());
  }
  ASSERT_THAT(ranges, SizeIs(2));
  EXPECT_EQ(ranges[0].first(), 0U) << "b and c: their ids are told already";
  EXPECT_EQ(ranges[0].count(), 2U);
  EXPECT_NE(ranges[1].first(), 0U);
  EXPECT_EQ(ranges[1].count(), 1U);
  producer.half_close();
  EXPECT_THAT(producer.finish(), IsOk());
  for (const char* payload : {"b", "c", "d"}) EXPECT_EQ(client_.get("tasks").payload(), payload);
  EXPECT_EQ(client_.look("tasks").waiting(), 0U);
}

TEST_F(ProduceTest, AnotherStreamOfTheNameTakesOverAndHearsWhatIsThere) {
  ASSERT_THAT(client_.create("tasks", 2), IsOk());
  Producer old(client_, "tasks");
  ASSERT_TRUE(old.write(of_producer(0, {"a", "b", "c", "d"})));
  EXPECT_EQ(old.read().acknowledged(), 2U);
  Producer next(client_, "tasks");
  ASSERT_TRUE(next.write(of_producer(1, {})));
  EXPECT_EQ(next.read().acknowledged(), 1U) << "b";
  EXPECT_THAT(old.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  EXPECT_EQ(client_.get("tasks").payload(), "a");
  EXPECT_EQ(client_.look("tasks").waiting(), 1U) << "nothing of the old stream came in";
  ASSERT_TRUE(next.put({"c"}));
  EXPECT_EQ(next.read().acknowledged(), 2U);
  next.half_close();
  EXPECT_THAT(next.finish(), IsOk());
  for (const char* payload : {"b", "c"}) EXPECT_EQ(client_.get("tasks").payload(), payload);
}

TEST_F(ProduceTest, WhatAProducerSaysOfItselfMustMakeSense) {
  ASSERT_THAT(client_.create("tasks"), IsOk());
  Producer first(client_, "tasks");
  ASSERT_TRUE(first.write(of_producer(0, {"a"})));
  (void)first.ids_until(1);
  Producer later(client_, "tasks");
  later.write(of_producer(2, {"c"}));
  EXPECT_THAT(later.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));

  Producer nameless(client_, "tasks");
  v1::ProduceRequest request = of_producer(1, {"b"});
  request.clear_producer_id();
  nameless.write(request);
  EXPECT_THAT(nameless.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));

  Producer renamed(client_, "tasks");
  request.clear_position();
  renamed.write(request);
  renamed.write(of_producer(0, {"x"}));
  EXPECT_THAT(renamed.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));

  Producer wordy(client_, "tasks");
  request.set_producer_id(std::string(129, 'p'));
  wordy.write(request);
  EXPECT_THAT(wordy.finish(), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
}

TEST_F(ProduceTest, GoesDownWithTheServer) {
  ASSERT_THAT(client_.create("tasks", 1), IsOk());
  Producer waiting(client_, "tasks");
  waiting.put({"a", "b"});
  EXPECT_EQ(waiting.read().acknowledged(), 1U);
  Producer idle(client_, "tasks");
  server_.grpc().refuse_new_work();
  EXPECT_THAT(waiting.finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  EXPECT_THAT(idle.finish(), FailsWith(StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
}

TEST(ProduceToAJournal, AcknowledgesNothingBeforeItIsSafe) {
  auto owned = std::make_unique<HeldJournal>();
  auto& journal = *owned;
  TestServer server(std::move(owned));
  Client client(server);
  ASSERT_THAT(client.create("tasks"), IsOk());
  Producer producer(client, "tasks");
  ASSERT_TRUE(producer.put({"first"}));
  EXPECT_EQ(producer.read().acknowledged(), 1U);
  journal.hold();
  ASSERT_TRUE(producer.put({"a", "b"}));
  ASSERT_TRUE(producer.put({"c"}));
  journal.fail();
  EXPECT_THAT(producer.finish(), FailsWith(StatusCode::UNAVAILABLE, "STORE_FAILED"));
}

}  // namespace
}  // namespace sluice::rpc
