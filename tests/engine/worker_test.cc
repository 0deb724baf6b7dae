// Remote workers: what an attached one is given, told and counted.
#include "server/base/errors.h"
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using enum model::StageState;
using model::WorkerId;

class WorkerTest : public EngineTest {
 protected:
  WorkerTest() {
    create_pipeline(
        "p",
        {{.name = "first", .input = "a", .output = "b", .workers = 0, .handler = std::string(model::kRemoteHandler)},
         {.name = "second", .input = "b", .output = "c", .workers = 0}},
        {{"b", {.capacity = 1}}});
  }

  absl::StatusOr<Attachment> try_attach(std::string_view stage, std::string_view pipeline = "p") {
    Effects effects;
    auto attached = engine().attach_worker(now(), pipeline, stage, "w@host:1", "10.0.0.7:4711", effects);
    carry_out(effects);
    return attached;
  }

  WorkerId attach(std::string_view stage) {
    const auto attached = try_attach(stage);
    EXPECT_TRUE(attached.ok()) << attached.status().message();
    return attached.ok() ? attached->worker : WorkerId{};
  }

  void detach(WorkerId worker) {
    Effects effects;
    engine().detach_worker(now(), worker, effects);
    carry_out(effects);
  }

  void lose(std::string_view queue, const std::vector<model::LeaseId>& leases) {
    Effects effects;
    EXPECT_TRUE(engine().lose(now(), queue, leases, effects).ok());
    carry_out(effects);
  }

  TestCaller& get_for(WorkerId worker, std::string_view queue = "a", std::uint32_t max_items = 1) {
    return get(queue, max_items, {.wait = kForever, .lease = kForever, .stage = "first", .worker = worker});
  }

  std::vector<WorkerView> list(std::string_view pipeline = {}, std::string_view stage = {}, WorkerId after = {},
                               std::size_t limit = 100) {
    return engine().list_workers(pipeline, stage, after, limit);
  }

  StageView stage(std::size_t index) { return pipeline("p").stages.at(index); }
};

TEST_F(WorkerTest, IsGivenItemsOfItsStage) {
  const WorkerId worker = attach("first");
  TestCaller& waiting = get_for(worker);
  EXPECT_EQ(waiting.outcome(), "waiting");
  put("a", {"x"});
  ASSERT_THAT(waiting.payloads(), ElementsAre("x"));
  complete("a", waiting.get().items.front().lease, {{"b", "X"}});
  EXPECT_THAT(peek("b"), ElementsAre("X"));
}

TEST_F(WorkerTest, AttachingNamesWhatIsNotThere) {
  EXPECT_EQ(reason_name(try_attach("third").status()), "STAGE_NOT_FOUND");
  EXPECT_EQ(reason_name(try_attach("first", "q").status()), "PIPELINE_NOT_FOUND");
  const auto attached = try_attach("second");
  ASSERT_TRUE(attached.ok());
  EXPECT_EQ(attached->stage.input, "b");
  EXPECT_EQ(attached->stage.output, "c");
}

TEST_F(WorkerTest, AreListedWithWhatTheyHoldAndDid) {
  const WorkerId worker = attach("first");
  jump(5s);
  const WorkerId other = attach("second");
  put("a", {"1", "2", "3", "4"});
  const auto items = get_for(worker, "a", 4).get().items;
  ASSERT_THAT(items, SizeIs(4));
  EXPECT_EQ(list().front().in_flight, 4U);
  EXPECT_EQ(stage(0).remote_items, 4U);
  complete("a", items[0].lease);
  fail("a", items[1].lease);
  release("a", items[2].lease);
  const auto all = list();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].name, "w@host:1");
  EXPECT_EQ(all[0].host, "10.0.0.7:4711");
  EXPECT_EQ(all[0].pipeline, "p");
  EXPECT_EQ(all[0].stage, "first");
  EXPECT_EQ(all[0].in_flight, 1U);
  EXPECT_EQ(all[0].done, 1U);
  EXPECT_EQ(all[0].failed, 1U);
  EXPECT_EQ(all[1].attach_time - all[0].attach_time, base::Duration(5s));
  EXPECT_EQ(stage(0).remote_workers, 1U);
  EXPECT_EQ(stage(0).remote_done, 1U);
  EXPECT_EQ(stage(0).remote_failed, 1U);
  EXPECT_THAT(list("p", "second"), SizeIs(1));
  EXPECT_THAT(list("q"), IsEmpty());
  EXPECT_EQ(list({}, {}, worker).front().id, other);
  EXPECT_THAT(list({}, {}, {}, 1), SizeIs(1));
  lose("a", {items[3].lease});
  EXPECT_EQ(list().front().in_flight, 0U);
  detach(worker);
  EXPECT_EQ(list().front().id, other);
  EXPECT_EQ(stage(0).remote_workers, 0U);
  EXPECT_EQ(stage(0).remote_done, 1U) << "the stage remembers";
}

