// What a call does when the server refuses, is not there, or loses an answer.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/sluice.h"
#include "tests/client/fake_server.h"
#include "tests/client/signal.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class Calls : public testing::Test {
 protected:
  static ClientOptions options() { return {.connect_timeout = 10s, .reconnect_timeout = 10s, .call_timeout = 10s}; }

  FakeServer server_;
  Client client_{server_.address(), options()};
  Queue tasks_ = client_.queue("tasks");
};

grpc::Status put_well(grpc::ServerContext&, const v1::PutRequest& request, v1::PutResponse& response) {
  for (int i = 0; i < request.items_size(); ++i) response.add_item_ids(static_cast<std::uint64_t>(i) + 1);
  return grpc::Status::OK;
}

// Loses the answer `times` times, then gives it.
template <class Request, class Response, class Answer>
auto lose(int times, Answer answer) {
  auto left = std::make_shared<int>(times);
  return [left, answer](grpc::ServerContext& context, const Request& request, Response& response) {
    if ((*left)-- > 0) return lost();
    return answer(context, request, response);
  };
}

TEST_F(Calls, NamedErrorsBecomeTheirExceptions) {
  const auto refuse_with = [this](grpc::StatusCode code, const std::string& reason) {
    server_.put.answer(
        [=](grpc::ServerContext&, const v1::PutRequest&, v1::PutResponse&) { return named_error(code, reason, "no"); });
  };
  refuse_with(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL");
  EXPECT_THROW(tasks_.put("x"), QueueFull);
  EXPECT_FALSE(tasks_.try_put("x"));
  refuse_with(grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED");
  EXPECT_THROW(tasks_.put("x"), QueueClosed);
  refuse_with(grpc::StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND");
  EXPECT_THROW(tasks_.put("x"), NotFound);
  refuse_with(grpc::StatusCode::INVALID_ARGUMENT, "PAYLOAD_TOO_LARGE");
  try {
    tasks_.put("x");
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_EQ(error.reason(), "PAYLOAD_TOO_LARGE");
    EXPECT_STREQ(error.what(), "no");
    EXPECT_EQ(error.metadata().at("queue"), "tasks");
  }
}

TEST_F(Calls, APutWhoseAnswerIsLostIsRepeatedUnderTheSameName) {
  server_.put.answer(lose<v1::PutRequest, v1::PutResponse>(2, put_well));
  EXPECT_EQ(tasks_.put("x"), 1u);
  EXPECT_EQ(tasks_.put("y"), 1u);
  const auto requests = server_.put.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_FALSE(requests[0].request_id().empty());
  EXPECT_EQ(requests[0].request_id(), requests[1].request_id());
  EXPECT_EQ(requests[0].request_id(), requests[2].request_id());
  EXPECT_NE(requests[0].request_id(), requests[3].request_id());
}

TEST_F(Calls, ARepeatedPutWaitsOnlyForWhatIsLeftOfItsTime) {
  server_.put.answer(lose<v1::PutRequest, v1::PutResponse>(1, put_well));
  tasks_.put("x", {.max_wait = 5s});
  const auto requests = server_.put.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].max_wait().seconds(), 4) << "5 s less a few microseconds";
  EXPECT_LT(requests[1].max_wait().nanos(), requests[0].max_wait().nanos());
}

TEST_F(Calls, APutThatWaitsForAsLongAsItTakesSaysSo) {
  server_.put.answer(put_well);
  tasks_.put("x");
  EXPECT_FALSE(server_.put.requests().at(0).has_max_wait());
  tasks_.try_put("x");
  EXPECT_TRUE(server_.put.requests().at(1).has_max_wait());
  EXPECT_EQ(server_.put.requests().at(1).max_wait().seconds(), 0);
}

TEST_F(Calls, ACreateWhoseAnswerIsLostIsNotRepeated) {
  server_.create_queue.answer([](grpc::ServerContext&, const auto&, auto&) { return lost(); });
  EXPECT_THROW(client_.create_queue("tasks"), Unavailable);
  EXPECT_EQ(server_.create_queue.requests().size(), 1u);
  const Client hasty(server_.address(), {.connect_timeout = 200ms, .reconnect_timeout = 200ms});
  EXPECT_THROW(hasty.ensure_queue("tasks"), Unavailable);
  EXPECT_GT(server_.create_queue.requests().size(), 2u) << "this one can do no harm twice";
}

TEST_F(Calls, WhatTheServerRefusesWhileGoingDownIsRepeated) {
  auto first = std::make_shared<std::atomic<bool>>(true);
  server_.create_queue.answer([first](grpc::ServerContext&, const auto&, auto&) {
    if (first->exchange(false)) return named_error(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN", "going down");
    return grpc::Status::OK;
  });
  client_.create_queue("tasks");
  EXPECT_EQ(server_.create_queue.requests().size(), 2u);
}

TEST_F(Calls, AServerThatComesBackIsFoundAgain) {
  server_.put.answer(put_well);
  tasks_.put("x");
  server_.stop();
  std::jthread restart([this] { server_.start_again(); });
  EXPECT_EQ(tasks_.put("y"), 1u);
}

TEST_F(Calls, AWaitThatTheServersEndBreaksGoesOnWithTheNextServer) {
  Counter waiting;
  server_.get.answer([&waiting](grpc::ServerContext& context, const v1::GetRequest&, v1::GetResponse& response) {
    waiting.add();
    if (waiting.count() > 1) {
      response.add_items()->set_payload("after the restart");
      return grpc::Status::OK;
    }
    while (!context.IsCancelled()) std::this_thread::yield();
    return lost();
  });
  std::jthread restart([&] {
    EXPECT_TRUE(waiting.wait_for(1));
    server_.stop();
    server_.start_again();
  });
  const auto item = tasks_.get({.keep_leased = false});
  ASSERT_TRUE(item);
  EXPECT_EQ(item->payload(), "after the restart");
}

TEST_F(Calls, AnAddressWhereNobodyListensIsUnreachable) {
  server_.stop();
  const Client client(server_.address(), {.connect_timeout = 0s});
  try {
    client.queue("tasks").put("x");
    FAIL() << "nothing was thrown";
  } catch (const Unavailable& error) {
    EXPECT_EQ(error.reason(), "UNREACHABLE");
    EXPECT_THAT(error.what(), testing::HasSubstr(server_.address()));
  }
}

// What becomes of a put that is stopped while it waits, when its last try is answered by `last`.
class StoppedPut : public Calls {
 protected:
  template <class Last>
  void answer(Last last) {
    server_.put.answer([this, last](grpc::ServerContext& context, const v1::PutRequest& request, v1::PutResponse& response) {
      if (request.has_max_wait()) return last(context, request, response);
      waiting_.add();
      while (!context.IsCancelled()) std::this_thread::yield();
      return lost();
    });
  }
  ItemId put() {
    std::stop_source stop;
    std::jthread stopper([&] {
      EXPECT_TRUE(waiting_.wait_for(1));
      stop.request_stop();
    });
    return tasks_.put("x", {.stop = stop.get_token()});
  }

  Counter waiting_;
};

TEST_F(StoppedPut, IsCancelledWhenItWasNotAdmitted) {
  answer([](grpc::ServerContext&, const v1::PutRequest&, v1::PutResponse&) {
    return named_error(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL", "full");
  });
  try {
    put();
    FAIL() << "nothing was thrown";
  } catch (const Cancelled& error) {
    EXPECT_FALSE(error.metadata().contains("outcome"));
  }
}

TEST_F(StoppedPut, SucceedsWhenItWasAdmittedInThatMoment) {
  answer(put_well);
  EXPECT_EQ(put(), 1u);
  const auto requests = server_.put.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].request_id(), requests[1].request_id());
}

TEST_F(StoppedPut, SaysSoWhenNobodyKnows) {
  answer([](grpc::ServerContext&, const v1::PutRequest&, v1::PutResponse&) { return lost(); });
  try {
    put();
    FAIL() << "nothing was thrown";
  } catch (const Cancelled& error) {
    EXPECT_EQ(error.metadata().at("outcome"), "unknown");
  }
}

TEST_F(Calls, AStopThatCameBeforePutsNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(tasks_.put("x", {.stop = stop.get_token()}), Cancelled);
  EXPECT_TRUE(server_.put.requests().empty());
}

TEST_F(Calls, AStopEndsAWaitForAnItem) {
  Counter waiting;
  server_.get.answer([&waiting](grpc::ServerContext& context, const v1::GetRequest&, v1::GetResponse&) {
    waiting.add();
    while (!context.IsCancelled()) std::this_thread::yield();
    return lost();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    EXPECT_TRUE(waiting.wait_for(1));
    stop.request_stop();
  });
  EXPECT_THROW((void)tasks_.get({.stop = stop.get_token()}), Cancelled);
}

TEST_F(Calls, AStopEndsThePatienceWithAServerThatIsGone) {
  server_.put.answer(put_well);
  tasks_.put("x");
  server_.stop();
  std::stop_source stop;
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_THROW((void)tasks_.get({.stop = stop.get_token()}), Cancelled);
}

TEST_F(Calls, ListsTurnTheirPages) {
  server_.list_queues.answer([](grpc::ServerContext&, const v1::ListQueuesRequest& request, v1::ListQueuesResponse& response) {
    response.add_queues()->set_name(request.page_token().empty() ? "a" : "b");
    if (request.page_token().empty()) response.set_next_page_token("more");
    return grpc::Status::OK;
  });
  const auto queues = client_.list_queues("x");
  ASSERT_EQ(queues.size(), 2u);
  EXPECT_EQ(queues[0].name, "a");
  EXPECT_EQ(queues[1].name, "b");
  EXPECT_EQ(server_.list_queues.requests().at(1).prefix(), "x");
}

TEST_F(Calls, PutAllLearnsTheCapacityAndKeepsTheOrder) {
  std::vector<std::string> put;
  server_.put.answer([&put](grpc::ServerContext& context, const v1::PutRequest& request, v1::PutResponse& response) {
    if (request.items_size() > 10) return named_error(grpc::StatusCode::INVALID_ARGUMENT, "BATCH_TOO_LARGE", "too many");
    for (const auto& item : request.items()) put.push_back(item.payload());
    return put_well(context, request, response);
  });
  server_.get_queue.answer([](grpc::ServerContext&, const v1::GetQueueRequest&, v1::GetQueueResponse& response) {
    response.mutable_queue()->mutable_settings()->set_capacity(10);
    return grpc::Status::OK;
  });
  std::vector<std::string> payloads;
  for (int i = 0; i < 23; ++i) payloads.push_back(std::to_string(i));
  std::vector<std::size_t> progress;
  const auto ids = tasks_.put_all(payloads, {.progress = [&](std::size_t count) { progress.push_back(count); }});
  EXPECT_EQ(ids.size(), 23u);
  EXPECT_EQ(put, payloads);
  EXPECT_THAT(progress, testing::ElementsAre(5, 10, 15, 20, 23));
}

TEST_F(Calls, AJoinIsTakenUpAgainWhereItBroke) {
  std::vector<v1::JoinQueueRequest> requests;
  server_.answer_join(
      [&](grpc::ServerContext&, const v1::JoinQueueRequest& request, grpc::ServerWriter<v1::JoinQueueResponse>& writer) {
        requests.push_back(request);
        v1::JoinQueueResponse message;
        message.set_idle_count(7);
        message.mutable_queue()->set_unfinished(requests.size() == 1 ? 3 : 0);
        message.set_done(requests.size() > 1);
        writer.Write(message);
        return requests.size() == 1 ? lost() : grpc::Status::OK;
      });
  std::vector<std::uint64_t> unfinished;
  tasks_.join({.progress = [&](const QueueInfo& queue) { unfinished.push_back(queue.unfinished); }});
  EXPECT_THAT(unfinished, testing::ElementsAre(3, 0));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_FALSE(requests[0].has_since_idle_count());
  EXPECT_EQ(requests[1].since_idle_count(), 7u);
}

TEST_F(Calls, AJoinWhoseTimeIsOverThrows) {
  server_.answer_join(
      [](grpc::ServerContext& context, const v1::JoinQueueRequest&, grpc::ServerWriter<v1::JoinQueueResponse>&) {
        while (!context.IsCancelled()) std::this_thread::yield();
        return lost();
      });
  EXPECT_THROW(tasks_.join({.max_wait = 50ms}), DeadlineExceeded);
}

TEST_F(Calls, WhatAProgressCallbackThrowsEndsTheJoin) {
  server_.answer_join(
      [](grpc::ServerContext& context, const v1::JoinQueueRequest&, grpc::ServerWriter<v1::JoinQueueResponse>& writer) {
        writer.Write({});
        while (!context.IsCancelled()) std::this_thread::yield();
        return lost();
      });
  EXPECT_THROW(tasks_.join({.progress = [](const QueueInfo&) { throw std::logic_error("enough"); }}), std::logic_error);
}

}  // namespace
}  // namespace sluice::test
