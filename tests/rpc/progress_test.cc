// Progress: how consumers and workers report it, and where it is seen.
#include <future>

#include "sluice/sluice.h"
#include "sluice/v1/job_service.grpc.pb.h"
#include "tests/rpc/stream_client.h"

namespace sluice::rpc {
namespace {

using Queues = Client::Queues;
using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::ProgressReport report_of(std::uint64_t token, double fraction, const std::string& message = {}) {
  v1::ProgressReport report;
  report.set_lease_token(token);
  report.mutable_progress()->set_fraction(fraction);
  report.mutable_progress()->set_message(message);
  return report;
}

class ProgressTest : public RpcTest {
 protected:
  void SetUp() override { ASSERT_THAT(client_.create("tasks"), IsOk()); }

  grpc::Status report(const std::vector<v1::ProgressReport>& reports) {
    v1::ReportProgressRequest request;
    request.set_queue("tasks");
    for (const auto& report : reports) *request.add_reports() = report;
    answer_.Clear();
    return client_.call(&Queues::ReportProgress, request, answer_);
  }
  // Of the first item: "0.5 half", "none".
  std::string shown(const std::string& queue = "tasks") {
    v1::PeekRequest request;
    request.set_queue(queue);
    v1::PeekResponse response;
    EXPECT_THAT(client_.call(&Queues::Peek, request, response), IsOk());
    return response.items().empty() || !response.items(0).has_progress() ? "none" : text_of(response.items(0).progress());
  }
  static std::string text_of(const v1::Progress& progress) {
    return (progress.has_fraction() ? std::to_string(progress.fraction()).substr(0, 3) : "-") + " " + progress.message();
  }
  std::uint64_t calls(std::string_view method) {
    const auto& counts = server_.grpc().counts();
    for (std::size_t i = 0; i < counts.names().size(); ++i) {
      if (counts.names()[i].method == method) return counts.method(i).started;
    }
    return 0;
  }

  v1::ReportProgressResponse answer_;
  sluice::Client library_{server_.address()};
};

TEST_F(ProgressTest, IsReportedByACall) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto item = client_.get("tasks");
  EXPECT_EQ(shown(), "none");
  EXPECT_THAT(report({report_of(item.lease_token(), 0.5, "half"), report_of(4711, 0.5)}), IsOk());
  ASSERT_THAT(answer_.results(), SizeIs(2));
  EXPECT_EQ(answer_.results(0).error_reason(), "");
  EXPECT_EQ(answer_.results(1).error_reason(), "LEASE_LOST");
  EXPECT_EQ(shown(), "0.5 half");
}

TEST_F(ProgressTest, IsMadeToFit) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  const auto token = client_.get("tasks").lease_token();
  EXPECT_THAT(report({report_of(token, 7.0, std::string(255, 'x') + "\xC3\xA4")}), IsOk());
  EXPECT_EQ(shown(), "1.0 " + std::string(255, 'x'));
  EXPECT_THAT(report({report_of(token, -7.0)}), IsOk());
  EXPECT_EQ(shown(), "0.0 ");
  EXPECT_THAT(report({report_of(token, std::numeric_limits<double>::quiet_NaN(), "what?")}), IsOk());
  EXPECT_EQ(shown(), "- what?");
  EXPECT_THAT(report({report_of(token, std::numeric_limits<double>::quiet_NaN())}), IsOk());
  EXPECT_EQ(shown(), "none");
}

