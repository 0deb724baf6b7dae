// Jobs: what becomes of what was submitted.
#include "tests/engine/jobs_fixture.h"

namespace sluice::engine::testing {
namespace {

using Ids = std::vector<std::uint64_t>;

TEST_F(JobsTest, AJobHasTheIdOfItsItemAndEndsWithItsResult) {
  create("q");
  const std::uint64_t id = submit("q", "six times seven");
  EXPECT_EQ(outcome(id), "running");
  const model::Delivery item = take("q");
  EXPECT_EQ(model::number(item.item), id);
  EXPECT_EQ(model::number(item.job), id);
  complete_with("q", item.lease, "42");
  EXPECT_EQ(outcome(id), "succeeded: 42");
  EXPECT_EQ(job(id).facts.queue, "q");
  EXPECT_EQ(job(id).facts.end_time, now());
}

TEST_F(JobsTest, WhatIsPutIsNoJob) {
  create("q");
  put("q", {"x"});
  const model::Delivery item = take("q");
  EXPECT_EQ(item.job, model::JobId{});
  complete_with("q", item.lease, "dropped");
  EXPECT_EQ(outcome(model::number(item.item)), "JOB_FORGOTTEN") << "as far as can be told";
  EXPECT_EQ(outcome(model::number(item.item) + 1), "JOB_NOT_FOUND");
  EXPECT_EQ(outcome(0), "JOB_NOT_FOUND");
}

TEST_F(JobsTest, AJobEndsWithoutAResultToo) {
  create("q");
  const std::uint64_t id = submit("q", "x");
  complete("q", take("q").lease);
  EXPECT_EQ(outcome(id), "succeeded");
}

TEST_F(JobsTest, AJobFollowsItsItemThroughQueues) {
  create("a");
  create("b");
  const std::uint64_t id = submit("a", "x");
  complete("a", take("a").lease, {{"b", "x2"}});
  EXPECT_EQ(outcome(id), "running");
  const model::Delivery item = take("b");
  EXPECT_EQ(model::number(item.job), id);
  EXPECT_NE(model::number(item.item), id);
  complete_with("b", item.lease, "x3");
  EXPECT_EQ(outcome(id), "succeeded: x3");
}

TEST_F(JobsTest, AQueueThatNoStageReadsTakesTheResultAndTheJobEndsThere) {
  create_pipeline("p", {{"s", "in", "mid"}, {"t", "mid", "out"}});
  const std::uint64_t id = submit("", std::vector<std::string>{"x"}, {.pipeline = "p"});
  EXPECT_EQ(job(id).facts.queue, "in");
  complete("in", take("in").lease, {{"mid", "x2"}});
  EXPECT_EQ(outcome(id), "running");
  complete("mid", take("mid").lease, {{"out", "x3"}});
  EXPECT_EQ(outcome(id), "succeeded: x3");
  const model::Delivery item = take("out");
  EXPECT_EQ(payloads_of({item}), std::vector<std::string>{"x3"});
  EXPECT_EQ(item.job, model::JobId{});
}

TEST_F(JobsTest, AFanOutEndsWhenAllItsItemsHave) {
  create_pipeline("p", {{"s", "in", "mid"}, {"t", "mid", "out"}});
  const std::uint64_t id = submit("in", "x");
  complete("in", take("in").lease, {{"mid", "a"}, {"mid", "b"}, {"mid", "c"}});
  EXPECT_EQ(job(id).items, 3U);
  const auto first = take("mid");
  const auto second = take("mid");
  const auto third = take("mid");
  complete("mid", second.lease, {{"out", "B"}});
  complete("mid", third.lease, {{"out", "C"}});
  EXPECT_EQ(outcome(id), "running");
  complete("mid", first.lease, {{"out", "A"}});
  EXPECT_EQ(outcome(id), "succeeded: B C A") << "in the order in which they ended";
}

TEST_F(JobsTest, AFailureComesWithStageItemAndCause) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  const std::uint64_t id = submit("q", "x");
  fail("q", take("q").lease, {.reason = "BAD", .message = "once"});
  EXPECT_EQ(outcome(id), "running") << "there is another attempt";
  fail("q", take("q", {.stage = "divide"}).lease, {.reason = "BAD", .message = "by zero"});
  EXPECT_EQ(outcome(id), "failed: BAD");
  const auto facts = job(id).facts;
  EXPECT_EQ(facts.failure->message, "by zero");
  EXPECT_EQ(facts.failure->stage, "divide");
  EXPECT_EQ(facts.failure->queue, "q");
  EXPECT_EQ(facts.failure->attempt, 2U);
  EXPECT_EQ(model::number(facts.failed_item), id);
  const model::Delivery dead = take("q.dead");
  EXPECT_EQ(dead.job, model::JobId{}) << "what becomes of a dead letter is no matter of the job any more";
  complete("q.dead", dead.lease);
  EXPECT_EQ(outcome(id), "failed: BAD");
}

TEST_F(JobsTest, WithoutADeadLetterQueueItFailsAllTheSame) {
  create("q", {.dead_letter_queue = ""});
  const std::uint64_t id = submit("q", "x");
  fail("q", take("q").lease, {.reason = "BAD", .do_not_retry = true});
  EXPECT_EQ(outcome(id), "failed: BAD");
}

TEST_F(JobsTest, OneItemThatFailsIsTheOutcomeOfAFanOutAndTheOthersGoOn) {
  create("q");
  create("r");
  const std::uint64_t id = submit("q", "x");
  complete("q", take("q").lease, {{"r", "a"}, {"r", "b"}});
  const auto bad = take("r");
  fail("r", bad.lease, {.reason = "BAD", .do_not_retry = true});
  EXPECT_EQ(outcome(id), "running: BAD");
  work("r", "B");
  EXPECT_EQ(outcome(id), "failed: BAD");
  EXPECT_EQ(job(id).facts.failed_item, bad.item);
  ASSERT_EQ(job(id).facts.results.size(), 1U);
}

TEST_F(JobsTest, ALostLeaseIsNoEnd) {
  create("q", {.lease = 1s, .max_attempts = 2});
  const std::uint64_t id = submit("q", "x");
  take("q");
  pass(2s);
  EXPECT_EQ(outcome(id), "running");
  take("q");
  pass(2s);
  EXPECT_EQ(outcome(id), "failed: LEASE_EXPIRED");
}

TEST_F(JobsTest, APurgeACloseAtOnceAndADeleteAreOutcomes) {
  for (const char* queue : {"purged", "closed", "deleted"}) create(queue);
  const std::uint64_t purged = submit("purged", "x");
  const std::uint64_t closed = submit("closed", "x");
  const std::uint64_t deleted = submit("deleted", "x");
  const std::uint64_t held = submit("deleted", "y");
  take("deleted");
  ASSERT_TRUE(purge("purged").ok());
  close("closed", true);
  ASSERT_TRUE(remove("deleted", true).ok());
  for (const std::uint64_t id : {purged, closed, deleted, held}) EXPECT_EQ(outcome(id), "discarded: DISCARDED");
}

TEST_F(JobsTest, ACancelIsAnOutcomeWhateverTheItemDoes) {
  create("q");
  const std::uint64_t waiting = submit("q", "x");
  cancel("q", waiting);
  const std::uint64_t held = submit("q", "y");
  const model::Delivery item = take("q");
  const TestCaller& awaiting = await({waiting, held});
  EXPECT_EQ(awaiting.ended_jobs(), (Ids{waiting}));
  cancel("q", held);
  EXPECT_EQ(awaiting.outcome(), "ok") << "it is told at once, not when its consumer finds out";
  EXPECT_EQ(complete_with("q", item.lease, "too late").outcome(), "LEASE_LOST");
  for (const std::uint64_t id : {waiting, held}) {
    EXPECT_EQ(outcome(id), "cancelled: CANCELLED");
    EXPECT_EQ(job(id).facts.failure->queue, "q");
    EXPECT_EQ(model::number(job(id).facts.failed_item), id);
  }
  EXPECT_EQ(job(held).facts.failure->attempt, 1U);
  restart();
  EXPECT_EQ(outcome(held), "cancelled: CANCELLED");
}

TEST_F(JobsTest, AnItemWhoseTimeIsOverIsAnOutcome) {
  create("dropped");
  create("kept");
  Effects effects;
  ASSERT_TRUE(engine().update_queue(now(), "dropped", {.time_to_live = 5s}, effects).ok());
  ASSERT_TRUE(engine().update_queue(now(), "kept", {.time_to_live = 5s, .dead_letter_expired = true}, effects).ok());
  carry_out(effects);
  const std::uint64_t dropped = submit("dropped", "x");
  const std::uint64_t kept = submit("kept", "y");
  const TestCaller& awaiting = await({dropped, kept});
  pass(4s);
  EXPECT_EQ(outcome(dropped), "running");
  pass(1s);
  EXPECT_EQ(awaiting.outcome(), "ok");
  EXPECT_EQ(outcome(dropped), "expired: EXPIRED");
  EXPECT_EQ(outcome(kept), "expired: EXPIRED") << "also where its item lies among the dead letters";
  EXPECT_THAT(peek("kept.dead"), ElementsAre("y"));
  restart();
  EXPECT_EQ(outcome(kept), "expired: EXPIRED");
}

// An outcome, once told, does not change: whoever awaited it, or a batch's callback, has acted on it.
TEST_F(JobsTest, ADeadLetterThatGoesBackDoesNotChangeTheOutcomeOfItsJob) {
  create("q", {.max_attempts = 1});
  const std::uint64_t id = submit("q", "x");
  fail("q", take("q").lease, {.reason = "BAD"});
  Effects effects;
  const auto result = engine().redrive(now(), {.queue = "q.dead"}, effects);
  carry_out(effects);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->redriven, 1U);
  const model::Delivery again = take("q");
  EXPECT_EQ(model::number(again.item), id) << "the same item";
  EXPECT_EQ(again.job, model::JobId{}) << "of no job any more";
  complete_with("q", again.lease, "well done");
  EXPECT_EQ(outcome(id), "failed: BAD");
  EXPECT_EQ(engine().job_counts().running, 0U);
}

