// Producers: what is given once is sent until it is acknowledged, and an error that stays is told.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/sluice.h"
#include "tests/client/fake_server.h"
#include "tests/client/signal.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

using Puts = grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>;

class ProducerTest : public testing::Test {
 protected:
  static void acknowledge(Puts& stream, std::uint64_t count) {
    v1::ProduceResponse response;
    response.set_acknowledged(count);
    stream.Write(response);
  }
  // Reads to the end, acknowledges each message.
  grpc::Status take_all(Puts& stream) {
    std::uint64_t count = 0;
    for (v1::ProduceRequest request; stream.Read(&request);) {
      messages_.add();
      const std::lock_guard lock(mutex_);
      if (!request.queue().empty()) opened_.push_back({request.producer_id(), request.position()});
      for (const auto& item : request.items()) put_.push_back(item.payload());
      acknowledge(stream, count += static_cast<std::uint64_t>(request.items_size()));
    }
    return grpc::Status::OK;
  }

  FakeServer server_;
  Client client_{server_.address()};
  Counter messages_;
  std::mutex mutex_;
  std::vector<std::string> put_;
  std::vector<std::pair<std::string, std::uint64_t>> opened_;
};

TEST_F(ProducerTest, PutsInOrderAndEndsWhenAllIsAcknowledged) {
  server_.answer_produce([this](Puts& stream) { return take_all(stream); });
  Producer producer = client_.queue("tasks").producer();
  for (int i = 0; i < 1'000; ++i) producer.put(std::to_string(i));
  producer.finish();
  EXPECT_EQ(producer.acknowledged(), 1'000U);
  ASSERT_EQ(put_.size(), 1'000U);
  for (std::size_t i = 0; i < put_.size(); ++i) EXPECT_EQ(put_[i], std::to_string(i));
  EXPECT_EQ(opened_.size(), 1U);
  EXPECT_NE(opened_.front().first, "") << "it has a name";
  EXPECT_THROW(producer.put("late"), Error);
}

TEST_F(ProducerTest, WithoutItemsNobodyIsAsked) {
  Producer producer = client_.queue("tasks").producer();
  producer.finish();
  EXPECT_EQ(producer.acknowledged(), 0U);
}

// Both ends batch naturally: nothing waits to be gathered, and what comes while a message is under way shares the next.
TEST_F(ProducerTest, WhatComesWhileAMessageIsUnderWaySharesTheNext) {
  std::stop_source go;
  server_.answer_produce([&](Puts& stream) {
    v1::ProduceRequest first;
    stream.Read(&first);
    messages_.add();
    while (!go.stop_requested()) std::this_thread::yield();
    acknowledge(stream, static_cast<std::uint64_t>(first.items_size()));
    std::uint64_t count = static_cast<std::uint64_t>(first.items_size());
    for (v1::ProduceRequest request; stream.Read(&request);) {
      messages_.add();
      acknowledge(stream, count += static_cast<std::uint64_t>(request.items_size()));
    }
    return grpc::Status::OK;
  });
  // More than fits into what gRPC takes over while nobody reads.
  constexpr int kItems = 5'000;
  Producer producer = client_.queue("tasks").producer();
  producer.put(std::string(1'000, 'x'));
  ASSERT_TRUE(messages_.wait_for(1));
  for (int i = 1; i < kItems; ++i) producer.put(std::string(500, 'x'));
  go.request_stop();
  producer.finish();
  EXPECT_EQ(producer.acknowledged(), std::uint64_t{kItems});
  EXPECT_LT(messages_.count(), kItems / 4) << "messages for so many items";
}

TEST_F(ProducerTest, GoesOnWhereABrokenStreamWas) {
  std::atomic<int> streams = 0;
  server_.answer_produce([&](Puts& stream) {
    if (++streams > 1) return take_all(stream);
    v1::ProduceRequest request;
    std::uint64_t read = 0;
    while (read < 10 && stream.Read(&request)) {
      if (!request.queue().empty()) opened_.push_back({request.producer_id(), request.position()});
      read += static_cast<std::uint64_t>(request.items_size());
    }
    acknowledge(stream, 4);
    return lost();
  });
  Producer producer = client_.queue("tasks").producer();
  for (int i = 0; i < 10; ++i) producer.put(std::to_string(i));
  producer.finish();
  EXPECT_EQ(producer.acknowledged(), 10U);
  EXPECT_THAT(put_, ElementsAre("4", "5", "6", "7", "8", "9"));
  ASSERT_EQ(opened_.size(), 2U);
  EXPECT_EQ(opened_[0].first, opened_[1].first);
  EXPECT_EQ(opened_[0].second, 0U);
  EXPECT_EQ(opened_[1].second, 4U);
}

TEST_F(ProducerTest, AnErrorThatStaysIsThrownAndNothingIsUncertain) {
  server_.answer_produce([&](Puts& stream) {
    v1::ProduceRequest request;
    stream.Read(&request);
    acknowledge(stream, 1);
    return named_error(grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED", "closed");
  });
  Producer producer = client_.queue("tasks").producer();
  producer.put("a");
  producer.put("b");
  EXPECT_THROW(producer.finish(), QueueClosed);
  EXPECT_EQ(producer.acknowledged(), 1U);
  EXPECT_EQ(producer.uncertain(), 0U);
}

TEST_F(ProducerTest, AServerThatStaysAwayLeavesItUncertain) {
  const Client client(server_.address(), {.reconnect_timeout = 0s});
  server_.answer_produce([&](Puts& stream) {
    v1::ProduceRequest request;
    stream.Read(&request);
    return lost();
  });
  Producer producer = client.queue("tasks").producer();
  producer.put("a");
  EXPECT_THROW(producer.finish(), Unavailable);
  EXPECT_EQ(producer.acknowledged(), 0U);
  EXPECT_EQ(producer.uncertain(), 1U);
}

// Of three items that are in flight when it is stopped, two are in the queue.
TEST_F(ProducerTest, IsHeldBackByWhatIsInFlightAndKnowsWhatIsPutWhenItIsStopped) {
  server_.answer_produce([&](Puts& stream) {
    for (v1::ProduceRequest request; stream.Read(&request);) {
      if (request.items().empty()) acknowledge(stream, 2);
      messages_.add();
    }
    return grpc::Status::OK;
  });
  std::stop_source stop;
  Counter given;
  Producer producer = client_.queue("tasks").producer({.in_flight = 3, .stop = stop.get_token()});
  std::jthread giver([&] {
    EXPECT_THROW(
        {
          for (;;) {
            producer.put("x");
            given.add();
          }
        },
        Cancelled);
  });
  ASSERT_TRUE(messages_.wait_for(1));
  ASSERT_TRUE(given.wait_for(3));
  stop.request_stop();
  giver.join();
  EXPECT_EQ(given.count(), 3) << "nothing was acknowledged";
  EXPECT_THROW(producer.finish(), Cancelled);
  EXPECT_EQ(producer.acknowledged(), 2U);
  EXPECT_EQ(producer.uncertain(), 0U);
}

TEST_F(ProducerTest, WhereNobodyAnswersAStopLeavesItUncertain) {
  server_.answer_produce([&](Puts& stream) {
    for (v1::ProduceRequest request; stream.Read(&request);) messages_.add();
    return grpc::Status::OK;
  });
  std::stop_source stop;
  Producer producer = client_.queue("tasks").producer({.stop = stop.get_token()});
  producer.put("x");
  ASSERT_TRUE(messages_.wait_for(1));
  stop.request_stop();
  EXPECT_THROW(producer.finish(), Cancelled);
  EXPECT_EQ(producer.uncertain(), 1U);
}

TEST_F(ProducerTest, OneThatIsGivenUpEndsAtOnce) {
  server_.answer_produce([&](Puts& stream) {
    v1::ProduceRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  });
  Producer producer = client_.queue("tasks").producer();
  producer.put("x");
}

TEST_F(ProducerTest, NonsenseIsRefused) {
  EXPECT_THROW((void)client_.queue("tasks").producer({.in_flight = 0}), InvalidArgument);
  EXPECT_THROW((void)client_.queue("tasks").producer({.in_flight = 1'000'001}), InvalidArgument);
}

}  // namespace
}  // namespace sluice::test