TEST_F(ProgressTest, IsRefusedAsOtherCallsAre) {
  EXPECT_THAT(report({}), FailsWith(StatusCode::INVALID_ARGUMENT, "INVALID_VALUE"));
  v1::ReportProgressRequest request;
  request.set_queue("nowhere");
  *request.add_reports() = report_of(1, 0.5);
  EXPECT_THAT(client_.call(&Queues::ReportProgress, request, answer_), FailsWith(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND"));
}

TEST_F(ProgressTest, IsReportedByAStreamThatHoldsTheItem) {
  ASSERT_THAT(client_.put("tasks", "x"), IsOk());
  ASSERT_THAT(client_.put("tasks", "y"), IsOk());
  Consumer other(client_, "tasks", 1);
  const auto foreign = other.take(1).at(0);
  Consumer consumer(client_, "tasks", 1);
  const auto item = consumer.take(1).at(0);
  v1::ConsumeRequest request;
  *request.add_reports() = report_of(foreign.lease_token(), 0.9, "not mine");
  *request.add_reports() = report_of(item.lease_token(), 0.5, "half");
  *request.add_reports() = report_of(4711, 0.5);
  consumer.write(request);
  consumer.done({item.lease_token()});
  EXPECT_THAT(consumer.read().ended(), ElementsAre(item.lease_token())) << "reports have no answer";
  EXPECT_EQ(shown(), "none") << "of the other's item";
  *request.mutable_reports(0) = report_of(foreign.lease_token(), 0.6, "mine");
  other.write(request);
  EXPECT_TRUE(eventually([&] { return shown() == "0.6 mine"; }));
}

TEST_F(ProgressTest, TheLibraryReportsInALoop) {
  auto queue = library_.queue("tasks");
  queue.put("x");
  for (sluice::Item& item : queue.consume()) {
    item.progress(0.25, "a quarter");
    EXPECT_TRUE(eventually([&] { return shown() == "0.2 a quarter"; }));
    item.progress(std::nullopt, "no\xff number");
    EXPECT_TRUE(eventually([&] { return shown() == "- no? number"; }));
    const auto seen = queue.peek().at(0).progress;
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->message, "no? number");
    break;
  }
  EXPECT_EQ(calls("ReportProgress"), 0U) << "it goes with the stream";
}

TEST_F(ProgressTest, ManyReportsAreFewCalls) {
  auto queue = library_.queue("tasks");
  queue.put("x");
  const auto begin = std::chrono::steady_clock::now();
  auto item = queue.get();
  ASSERT_TRUE(item);
  for (int i = 1; i <= 100'000; ++i) item->progress(i / 100'000.0);
  EXPECT_TRUE(eventually([&] { return shown() == "1.0 "; }));
  const auto rounds = (std::chrono::steady_clock::now() - begin) / 100ms + 1;
  EXPECT_LE(calls("ReportProgress"), static_cast<std::uint64_t>(rounds));
  item->done();
  item->progress(0.5);
}

TEST_F(ProgressTest, ARemoteWorkersItemIsShownWithIt) {
  auto pipeline = library_.create_pipeline({.name = "p", .stages = {{.name = "s", .input = "in", .output = "out"}}});
  pipeline.queue("in").put("x");
  pipeline.close();
  std::optional<sluice::StageItem> kept;
  const auto result = sluice::work(pipeline, "s",
                                   [&](const sluice::StageItem& item) {
                                     kept = item;
                                     item.progress(0.5, "half");
                                     const auto running = [&] { return pipeline.stages().at(0).running; };
                                     EXPECT_TRUE(eventually([&] {
                                       const auto now = running();
                                       return now.size() == 1 && now[0].progress && now[0].progress->message == "half";
                                     }));
                                     EXPECT_EQ(running().at(0).worker, "the worker");
                                     EXPECT_EQ(running().at(0).id, item.id);
                                     return item.payload;
                                   },
                                   {.name = "the worker"});
  EXPECT_EQ(result.done, 1U);
  EXPECT_THAT(pipeline.stages().at(0).running, IsEmpty());
  // Whoever keeps an item for longer does no harm.
  ASSERT_TRUE(kept);
  kept->progress(0.9);
}

TEST_F(ProgressTest, WhoeverAwaitsAJobIsTold) {
  auto queue = library_.queue("tasks");
  const auto future = queue.submit("x");
  auto item = queue.get();
  ASSERT_TRUE(item);
  item->progress(0.5, "half");
  ASSERT_TRUE(eventually([&] { return future.look().progress.has_value(); }));
  EXPECT_EQ(future.look().progress->message, "half");
  EXPECT_EQ(future.look().progress_queue, "tasks");
  std::vector<std::string> told;
  std::promise<void> heard;
  auto waiting = std::async(std::launch::async, [&] {
    return future.wait({.on_progress =
                            [&](const sluice::Job& job) {
                              EXPECT_EQ(job.id, future.id());
                              told.push_back(job.progress->message);
                              if (told.size() == 2) heard.set_value();
                            },
                        .progress_interval = 10ms});
  });
  auto both = heard.get_future();
  for (int i = 0; both.wait_for(0s) != std::future_status::ready && i < 1'000; ++i) {
    item->progress(0.5, "step " + std::to_string(i));
    (void)both.wait_for(20ms);
  }
  item->done_with("made");
  const auto outcome = waiting.get();
  EXPECT_EQ(outcome.value(), "made");
  EXPECT_FALSE(outcome.progress);
  ASSERT_GE(told.size(), 2U);
  EXPECT_EQ(told[0], "half") << "what was said before it asked";
  EXPECT_THAT(told[1], HasSubstr("step "));
}

}  // namespace
}  // namespace sluice::rpc