TEST_F(JobsTest, ASubmitWaitsForRoomLikeAnyPut) {
  create("q", {.capacity = 1});
  submit("q", "x");
  EXPECT_EQ(submit_to("q", {"y"}, {}).outcome(), "QUEUE_FULL");
  TestCaller& waiting = submit_to("q", {"z"}, {.wait = 10s});
  EXPECT_EQ(waiting.outcome(), "waiting");
  work("q", "X");
  ASSERT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(outcome(model::number(waiting.put().first)), "running");
  EXPECT_EQ(engine().job_counts().running, 1U);
}

TEST_F(JobsTest, ARefusedSubmitLeavesNoJob) {
  create("q", {.capacity = 1});
  close("q");
  EXPECT_EQ(submit_to("q", {"x"}, {}).outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(submit_to("nowhere", {"x"}, {}).outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(submit_to("", {"x"}, {.pipeline = "nowhere"}).outcome(), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(engine().job_counts().running, 0U);
  EXPECT_THAT(store().jobs(), IsEmpty());
}

TEST_F(JobsTest, ARepeatedSubmitIsTheSameJob) {
  create("q");
  const std::uint64_t id = submit("q", std::vector<std::string>{"x"}, {.request_id = "r"});
  EXPECT_EQ(submit("q", std::vector<std::string>{"x"}, {.request_id = "r"}), id);
  restart();
  EXPECT_EQ(submit("q", std::vector<std::string>{"x"}, {.request_id = "r"}), id);
  EXPECT_EQ(engine().job_counts().running, 1U);
}

TEST_F(JobsTest, AnAwaitIsToldOfEachJobAsItEnds) {
  create("q");
  const std::uint64_t first = submit("q", std::vector<std::string>{"a", "b", "c"}, {});
  TestCaller& any = await({first, first + 1, first + 2});
  TestCaller& in_order = await({first, first + 1, first + 2}, true);
  const auto a = take("q");
  const auto b = take("q");
  const auto c = take("q");
  complete("q", b.lease);
  EXPECT_EQ(any.ended_jobs(), (Ids{first + 1}));
  EXPECT_EQ(in_order.ended_jobs(), Ids{});
  complete("q", a.lease);
  EXPECT_EQ(any.ended_jobs(), (Ids{first + 1, first}));
  EXPECT_EQ(in_order.ended_jobs(), (Ids{first, first + 1}));
  EXPECT_TRUE(any.waiting());
  complete("q", c.lease);
  EXPECT_EQ(any.outcome(), "ok");
  EXPECT_EQ(in_order.outcome(), "ok");
  EXPECT_EQ(in_order.ended_jobs(), (Ids{first, first + 1, first + 2}));
}

TEST_F(JobsTest, WhatHasEndedIsToldAtOnceAlsoWhatIsForgotten) {
  create("q");
  const std::uint64_t id = submit("q", "x");
  work("q", "X");
  EXPECT_EQ(await({id}).outcome(), "ok");
  EXPECT_EQ(await({id, 1'000'000'000, id}, true).ended_jobs(), (Ids{id, 1'000'000'000, id}));
}

TEST_F(JobsTest, AnAwaitCanBeTakenBack) {
  create("q");
  const std::uint64_t first = submit("q", std::vector<std::string>{"a", "b"}, {});
  TestCaller& gone = await({first, first + 1});
  TestCaller& stays = await({first + 1, first}, true);
  EXPECT_TRUE(withdraw(gone));
  work("q", "A");
  work("q", "B");
  EXPECT_EQ(gone.ended_jobs(), Ids{});
  EXPECT_EQ(stays.ended_jobs(), (Ids{first + 1, first}));
  EXPECT_EQ(engine().job_counts().awaiters, 0U);
}

TEST_F(JobsTest, ResultsAreKeptForTheirTime) {
  create("q");
  const std::uint64_t id = submit("q", std::vector<std::string>{"x"}, {.keep = 10s});
  pass(1h);
  EXPECT_EQ(outcome(id), "running") << "the time begins with the end";
  work("q", "X");
  EXPECT_EQ(job(id).forget_time, now() + 10s);
  pass(9s);
  EXPECT_EQ(outcome(id), "succeeded: X");
  pass(1s);
  EXPECT_EQ(outcome(id), "JOB_FORGOTTEN");
  EXPECT_THAT(store().jobs(), IsEmpty());
}

TEST_F(JobsTest, TheOldestResultsGoWhenThereAreTooManyBytesOfThem) {
  create("q");
  const std::string large(limits::kMaxPayloadBytes, 'x');
  const std::size_t fit = limits::kMaxResultBytes / limits::kMaxPayloadBytes;
  const std::uint64_t first = submit("q", std::vector<std::string>(fit + 2, "x"), {});
  for (std::size_t i = 0; i < fit + 2; ++i) work("q", large);
  EXPECT_EQ(outcome(first), "JOB_FORGOTTEN");
  EXPECT_EQ(outcome(first + 1), "JOB_FORGOTTEN");
  EXPECT_NE(outcome(first + 2), "JOB_FORGOTTEN");
  EXPECT_EQ(engine().job_counts().ended, fit);
  EXPECT_LE(engine().job_counts().result_bytes, limits::kMaxResultBytes);
}

TEST_F(JobsTest, TheOldestOutcomesGoWhenThereAreTooMany) {
  create("q", {.capacity = 0});
  const std::vector<std::string> payloads(limits::kMaxBatch, "x");
  constexpr std::size_t kMore = 3;
  std::uint64_t first = 0;
  for (std::size_t ended = 0; ended < limits::kMaxEndedJobs; ended += payloads.size()) {
    const std::uint64_t id = submit("q", payloads, {});
    if (first == 0) first = id;
    ASSERT_TRUE(purge("q").ok());
  }
  EXPECT_EQ(engine().job_counts().ended, limits::kMaxEndedJobs);
  EXPECT_EQ(outcome(first), "discarded: DISCARDED");
  const std::uint64_t last = submit("q", std::vector<std::string>(kMore, "x"), {});
  EXPECT_EQ(engine().job_counts().ended, limits::kMaxEndedJobs) << "those that run do not count";
  for (std::size_t i = 0; i < kMore; ++i) work("q", "done");
  EXPECT_EQ(engine().job_counts().ended, limits::kMaxEndedJobs);
  for (std::size_t i = 0; i < kMore; ++i) EXPECT_EQ(outcome(first + i), "JOB_FORGOTTEN");
  EXPECT_EQ(outcome(first + kMore), "discarded: DISCARDED");
  EXPECT_EQ(outcome(last), "succeeded: done");
  EXPECT_THAT(store().jobs(), SizeIs(limits::kMaxEndedJobs)) << "the store forgets them too";
}

TEST_F(JobsTest, ResultsOfOneJobAreBounded) {
  create_pipeline("p", {{"s", "in", "out"}}, {{"out", {.capacity = 10}}});
  const std::uint64_t id = submit("in", "x");
  const std::string half(limits::kMaxJobResultBytes / 2, 'x');
  complete("in", take("in").lease, {{"out", half}, {"out", half}, {"out", half}, {"out", half}});
  EXPECT_EQ(job(id).facts.results.size(), 2U);
  EXPECT_EQ(job(id).facts.results_left_out, 2U);
  EXPECT_EQ(job(id).facts.state, model::JobState::kSucceeded);
}

TEST_F(JobsTest, WhoeverHasAResultMayForgetIt) {
  create("q");
  const std::uint64_t ended = submit("q", "x");
  work("q", "X");
  const std::uint64_t running = submit("q", "y");
  EXPECT_EQ(forget({ended, running, 77'777, ended}), 1U);
  EXPECT_EQ(outcome(ended), "JOB_FORGOTTEN");
  EXPECT_EQ(outcome(running), "running");
}

TEST_F(JobsTest, ARestartKeepsJobsAndOutcomes) {
  create("q", {.max_attempts = 2, .backoff = 0s});
  const std::uint64_t first = submit("q", std::vector<std::string>{"a", "b", "c", "d"}, {.keep = 1min});
  work("q", "A");
  fail("q", take("q").lease, {.reason = "BAD", .do_not_retry = true});
  take("q");
  restart(10s);
  EXPECT_EQ(outcome(first), "succeeded: A");
  EXPECT_EQ(outcome(first + 1), "failed: BAD");
  EXPECT_EQ(outcome(first + 2), "running");
  TestCaller& waiting = await({first, first + 1, first + 2, first + 3}, true);
  work("q", "C");
  work("q", "D");
  EXPECT_EQ(waiting.outcome(), "ok");
  EXPECT_EQ(outcome(first + 2), "succeeded: C");
  pass(51s);
  EXPECT_EQ(outcome(first), "JOB_FORGOTTEN") << "the time went on while the server was down";
  EXPECT_EQ(outcome(first + 3), "succeeded: D");
}

TEST_F(JobsTest, ARestartInTheMiddleOfAFanOutLosesNothing) {
  create("q");
  create("r");
  const std::uint64_t id = submit("q", "x");
  complete("q", take("q").lease, {{"r", "a"}, {"r", "b"}});
  work("r", "A");
  restart();
  EXPECT_EQ(job(id).items, 1U);
  work("r", "B");
  EXPECT_EQ(outcome(id), "succeeded: A B");
}

TEST_F(JobsTest, ACrashThatUsesUpTheAttemptsIsAnOutcome) {
  create("q", {.max_attempts = 1});
  const std::uint64_t id = submit("q", "x");
  take("q");
  restart();
  EXPECT_EQ(outcome(id), "failed: SERVER_RESTARTED");
}

TEST_F(JobsTest, WhatAMemoryQueueLosesIsAnOutcome) {
  create("q", {.durability = model::Durability::kMemory});
  const std::uint64_t id = submit("q", "x");
  const std::uint64_t done = submit("q", "y");
  work("q", "X");
  restart();
  EXPECT_EQ(outcome(id), "succeeded: X");
  EXPECT_EQ(outcome(done), "lost: LOST");
}

TEST_F(JobsTest, ListsGoByIdAndByState) {
  create("q");
  const std::uint64_t first = submit("q", std::vector<std::string>{"a", "b", "c"}, {});
  work("q", "A");
  model::JobId last{};
  EXPECT_THAT(engine().list_jobs({}, {}, {}, 10, last), SizeIs(3));
  EXPECT_EQ(last, model::JobId{});
  const auto running = engine().list_jobs({}, model::JobState::kRunning, {}, 1, last);
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(model::number(running[0].facts.id), first + 1);
  EXPECT_EQ(model::number(last), first + 1);
  EXPECT_THAT(engine().list_jobs({}, model::JobState::kRunning, last, 1, last), SizeIs(1));
  EXPECT_EQ(last, model::JobId{});
}

}  // namespace
}  // namespace sluice::engine::testing
