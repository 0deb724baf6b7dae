// Progress from messages and back.
#include "server/wire/progress.h"

#include <limits>

#include "server/base/limits.h"
#include "server/wire/commands.h"
#include "server/wire/item.h"
#include "server/wire/jobs.h"
#include "server/wire/streams.h"
#include "server/wire/views.h"
#include "server/wire/work.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::SizeIs;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

template <class Message>
void add(Message& message, std::optional<double> fraction, const std::string& text = {}) {
  auto& report = *message.add_reports();
  report.set_lease_token(static_cast<std::uint64_t>(message.reports_size()));
  if (fraction) report.mutable_progress()->set_fraction(*fraction);
  report.mutable_progress()->set_message(text);
}

TEST(Reports, AreMadeToFit) {
  v1::ReportProgressRequest request;
  request.set_queue("tasks");
  for (const auto& fraction : {std::optional(0.5), std::optional(-1.0), std::optional(2.0), std::optional(kNoNumber)}) {
    add(request, fraction, "x");
  }
  add(request, std::nullopt, std::string(255, 'x') + "\xC3\xA4");
  request.add_reports()->set_lease_token(6);
  const auto command = report_of(request);
  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->queue, "tasks");
  ASSERT_THAT(command->reports, SizeIs(6));
  const auto& reports = command->reports;
  EXPECT_EQ(reports[0].lease, model::LeaseId{1});
  EXPECT_EQ(reports[0].progress, (model::Progress{.fraction = 0.5, .message = "x"}));
  EXPECT_EQ(reports[1].progress.fraction, 0.0);
  EXPECT_EQ(reports[2].progress.fraction, 1.0);
  EXPECT_EQ(reports[3].progress.fraction, std::nullopt);
  EXPECT_EQ(reports[4].progress.message, std::string(255, 'x'));
  EXPECT_FALSE(reports[5].progress.says_something());
}

TEST(Reports, OfACallAreABatch) {
  v1::ReportProgressRequest request;
  request.set_queue("tasks");
  EXPECT_THAT(report_of(request), RefusedFor(Reason::kInvalidValue, "reports"));
  for (std::uint32_t i = 0; i <= limits::kMaxBatch; ++i) add(request, 0.5);
  EXPECT_THAT(report_of(request), RefusedFor(Reason::kInvalidValue, "reports"));
}

TEST(Reports, ComeWithStreamsToo) {
  v1::ConsumeRequest consume;
  consume.set_queue("tasks");
  add(consume, 0.25, "a");
  const auto order = order_of(v1::ConsumeRequest(consume), "");
  ASSERT_THAT(order, IsOk());
  ASSERT_THAT(order->reports, SizeIs(1));
  EXPECT_EQ(order->reports[0].progress.message, "a");
  v1::WorkRequest work;
  work.set_pipeline("p");
  work.set_stage("s");
  add(work, 0.25, "b");
  const auto worked = work_of(v1::WorkRequest(work), {});
  ASSERT_THAT(worked, IsOk());
  ASSERT_THAT(worked->order.reports, SizeIs(1));
  EXPECT_EQ(worked->order.reports[0].progress.message, "b");
  for (std::uint32_t i = 0; i < limits::kMaxBatch; ++i) {
    add(consume, 0.5);
    add(work, 0.5);
  }
  EXPECT_THAT(order_of(std::move(consume), ""), RefusedFor(Reason::kInvalidValue, "reports"));
  EXPECT_THAT(work_of(std::move(work), {}), RefusedFor(Reason::kInvalidValue, "reports"));
}

TEST(Progress, IsShownAtItemsAndJobs) {
  const auto progress = std::make_shared<const model::Progress>(
      model::Progress{.fraction = 0.5, .message = "half", .time = base::Time{1'000'000s}});
  engine::PeekedItem peeked{.body = std::make_shared<const model::Body>()};
  v1::PeekedItem item;
  fill(peeked, 0, item);
  EXPECT_FALSE(item.has_progress());
  peeked.progress = progress;
  fill(peeked, 0, item);
  EXPECT_EQ(item.progress().fraction(), 0.5);
  EXPECT_EQ(item.progress().message(), "half");
  EXPECT_EQ(item.progress().time().seconds(), 1'000'000);
  v1::Job job;
  fill(engine::JobView{.progress = progress, .progress_queue = "tasks"}, false, job);
  EXPECT_EQ(job.progress().message(), "half");
  EXPECT_EQ(job.progress_queue(), "tasks");
}

TEST(Progress, OfWhatRunsHereAndElsewhereIsOneList) {
  const auto at = [](std::int64_t second, std::uint64_t id, std::string worker) {
    return model::RunningItem{
        .item = model::ItemId{id}, .start_time = base::Time{std::chrono::seconds(second)}, .worker = std::move(worker)};
  };
  engine::PipelineView view;
  view.stages.emplace_back();
  for (std::uint64_t i = 0; i < limits::kMaxRunningListed; ++i) {
    view.stages[0].remote_running.push_back(at(2 * static_cast<std::int64_t>(i), i, "far"));
  }
  v1::Pipeline pipeline;
  fill(view, pipeline);
  model::StageStatus status;
  status.running = {at(1, 1001, ""), at(3, 1002, "")};
  fill(status, *pipeline.mutable_stages(0));
  const auto& running = pipeline.stages(0).running();
  ASSERT_EQ(running.size(), static_cast<int>(limits::kMaxRunningListed));
  EXPECT_EQ(running[0].worker(), "far");
  EXPECT_EQ(running[1].item_id(), 1001U);
  EXPECT_EQ(running[1].worker(), "");
  EXPECT_EQ(running[3].item_id(), 1002U);
  EXPECT_EQ(running[99].item_id(), 97U);
}

TEST(Await, MayAskForProgress) {
  v1::AwaitJobsRequest request;
  request.add_job_ids(1);
  EXPECT_EQ(await_of(request)->progress_interval, 0s);
  *request.mutable_progress_interval() = duration(2);
  EXPECT_EQ(await_of(request)->progress_interval, 2s);
  *request.mutable_progress_interval() = duration(0, 1'000'000);
  EXPECT_THAT(await_of(request), RefusedFor(Reason::kInvalidValue, "progress_interval"));
}

}  // namespace
}  // namespace sluice::wire
