// How items end: by hand, by a loop, and by their lease.
#include <deque>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/sluice.h"
#include "tests/client/fake_server.h"
#include "tests/client/signal.h"
#include "tests/support/deadline.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// A queue that is closed and holds so many items; token and id of the n-th are 100 + n.
auto items_to_take(int count) {
  auto next = std::make_shared<std::atomic<int>>(1);
  return [count, next](grpc::ServerContext&, const v1::GetRequest& request, v1::GetResponse& response) {
    for (std::uint32_t i = 0; i < request.max_items() && *next <= count; ++i) {
      const auto number = static_cast<std::uint64_t>((*next)++);
      v1::LeasedItem& item = *response.add_items();
      item.set_item_id(100 + number);
      item.set_lease_token(100 + number);
      item.set_payload(std::to_string(number));
      item.set_attempt(1);
    }
    response.set_end_of_queue(response.items().empty());
    return grpc::Status::OK;
  };
}

class TakenItems : public testing::Test {
 protected:
  TakenItems() {
    server_.get.answer(items_to_take(3));
    server_.complete.answer(all_well<v1::CompleteRequest, v1::CompleteResponse>);
    server_.fail.answer(all_well<v1::FailRequest, v1::FailResponse>);
    server_.extend.answer(all_well<v1::ExtendRequest, v1::ExtendResponse>);
    server_.release.answer(all_well<v1::ReleaseRequest, v1::ReleaseResponse>);
  }

  std::vector<LeaseToken> completed() {
    std::vector<LeaseToken> tokens;
    for (const auto& request : server_.complete.requests()) {
      for (const auto& completion : request.completions()) tokens.push_back(completion.lease_token());
    }
    return tokens;
  }
  std::vector<LeaseToken> failed() {
    std::vector<LeaseToken> tokens;
    for (const auto& request : server_.fail.requests()) tokens.push_back(request.leases(0).lease_token());
    return tokens;
  }
  std::vector<LeaseToken> released() {
    std::vector<LeaseToken> tokens;
    for (const auto& request : server_.release.requests()) {
      tokens.insert(tokens.end(), request.lease_tokens().begin(), request.lease_tokens().end());
    }
    return tokens;
  }
  void lose_leases() {
    server_.complete.answer([](grpc::ServerContext&, const v1::CompleteRequest& request, v1::CompleteResponse& response) {
      for (int i = 0; i < request.completions_size(); ++i) response.add_results()->set_error_reason("LEASE_LOST");
      return grpc::Status::OK;
    });
  }

  FakeServer server_;
  Client client_{server_.address()};
  Queue tasks_ = client_.queue("tasks");
};

using testing::ElementsAre;
using testing::IsEmpty;

