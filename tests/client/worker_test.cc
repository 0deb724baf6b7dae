#include "sluice/worker.h"

#include <latch>
#include <mutex>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/sluice.h"
#include "tests/client/fake_server.h"

namespace sluice::test {
namespace {

class Work : public testing::Test {
 protected:
  Work() {
    server_.get.answer([this](grpc::ServerContext&, const v1::GetRequest&, v1::GetResponse& response) {
      const std::uint64_t number = ++taken_;
      response.set_end_of_queue(number > items_);
      if (number <= items_) {
        v1::LeasedItem& item = *response.add_items();
        item.set_lease_token(number);
        item.set_payload(std::to_string(number));
        (*item.mutable_attributes())["name"] = "n" + std::to_string(number);
      }
      return grpc::Status::OK;
    });
    server_.complete.answer(all_well<v1::CompleteRequest, v1::CompleteResponse>);
    server_.fail.answer(all_well<v1::FailRequest, v1::FailResponse>);
    server_.release.answer(all_well<v1::ReleaseRequest, v1::ReleaseResponse>);
  }

  std::uint64_t items_ = 6;
  std::atomic<std::uint64_t> taken_ = 0;
  FakeServer server_;
  Client client_{server_.address()};
  Queue tasks_ = client_.queue("tasks");
};

TEST_F(Work, RunsTheFunctionForEachItemAndHandsResultsOn) {
  const WorkResult result =
      work(tasks_, [](Item& item) { return "<" + item.payload() + ">"; }, {.concurrency = 3, .output = "next"});
  EXPECT_EQ(result.done, 6u);
  std::vector<std::string> outputs;
  for (const auto& request : server_.complete.requests()) {
    const auto& output = request.completions(0).outputs(0);
    EXPECT_EQ(output.queue(), "next");
    EXPECT_EQ(output.item().attributes().at("name").front(), 'n') << "a payload keeps the item's attributes";
    outputs.push_back(output.item().payload());
  }
  EXPECT_THAT(outputs, testing::UnorderedElementsAre("<1>", "<2>", "<3>", "<4>", "<5>", "<6>"));
}

TEST_F(Work, RunsAsManyAtOnceAsAskedFor) {
  std::latch together(3);
  work(tasks_,
       [&together](Item& item) {
         if (std::stoi(item.payload()) <= 3) together.arrive_and_wait();
       },
       {.concurrency = 3});
  EXPECT_EQ(server_.complete.requests().size(), 6u);
}

TEST_F(Work, AnExceptionFailsItsItemAndNothingElse) {
  std::mutex mutex;
  std::vector<std::string> told;
  const WorkResult result = work(tasks_,
                                 [](Item& item) {
                                   if (item.payload() == "2") throw std::runtime_error("cannot do 2");
                                   if (item.payload() == "4") throw PermanentFailure("never do 4");
                                 },
                                 {.concurrency = 2, .on_error = [&](const Item&, const std::exception& error) {
                                    const std::lock_guard lock(mutex);
                                    told.emplace_back(error.what());
                                  }});
  EXPECT_EQ(result.done, 4u);
  EXPECT_EQ(result.failed, 2u);
  EXPECT_THAT(told, testing::UnorderedElementsAre("cannot do 2", "never do 4"));
  for (const auto& request : server_.fail.requests()) {
    const auto& lease = request.leases(0);
    EXPECT_EQ(lease.do_not_retry(), lease.lease_token() == 4);
    EXPECT_EQ(lease.failure().reason(), "HANDLER_THREW");
    EXPECT_EQ(lease.failure().message(), lease.lease_token() == 4 ? "never do 4" : "cannot do 2");
  }
}

TEST_F(Work, AStopEndsItAfterWhatRuns) {
  std::stop_source stop;
  const WorkResult result = work(tasks_, [&stop](Item&) { stop.request_stop(); }, {.stop = stop.get_token()});
  EXPECT_EQ(result.done, 1u);
}

TEST_F(Work, AClosedOutputEndsAllAndIsThrown) {
  server_.complete.answer([](grpc::ServerContext&, const v1::CompleteRequest&, v1::CompleteResponse& response) {
    response.add_results()->set_error_reason("QUEUE_CLOSED");
    return grpc::Status::OK;
  });
  EXPECT_THROW(work(tasks_, [](Item& item) { return item.payload(); }, {.concurrency = 2, .output = "next"}), QueueClosed);
}

}  // namespace
}  // namespace sluice::test