TEST_F(WorkerTest, OneThatIsLostGivesItsItemsBackAndIsFenced) {
  const WorkerId worker = attach("first");
  put("a", {"x"});
  const model::LeaseId stale = get_for(worker).get().items.front().lease;
  lose("a", {stale});
  detach(worker);
  const model::Delivery again = take("a");
  EXPECT_EQ(again.attempt, 2U);
  EXPECT_EQ(again.last_failure->reason, model::failure_reason::kConsumerLost);
  EXPECT_EQ(again.last_failure->stage, "first");
  EXPECT_EQ(complete("a", stale, {{"b", "late"}}).outcome(), "LEASE_LOST");
  EXPECT_EQ(fail("a", stale), "LEASE_LOST");
  EXPECT_THAT(peek("b"), IsEmpty());
}

TEST_F(WorkerTest, APausedStageHoldsThem) {
  const WorkerId worker = attach("first");
  TestCaller& waiting = get_for(worker);
  pause_stage("p", "first");
  TestCaller& later = get_for(attach("first"));
  put("a", {"x", "y"});
  EXPECT_EQ(waiting.outcome(), "waiting");
  EXPECT_EQ(later.outcome(), "waiting");
  EXPECT_EQ(pipeline("p").stalls.front().reason, StallReason::kStagePaused);
  resume_stage("p", "first");
  EXPECT_THAT(waiting.payloads(), ElementsAre("x"));
  EXPECT_THAT(later.payloads(), ElementsAre("y"));
}

TEST_F(WorkerTest, APauseHoldsNobodyElse) {
  TestCaller& remote = get_for(attach("first"));
  pause_stage("p", "first");
  TestCaller& consumer = get("a", 1, {.wait = kForever});
  put("a", {"x"});
  EXPECT_THAT(consumer.payloads(), ElementsAre("x"));
  EXPECT_EQ(remote.outcome(), "waiting");
}

TEST_F(WorkerTest, AGetThatIsHeldCanBeTakenBack) {
  const WorkerId worker = attach("first");
  TestCaller& waiting = get_for(worker);
  pause_stage("p", "first");
  EXPECT_TRUE(withdraw(waiting));
  resume_stage("p", "first");
  put("a", {"x"});
  EXPECT_EQ(waiting.outcome(), "waiting");
  EXPECT_THAT(peek("a"), ElementsAre("x"));
}

TEST_F(WorkerTest, TheCascadeGoesThroughThem) {
  const WorkerId worker = attach("first");
  put("a", {"x"});
  const model::LeaseId lease = get_for(worker).get().items.front().lease;
  TestCaller& idle = get_for(attach("first"));
  TestCaller& next = get("b", 1, {.wait = kForever, .stage = "second", .worker = attach("second")});
  close_pipeline("p");
  EXPECT_EQ(idle.outcome(), "waiting") << "the item may come back";
  EXPECT_EQ(stage_state("p", "first"), kRunning);
  complete("a", lease, {{"b", "X"}});
  EXPECT_EQ(idle.outcome(), "end");
  EXPECT_EQ(stage_state("p", "first"), kFinished);
  ASSERT_THAT(next.payloads(), ElementsAre("X"));
  EXPECT_EQ(stage_state("p", "second"), kRunning);
  complete("b", next.get().items.front().lease, {{"c", "!"}});
  EXPECT_TRUE(pipeline("p").finished);
  EXPECT_EQ(view("c").state, model::QueueState::kClosed);
  EXPECT_EQ(get_for(worker).outcome(), "end");
}

TEST_F(WorkerTest, TheLastAttemptInFlightIsNotTheEndOfTheStage) {
  update("a", {.max_attempts = 1});
  put("a", {"x"});
  const model::LeaseId lease = get_for(attach("first")).get().items.front().lease;
  TestCaller& other = get_for(attach("first"));
  close_pipeline("p");
  EXPECT_EQ(other.outcome(), "waiting");
  release("a", lease);
  EXPECT_THAT(other.payloads(), ElementsAre("x")) << "what is released needs a worker";
}

TEST_F(WorkerTest, AnIdleWorkerHoldsUpNoEnd) {
  attach("first");
  attach("second");
  close_pipeline("p");
  EXPECT_TRUE(pipeline("p").finished);
}

TEST_F(WorkerTest, APausedStageEndsToo) {
  TestCaller& waiting = get_for(attach("first"));
  pause_stage("p", "first");
  close_pipeline("p");
  EXPECT_EQ(waiting.outcome(), "end");
}