// By a stream, and by calls.
class Loop : public TakenItems, public testing::WithParamInterface<bool> {
 protected:
  Items loop(ConsumeOptions options = {}) {
    if (GetParam()) options.lease_duration = 30s;
    return tasks_.consume(std::move(options));
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, Loop, testing::Bool(),
                         [](const auto& way) { return std::string(way.param ? "ByCalls" : "ByStream"); });

TEST_P(Loop, MarksEachItemAsDoneWhenItsBodyIsLeft) {
  std::vector<std::string> seen;
  for (auto& item : loop()) {
    EXPECT_THAT(completed(), testing::SizeIs(seen.size()));
    seen.push_back(item.payload());
    if (item.payload() == "1") continue;
  }
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
  EXPECT_THAT(completed(), ElementsAre(101, 102, 103));
  EXPECT_THAT(failed(), IsEmpty());
}

TEST_P(Loop, BreakMarksTheItemAsDone) {
  for (auto& item : loop()) {
    if (item.payload() == "2") break;
  }
  EXPECT_THAT(completed(), ElementsAre(101, 102));
}

TEST_P(Loop, AnExceptionFailsTheItemAndGoesOn) {
  const auto consume = [this] {
    for (auto& item : loop()) {
      if (item.payload() == "2") throw std::runtime_error("cannot");
    }
  };
  EXPECT_THROW(consume(), std::runtime_error);
  EXPECT_THAT(completed(), ElementsAre(101));
  EXPECT_THAT(failed(), ElementsAre(102));
  EXPECT_EQ(server_.fail.requests().at(0).leases(0).failure().reason(), "HANDLER_THREW");
}

TEST_P(Loop, AnExceptionThatTheBodyCatchesIsNoFailure) {
  for ([[maybe_unused]] auto& item : loop()) {
    try {
      throw std::runtime_error("caught");
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_THAT(completed(), ElementsAre(101, 102, 103));
}

// Runs a loop while an exception is on its way through the function that owns this.
struct LoopsInItsDestructor {
  explicit LoopsInItsDestructor(Items items) : items_(std::move(items)) {}
  ~LoopsInItsDestructor() {
    for (auto& item : items_) {
      if (item.payload() == "2") break;
    }
  }
  const Items items_;
};

TEST_P(Loop, AnExceptionThatIsNotTheLoopsOwnFailsNothing) {
  const auto unwind = [this] {
    const LoopsInItsDestructor loops(loop());
    throw std::runtime_error("elsewhere");
  };
  EXPECT_THROW(unwind(), std::runtime_error);
  EXPECT_THAT(completed(), ElementsAre(101, 102));
  EXPECT_THAT(failed(), IsEmpty());
}

TEST_P(Loop, WhatTheBodyEndedTheLoopLeavesAlone) {
  for (auto& item : loop()) {
    if (item.payload() == "1") item.done("next", {.payload = "out"});
    if (item.payload() == "2") item.fail("no good", {.do_not_retry = true});
    if (item.payload() == "3") item.release();
  }
  EXPECT_THAT(completed(), ElementsAre(101));
  EXPECT_THAT(failed(), ElementsAre(102));
  EXPECT_THAT(released(), ElementsAre(103));
  const auto completion = server_.complete.requests().at(0).completions(0);
  EXPECT_EQ(completion.outputs(0).queue(), "next");
  EXPECT_EQ(completion.outputs(0).item().payload(), "out");
  EXPECT_TRUE(server_.fail.requests().at(0).leases(0).do_not_retry());
}

TEST_P(Loop, ALostLeaseIsToldAndTheLoopGoesOn) {
  lose_leases();
  std::vector<std::string> told;
  int seen = 0;
  for ([[maybe_unused]] auto& item : loop({.on_lost = [&](const Error& error) { told.push_back(error.reason()); }})) ++seen;
  EXPECT_EQ(seen, 3);
  EXPECT_THAT(told, ElementsAre("LEASE_LOST", "LEASE_LOST", "LEASE_LOST"));
}

TEST_P(Loop, WhatWasTakenAheadGoesBackWhenTheLoopIsLeft) {
  for ([[maybe_unused]] auto& item : loop({.prefetch = 3})) break;
  EXPECT_THAT(completed(), ElementsAre(101));
  EXPECT_THAT(released(), ElementsAre(102, 103));
}

TEST_P(Loop, AnErrorOfTheQueueIsThrown) {
  server_.get.answer([](grpc::ServerContext&, const v1::GetRequest&, v1::GetResponse&) {
    return named_error(grpc::StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND", "there is no queue \"tasks\"");
  });
  const auto consume = [this] {
    for ([[maybe_unused]] auto& item : loop()) ADD_FAILURE() << "there is no item";
  };
  EXPECT_THROW(consume(), NotFound);
}

TEST_P(Loop, AStopEndsTheLoopWithTheItemAtHandDone) {
  std::stop_source stop;
  int seen = 0;
  for ([[maybe_unused]] auto& item : loop({.stop = stop.get_token()})) {
    ++seen;
    stop.request_stop();
  }
  EXPECT_EQ(seen, 1);
  EXPECT_THAT(completed(), ElementsAre(101));
}

TEST_F(TakenItems, ALoopGoesOnWithAnotherConnectionAndKnowsWhatItLost) {
  std::vector<std::string> seen;
  std::vector<std::string> told;
  for (auto& item : tasks_.consume({.on_lost = [&](const Error& error) { told.push_back(error.reason()); }})) {
    seen.push_back(item.payload());
    if (item.payload() != "2") continue;
    server_.stop();
    EXPECT_TRUE(support::eventually([&] { return item.lost(); })) << "while it is worked on";
    EXPECT_THROW(item.extend(), LeaseLost);
    server_.start_again();
  }
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
  EXPECT_THAT(completed(), ElementsAre(101, 103));
  EXPECT_THAT(told, ElementsAre("LEASE_LOST"));
}

TEST_F(TakenItems, ALoopEndsWithTheErrorOfAServerThatStaysAway) {
  const Client hasty(server_.address(), {.connect_timeout = 10ms, .reconnect_timeout = 10ms});
  int seen = 0;
  const auto consume = [&] {
    for ([[maybe_unused]] auto& item : hasty.queue("tasks")) {
      if (++seen == 2) server_.stop();
    }
  };
  EXPECT_THROW(consume(), Unavailable);
  EXPECT_EQ(seen, 2);
}

TEST_F(TakenItems, AStopEndsALoopThatWaits) {
  Counter asked;
  server_.get.answer([&asked](grpc::ServerContext& context, const v1::GetRequest&, v1::GetResponse&) {
    asked.add();
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    EXPECT_TRUE(asked.wait_for(1));
    stop.request_stop();
  });
  for ([[maybe_unused]] auto& item : tasks_.consume({.stop = stop.get_token()})) ADD_FAILURE() << "there is no item";
}

TEST_F(TakenItems, DoneOnceTooOftenIsAnError) {
  auto item = tasks_.get();
  ASSERT_TRUE(item);
  item->done();
  EXPECT_TRUE(item->ended());
  lose_leases();
  EXPECT_THROW(item->done(), LeaseLost);
  EXPECT_FALSE(item->lost()) << "it was ended, nobody else has it";
}

TEST_F(TakenItems, ALostLeaseCanBeAskedFor) {
  lose_leases();
  auto item = tasks_.get();
  ASSERT_TRUE(item);
  EXPECT_FALSE(item->lost());
  EXPECT_THROW(item->done(), LeaseLost);
  EXPECT_TRUE(item->lost());
}

TEST_F(TakenItems, AFullOutputLeavesTheItemHeld) {
  server_.complete.answer([](grpc::ServerContext&, const v1::CompleteRequest&, v1::CompleteResponse& response) {
    response.add_results()->set_error_reason("QUEUE_FULL");
    return grpc::Status::OK;
  });
  auto item = tasks_.get();
  EXPECT_THROW(item->done("next", {.payload = "x"}, {.max_wait = 0s}), QueueFull);
  EXPECT_FALSE(item->ended());
}

TEST_F(TakenItems, ARepeatedCompletionHasTheSameName) {
  auto first = std::make_shared<std::atomic<bool>>(true);
  server_.complete.answer(
      [first](grpc::ServerContext& context, const v1::CompleteRequest& request, v1::CompleteResponse& response) {
        if (first->exchange(false)) return lost();
        return all_well(context, request, response);
      });
  tasks_.get()->done();
  const auto requests = server_.complete.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_FALSE(requests[0].request_id().empty());
  EXPECT_EQ(requests[0].request_id(), requests[1].request_id());
}

TEST_F(TakenItems, TheEndOfTheQueueAndAnEmptyQueueAreToldApart) {
  server_.get.answer([](grpc::ServerContext&, const v1::GetRequest& request, v1::GetResponse& response) {
    response.set_end_of_queue(!request.has_max_wait());
    return grpc::Status::OK;
  });
  EXPECT_FALSE(tasks_.get_batch(10, {.max_wait = 0s}).end_of_queue);
  EXPECT_TRUE(tasks_.get_batch(10).end_of_queue);
  EXPECT_FALSE(tasks_.get());
}

TEST_F(TakenItems, DoneAllSaysHowManyTookEffect) {
  server_.complete.answer([](grpc::ServerContext&, const v1::CompleteRequest& request, v1::CompleteResponse& response) {
    for (const auto& completion : request.completions()) {
      auto& result = *response.add_results();
      if (completion.lease_token() == 102) result.set_error_reason("LEASE_LOST");
    }
    return grpc::Status::OK;
  });
  Batch batch = tasks_.get_batch(10);
  ASSERT_EQ(batch.items.size(), 3u);
  EXPECT_EQ(tasks_.done_all(batch.items), 2u);
  EXPECT_FALSE(batch.items[0].lost());
  EXPECT_TRUE(batch.items[1].lost());
}

TEST_F(TakenItems, LeasesAreExtendedWhileItemsAreHeld) {
  Counter extended;
  server_.extend.answer(
      [&extended](grpc::ServerContext& context, const v1::ExtendRequest& request, v1::ExtendResponse& response) {
        extended.add();
        return all_well(context, request, response);
      });
  {
    auto item = tasks_.get({.lease_duration = 30ms});
    ASSERT_TRUE(extended.wait_for(3));
    const auto request = server_.extend.requests().at(0);
    EXPECT_THAT(request.lease_tokens(), ElementsAre(101));
    EXPECT_EQ(request.lease_duration().nanos(), 30'000'000);
    item->done();
  }
  auto other = tasks_.get({.lease_duration = 30ms});
  const int before = extended.count();
  ASSERT_TRUE(extended.wait_for(before + 2));
  EXPECT_THAT(server_.extend.requests().back().lease_tokens(), ElementsAre(102)) << "the one that is done is left alone";
}

TEST_F(TakenItems, ALeaseOfUnknownLengthIsAskedFor) {
  server_.get_queue.answer([](grpc::ServerContext&, const v1::GetQueueRequest&, v1::GetQueueResponse& response) {
    response.mutable_queue()->mutable_settings()->mutable_lease_duration()->set_nanos(60'000'000);
    return grpc::Status::OK;
  });
  Counter extended;
  server_.extend.answer(
      [&extended](grpc::ServerContext& context, const v1::ExtendRequest& request, v1::ExtendResponse& response) {
        extended.add();
        return all_well(context, request, response);
      });
  const auto item = tasks_.get();
  ASSERT_TRUE(extended.wait_for(3));
  EXPECT_EQ(server_.extend.requests().at(0).lease_duration().nanos(), 60'000'000);
  EXPECT_EQ(server_.get_queue.requests().size(), 1u);
}

TEST_F(TakenItems, TheKeeperNoticesALostLease) {
  Counter extended;
  server_.extend.answer([&extended](grpc::ServerContext&, const v1::ExtendRequest&, v1::ExtendResponse& response) {
    response.add_results()->set_error_reason("LEASE_LOST");
    extended.add();
    return grpc::Status::OK;
  });
  const auto item = tasks_.get({.lease_duration = 10ms});
  ASSERT_TRUE(extended.wait_for(1));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!item->lost() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(item->lost());
}

// An extension that was on its way while the item was ended finds no lease any more, and that is no loss.
TEST_F(TakenItems, WhatIsDoneIsNotLostToALateExtension) {
  struct Calls {
    Counter begun;
    Counter may_end;
  };
  const auto calls = std::make_shared<Calls>();
  server_.extend.answer([calls](grpc::ServerContext&, const v1::ExtendRequest& request, v1::ExtendResponse& response) {
    for (const auto token : request.lease_tokens()) {
      response.add_results()->set_error_reason(token == 101 ? "LEASE_LOST" : "");
    }
    calls->begun.add();
    return calls->may_end.wait_for(1) ? grpc::Status::OK : grpc::Status::CANCELLED;
  });
  Batch batch = tasks_.get_batch(2, {.lease_duration = 30ms});
  ASSERT_TRUE(calls->begun.wait_for(1));
  batch.items[0].done();
  calls->may_end.add();
  ASSERT_TRUE(calls->begun.wait_for(2)) << "the keeper has read the answer before it asks again";
  EXPECT_FALSE(batch.items[0].lost());
}

}  // namespace
}  // namespace sluice::test
