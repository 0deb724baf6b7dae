// Requests about jobs, checked.
#include "server/wire/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/wire/page.h"

namespace sluice::wire {
namespace {

using base::Reason;

constexpr CallTime kNow{base::Time{std::chrono::seconds(1'000)}};

v1::SubmitJobsRequest one_job() {
  v1::SubmitJobsRequest request;
  request.set_queue("q");
  request.add_items()->set_payload("x");
  return request;
}

Reason refusal(v1::SubmitJobsRequest request) {
  const auto command = submit_of(request, kNow);
  EXPECT_FALSE(command.ok());
  return base::reason_of(command.status()).value_or(Reason::kInternal);
}

TEST(SubmitRequest, HasDefaults) {
  auto request = one_job();
  const auto command = submit_of(request, kNow);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->queue, "q");
  EXPECT_EQ(command->give_up, base::kNever);
  ASSERT_NE(command->submission, nullptr);
  EXPECT_EQ(command->submission->pipeline, "");
  EXPECT_EQ(command->submission->keep, limits::kDefaultJobKeep);
  EXPECT_FALSE(command->submission->begins_batch);
  EXPECT_EQ(command->submission->batch, model::BatchId{});
}

TEST(SubmitRequest, MayBeForAPipelineAndABatch) {
  auto request = one_job();
  request.set_pipeline("p");
  request.mutable_keep()->set_seconds(60);
  auto& batch = *request.mutable_new_batch();
  batch.set_open(true);
  batch.mutable_patience()->set_seconds(5);
  batch.set_callback_queue("done");
  batch.mutable_callback()->set_payload("all");
  const auto command = submit_of(request, kNow);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->queue, "");
  EXPECT_EQ(command->submission->pipeline, "p");
  EXPECT_TRUE(command->submission->begins_batch);
  EXPECT_FALSE(command->submission->seals_batch);
  EXPECT_EQ(command->submission->patience, std::chrono::seconds(5));
  EXPECT_EQ(command->submission->callback_queue, "done");
  EXPECT_EQ(command->submission->callback->payload, "all");
  request = one_job();
  request.mutable_new_batch();
  EXPECT_TRUE(submit_of(request, kNow)->submission->seals_batch);
}

TEST(SubmitRequest, IsRefusedWhereItMakesNoSense) {
  EXPECT_EQ(refusal({}), Reason::kInvalidName);
  auto request = one_job();
  request.clear_items();
  EXPECT_EQ(refusal(request), Reason::kInvalidValue);
  request = one_job();
  request.mutable_keep()->set_seconds(0);
  EXPECT_EQ(refusal(request), Reason::kInvalidValue) << "less than a second";
  request = one_job();
  request.mutable_keep()->set_seconds(8 * 24 * 3'600);
  EXPECT_EQ(refusal(request), Reason::kInvalidValue);
  request = one_job();
  request.set_last(true);
  EXPECT_EQ(refusal(request), Reason::kInvalidValue) << "of no batch";
  request = one_job();
  request.set_batch_id(0);
  EXPECT_EQ(refusal(request), Reason::kInvalidValue);
  request = one_job();
  request.mutable_new_batch()->mutable_callback()->set_payload("to nowhere");
  EXPECT_EQ(refusal(request), Reason::kInvalidValue);
  request = one_job();
  request.mutable_new_batch()->set_callback_queue("done");
  request.mutable_new_batch()->mutable_callback()->set_payload(std::string(limits::kMaxCallbackBytes + 1, 'x'));
  EXPECT_EQ(refusal(request), Reason::kPayloadTooLarge);
}

TEST(AwaitRequest, NamesJobsOrABatch) {
  v1::AwaitJobsRequest request;
  EXPECT_FALSE(await_of(request).ok());
  request.add_job_ids(7);
  request.set_in_order(true);
  const auto command = await_of(request);
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->jobs, std::vector<model::JobId>{model::JobId{7}});
  EXPECT_TRUE(command->in_order);
  v1::AwaitJobsRequest batch;
  batch.set_batch_id(9);
  EXPECT_EQ(await_of(batch)->batch, model::BatchId{9});
  for (std::uint32_t i = 0; i <= limits::kMaxAwaitedJobs; ++i) batch.add_job_ids(i);
  EXPECT_FALSE(await_of(batch).ok());
}

TEST(JobPages, GoOnBehindTheLastId) {
  v1::ListJobsRequest request;
  request.set_page_token(token_after_id(1ULL << 60));
  request.set_state(v1::JOB_STATE_FAILED);
  const auto page = page_of(request);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->after, 1ULL << 60);
  EXPECT_EQ(page->state, model::JobState::kFailed);
  request.set_page_token("after:x");
  EXPECT_FALSE(page_of(request).ok());
  request.clear_page_token();
  request.set_state(v1::JOB_STATE_GONE);
  EXPECT_FALSE(page_of(request).ok());
}

TEST(JobMessage, ShowsTheOutcome) {
  engine::JobView view;
  view.facts.id = model::JobId{7};
  view.facts.state = model::JobState::kFailed;
  view.facts.results = {std::make_shared<const model::Body>(model::Body{"half of it", {{"k", "v"}}})};
  view.facts.failure = std::make_shared<const model::Failure>(model::Failure{.reason = "BAD", .stage = "s"});
  view.facts.failed_item = model::ItemId{9};
  v1::Job job;
  fill(view, true, job);
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(job.results(0).payload(), "half of it");
  EXPECT_EQ(job.results(0).attributes().at("k"), "v");
  EXPECT_EQ(job.failure().stage(), "s");
  EXPECT_EQ(job.failed_item_id(), 9U);
  v1::Job without;
  fill(view, false, without);
  EXPECT_EQ(without.results_size(), 0);
  v1::Job gone;
  fill_gone(model::JobId{3}, base::error(Reason::kJobForgotten, "forgotten"), gone);
  EXPECT_EQ(gone.state(), v1::JOB_STATE_GONE);
  EXPECT_EQ(gone.failure().reason(), "JOB_FORGOTTEN");
}

}  // namespace
}  // namespace sluice::wire