TEST_F(WorkerTest, BothKindsShareAStage) {
  EXPECT_EQ(scale("p", "second", 1), "OK");
  start_worker("p", "second");
  put("b", {"x"});
  const model::LeaseId own = take("b", {.stage = "second"}).lease;
  TestCaller& remote = get("b", 1, {.wait = kForever, .stage = "second", .worker = attach("second")});
  close_pipeline("p");
  complete("b", own);
  EXPECT_EQ(remote.outcome(), "waiting") << "the server's worker has not ended yet";
  stop_worker("p", "second");
  EXPECT_EQ(remote.outcome(), "end");
}

TEST_F(WorkerTest, AResultThatWaitsForRoomHoldsTheItem) {
  const WorkerId worker = attach("first");
  put("b", {"full"});
  put("a", {"x"});
  const model::LeaseId lease = get_for(worker).get().items.front().lease;
  TestCaller& done = complete("a", lease, {{"b", "X"}}, {.wait = kForever});
  EXPECT_EQ(done.outcome(), "waiting");
  EXPECT_EQ(list().front().in_flight, 1U);
  take("b");
  EXPECT_EQ(done.outcome(), "ok");
  EXPECT_EQ(list().front().done, 1U);
}

TEST_F(WorkerTest, NobodyAttachedIsAStall) {
  put("a", {"x"});
  const auto stalls = pipeline("p").stalls;
  ASSERT_THAT(stalls, SizeIs(1));
  EXPECT_EQ(stalls.front().reason, StallReason::kNoWorker);
  EXPECT_EQ(stalls.front().message, "stage \"first\" has no worker attached, and queue \"a\" has 1 waiting item");
  TestCaller& joined = join_pipeline("p");
  const WorkerId worker = attach("first");
  EXPECT_THAT(pipeline("p").stalls, IsEmpty());
  pass(1s);
  EXPECT_THAT(std::get<PipelineView>(joined.join().progress).stalls, IsEmpty()) << "a join hears of it";
  detach(worker);
  EXPECT_THAT(pipeline("p").stalls, SizeIs(1));
}

TEST_F(WorkerTest, ARemoteStageCannotBeScaled) {
  EXPECT_EQ(scale("p", "first", 2), "STAGE_REMOTE");
  EXPECT_EQ(scale("p", "first", 0), "OK");
}

TEST_F(WorkerTest, DeletingThePipelineEndsTheirWait) {
  const WorkerId worker = attach("first");
  TestCaller& waiting = get_for(worker);
  const WorkerId held = attach("second");
  TestCaller& paused = get("b", 1, {.wait = kForever, .stage = "second", .worker = held});
  pause_stage("p", "second");
  put("a", {"x"});
  const model::LeaseId lease = waiting.get().items.front().lease;
  TestCaller& next = get_for(worker);
  ASSERT_TRUE(remove_pipeline("p", true).ok());
  EXPECT_EQ(next.outcome(), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(paused.outcome(), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(complete("a", lease).outcome(), "QUEUE_NOT_FOUND");
  create("a");
  EXPECT_EQ(get_for(worker).outcome(), "PIPELINE_NOT_FOUND");
  detach(worker);
  detach(held);
  EXPECT_THAT(list(), IsEmpty());
}

TEST_F(WorkerTest, RefusingAllRefusesThoseThatAreHeld) {
  TestCaller& waiting = get_for(attach("first"));
  pause_stage("p", "first");
  Effects effects;
  engine().refuse_all(now(), base::error(base::Reason::kShuttingDown, "bye"), effects);
  carry_out(effects);
  EXPECT_EQ(waiting.outcome(), "SHUTTING_DOWN");
}

TEST_F(WorkerTest, ARestartForgetsThem) {
  const WorkerId worker = attach("first");
  put("a", {"x"});
  const model::LeaseId stale = get_for(worker).get().items.front().lease;
  restart();
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_EQ(stage(0).spec.handler, model::kRemoteHandler);
  EXPECT_EQ(complete("a", stale).outcome(), "LEASE_LOST");
  const model::Delivery again = get_for(attach("first")).get().items.front();
  EXPECT_EQ(again.attempt, 2U);
}

TEST_F(WorkerTest, ThereIsALimit) {
  for (std::size_t i = 0; i < limits::kMaxRemoteWorkers; ++i) ASSERT_TRUE(try_attach("first").ok());
  EXPECT_EQ(reason_name(try_attach("first").status()), "LIMIT_REACHED");
  detach(WorkerId{1});
  EXPECT_TRUE(try_attach("first").ok());
}

}  // namespace
}  // namespace sluice::engine::testing
