// The client library as a worker of a stage, against the server.
#include <future>
#include <thread>

#include "sluice/sluice.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

class StageWorkTest : public testing::Test {
 protected:
  TestServer server_;
  sluice::Client client_{server_.address()};
  sluice::Pipeline pipeline_ =
      client_.create_pipeline({.name = "p",
                               .queues = {{"in", {.retry = {.max_attempts = 3, .initial_backoff = 1ms}}}},
                               .stages = {{.name = "s", .input = "in", .output = "out"}}});
};

TEST_F(StageWorkTest, WorksToTheEndOfTheStageWhateverIsThrown) {
  pipeline_.queue("in").put_all({"a", "b", "c", "bad", "worse"});
  pipeline_.close();
  std::atomic<int> bad = 0;
  const auto result = sluice::work(pipeline_, "s",
                                   [&](const sluice::StageItem& item) {
                                     if (item.payload == "bad" && ++bad == 1) throw std::runtime_error("not yet");
                                     if (item.payload == "worse") throw sluice::PermanentFailure("never");
                                     return item.payload + "!";
                                   },
                                   {.concurrency = 3});
  EXPECT_EQ(result.done, 4U);
  EXPECT_EQ(result.failed, 2U);
  EXPECT_TRUE(pipeline_.stats().finished);
  EXPECT_EQ(pipeline_.queue("out").stats().waiting, 4U);
}

TEST_F(StageWorkTest, AStopEndsWhatRunsAndGivesTheRestBackUntouched) {
  std::stop_source stop;
  std::promise<void> began;
  std::promise<void> go;
  pipeline_.queue("in").put_all({"a", "b", "c", "d"});
  auto running = std::async(std::launch::async, [&, gate = go.get_future().share()] {
    return sluice::work(pipeline_, "s",
                        [&](const sluice::StageItem& item) {
                          if (item.payload == "a") began.set_value();
                          gate.wait();
                          return item.payload;
                        },
                        {.prefetch = 2, .stop = stop.get_token()});
  });
  began.get_future().wait();
  EXPECT_TRUE(eventually([&] { return client_.workers("p").at(0).in_flight == 3; }));
  stop.request_stop();
  EXPECT_TRUE(eventually([&] { return pipeline_.queue("in").stats().waiting == 3; }));
  go.set_value();
  EXPECT_EQ(running.get().done, 1U);
  EXPECT_TRUE(client_.workers().empty());
  for (const auto& item : pipeline_.queue("in").peek()) EXPECT_EQ(item.attempt, 0U);
}

TEST_F(StageWorkTest, AStopEndsTheWaitForItems) {
  std::stop_source stop;
  auto running = std::async(std::launch::async, [&] {
    return sluice::work(pipeline_, "s", [](const sluice::StageItem& item) { return item.payload; }, {.stop = stop.get_token()});
  });
  EXPECT_TRUE(eventually([&] { return !client_.workers().empty(); }));
  stop.request_stop();
  EXPECT_EQ(running.get().done, 0U);
}

TEST_F(StageWorkTest, AStageThatIsNotThereOrNoMoreIsAnError) {
  EXPECT_THROW(sluice::work(pipeline_, "t", [](const sluice::StageItem&) {}), sluice::NotFound);
  auto running = std::async(std::launch::async, [&] { return sluice::work(pipeline_, "s", [](const sluice::StageItem&) {}); });
  EXPECT_TRUE(eventually([&] { return !client_.workers().empty(); }));
  pipeline_.remove();
  EXPECT_THROW(running.get(), sluice::NotFound);
}

TEST_F(StageWorkTest, LargeResultsGoInSeveralMessages) {
  pipeline_.queue("in").put_all(std::vector<std::string>(30, "x"));
  pipeline_.close();
  const auto result =
      sluice::work(pipeline_, "s", [](const sluice::StageItem&) { return std::string(3 << 20, 'y'); }, {.concurrency = 30});
  EXPECT_EQ(result.done, 30U);
}

}  // namespace
}  // namespace sluice::rpc
