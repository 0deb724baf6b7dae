// Batches: jobs that are submitted together, awaited together, and called back of together.
#include "tests/engine/jobs_fixture.h"

namespace sluice::engine::testing {
namespace {

using Ids = std::vector<std::uint64_t>;
using model::BatchState;

TEST_F(JobsTest, ABatchEndsWithItsLastJob) {
  create("q");
  const std::uint64_t id = submit("q", {"a", "b"}, {.begins_batch = true, .seals = true});
  EXPECT_EQ(batch(id).facts.jobs, 2U);
  EXPECT_EQ(batch(id).facts.state, BatchState::kSealed);
  TestCaller& any = await_batch(id);
  work("q", "A");
  EXPECT_EQ(any.ended_jobs(), Ids{id});
  fail("q", take("q").lease, {.do_not_retry = true});
  EXPECT_EQ(any.outcome(), "ok");
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
  EXPECT_EQ(batch(id).facts.succeeded, 1U);
  EXPECT_EQ(batch(id).facts.failed, 1U);
  EXPECT_EQ(await_batch(id, true).ended_jobs(), (Ids{id, id + 1}));
}

TEST_F(JobsTest, AnOpenBatchGetsMoreJobsAndTellsWhoeverAwaitsIt) {
  create("q");
  const std::uint64_t id = submit("q", std::vector<std::string>{"a"}, {.begins_batch = true});
  TestCaller& in_order = await_batch(id, true);
  work("q", "A");
  EXPECT_EQ(in_order.ended_jobs(), Ids{id});
  EXPECT_TRUE(in_order.waiting()) << "more may come";
  const std::uint64_t more = submit("q", {"b", "c"}, {.batch = id, .seals = true});
  const auto b = take("q");
  work("q", "C");
  EXPECT_EQ(in_order.ended_jobs(), Ids{id});
  complete("q", b.lease);
  EXPECT_EQ(in_order.ended_jobs(), (Ids{id, more, more + 1}));
  EXPECT_EQ(in_order.outcome(), "ok");
  EXPECT_EQ(submit_to("q", {"late"}, {.batch = id}).outcome(), "BATCH_SEALED");
}

TEST_F(JobsTest, SealingEndsABatchWhoseJobsHaveEnded) {
  create("q");
  const std::uint64_t id = submit("q", std::vector<std::string>{"a"}, {.begins_batch = true});
  work("q", "A");
  TestCaller& any = await_batch(id);
  EXPECT_TRUE(any.waiting());
  EXPECT_EQ(seal(id), "OK");
  EXPECT_EQ(any.outcome(), "ok");
  EXPECT_EQ(seal(id), "OK");
  EXPECT_EQ(seal(id + 1'000), "BATCH_NOT_FOUND");
}

TEST_F(JobsTest, NobodyWaitsForEverForABatchThatWasAbandoned) {
  create("q");
  create("done");
  const std::uint64_t id =
      submit("q", std::vector<std::string>{"a"}, {.begins_batch = true, .patience = 10s, .callback_queue = "done"});
  pass(9s);
  submit("q", std::vector<std::string>{"b"}, {.batch = id});
  pass(9s);
  EXPECT_EQ(batch(id).facts.state, BatchState::kOpen);
  work("q", "A");
  pass(2s);
  EXPECT_EQ(batch(id).facts.state, BatchState::kSealed);
  EXPECT_TRUE(batch(id).facts.abandoned);
  work("q", "B");
  EXPECT_EQ(batch(id).facts.state, BatchState::kAbandoned);
  EXPECT_EQ(view("done").waiting, 0U) << "not all that there was to do is done";
}

TEST_F(JobsTest, TheCallbackComesWithTheLastJobAndNotBefore) {
  create("q");
  create("done", {.capacity = 1});
  put("done", {"in the way"});
  const std::uint64_t id = submit("q", {"a", "b"}, {.begins_batch = true, .seals = true, .callback_queue = "done"});
  work("q", "A");
  EXPECT_EQ(view("done").waiting, 1U);
  fail("q", take("q").lease, {.do_not_retry = true});
  EXPECT_EQ(view("done").waiting, 2U) << "whether there is room or not";
  take("done");
  const model::Delivery callback = take("done");
  EXPECT_EQ(callback.body->payload, "all done");
  EXPECT_EQ(
      callback.body->attributes,
      (model::Attributes{{"sluice-batch", std::to_string(id)}, {"sluice-batch-failed", "1"}, {"sluice-batch-jobs", "2"}}));
  EXPECT_EQ(batch(id).facts.callback_error, "");
}

TEST_F(JobsTest, ACallbackMayGoWhereTheJobsCameFrom) {
  create("q");
  const std::uint64_t id =
      submit("q", std::vector<std::string>{"a"}, {.begins_batch = true, .seals = true, .callback_queue = "q"});
  ASSERT_TRUE(purge("q").ok());
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
  EXPECT_EQ(peek("q"), std::vector<std::string>{"all done"});
}

TEST_F(JobsTest, ACallbackWithoutItsQueueIsSaidSo) {
  create("q");
  create("done");
  create("closed");
  close("closed");
  EXPECT_EQ(submit_to("q", {"a"}, {.begins_batch = true, .callback_queue = "nowhere"}).outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(submit_to("q", {"a"}, {.begins_batch = true, .callback_queue = "closed"}).outcome(), "QUEUE_CLOSED");
  const std::uint64_t id =
      submit("q", std::vector<std::string>{"a"}, {.begins_batch = true, .seals = true, .callback_queue = "done"});
  close("done");
  work("q", "A");
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
  EXPECT_THAT(batch(id).facts.callback_error, HasSubstr("closed"));
}

TEST_F(JobsTest, ACallbackGetsIntoAQueueThatClosesWithTheLastItem) {
  create_pipeline("p", {{"s", "in", "out"}});
  start_worker("p", "s");
  const std::uint64_t id =
      submit("in", std::vector<std::string>{"a"}, {.begins_batch = true, .seals = true, .callback_queue = "out"});
  const auto item = take("in");
  close_pipeline("p");
  stop_worker("p", "s");
  complete("in", item.lease, {{"out", "A"}});
  EXPECT_EQ(stage_state("p", "s"), model::StageState::kFinished);
  EXPECT_EQ(batch(id).facts.callback_error, "");
  EXPECT_EQ(peek("out"), (std::vector<std::string>{"A", "all done"}));
}

TEST_F(JobsTest, ABatchIsForgottenWithItsJobs) {
  create("q");
  const std::uint64_t id = submit("q", {"a", "b"}, {.keep = 10s, .begins_batch = true, .seals = true});
  work("q", "A");
  pass(10s);
  EXPECT_EQ(outcome(id), "JOB_FORGOTTEN") << "each job is kept for its time";
  EXPECT_EQ(batch(id).facts.succeeded, 1U);
  work("q", "B");
  EXPECT_EQ(await_batch(id).ended_jobs(), Ids{id + 1});
  pass(10s);
  EXPECT_EQ(await_batch(id).outcome(), "BATCH_FORGOTTEN");
  EXPECT_EQ(outcome(id + 1), "JOB_FORGOTTEN");
  EXPECT_THAT(store().batches(), IsEmpty());
  EXPECT_THAT(store().jobs(), IsEmpty());
}

TEST_F(JobsTest, ABatchMayBeForgottenOnceItHasEnded) {
  create("q");
  const std::uint64_t id = submit("q", {"a", "b"}, {.begins_batch = true, .seals = true});
  work("q", "A");
  Effects effects;
  EXPECT_EQ(*engine().forget_batch(now(), model::BatchId{id}, effects), 0U);
  carry_out(effects);
  work("q", "B");
  Effects more;
  EXPECT_EQ(*engine().forget_batch(now(), model::BatchId{id}, more), 2U);
  carry_out(more);
  EXPECT_EQ(outcome(id), "JOB_FORGOTTEN");
  EXPECT_EQ(engine().job_counts().batches, 0U);
}

TEST_F(JobsTest, ARestartKeepsBatchesWithTheirCallbacks) {
  create("q");
  create("done");
  const std::uint64_t id = submit("q", {"a", "b", "c"}, {.begins_batch = true, .seals = true, .callback_queue = "done"});
  const std::uint64_t open = submit("q", std::vector<std::string>{"d"}, {.begins_batch = true, .patience = 1min});
  work("q", "A");
  restart();
  EXPECT_EQ(batch(id).running, 2U);
  EXPECT_EQ(batch(id).facts.succeeded, 1U);
  TestCaller& waiting = await_batch(id, true);
  work("q", "B");
  work("q", "C");
  EXPECT_EQ(waiting.ended_jobs(), (Ids{id, id + 1, id + 2}));
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(view("done").waiting, 1U);
  work("q", "D");
  pass(1min);
  EXPECT_EQ(batch(open).facts.state, BatchState::kAbandoned);
  restart();
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
  EXPECT_EQ(await_batch(id).outcome(), "ok");
}

TEST_F(JobsTest, ABatchOfAMemoryQueueEndsAfterARestart) {
  create("q", {.durability = model::Durability::kMemory});
  create("done");
  const std::uint64_t id = submit("q", {"a", "b"}, {.begins_batch = true, .seals = true, .callback_queue = "done"});
  restart();
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
  EXPECT_EQ(batch(id).facts.failed, 2U);
  EXPECT_EQ(view("done").waiting, 1U);
}

TEST_F(JobsTest, ASubmitThatWaitsIsRefusedWhenItsBatchIsSealedMeanwhile) {
  create("q", {.capacity = 1});
  const std::uint64_t id = submit("q", std::vector<std::string>{"a"}, {.begins_batch = true});
  TestCaller& waiting = submit_to("q", {"b"}, {.wait = 1h, .batch = id});
  EXPECT_EQ(waiting.outcome(), "waiting");
  seal(id);
  work("q", "A");
  EXPECT_EQ(waiting.outcome(), "BATCH_SEALED");
  EXPECT_EQ(batch(id).facts.state, BatchState::kDone);
}

}  // namespace
}  // namespace sluice::engine::testing
