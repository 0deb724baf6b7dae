// Pipelines: stages and queues declared together, closed and joined as one.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using enum model::StageState;

class PipelineTest : public EngineTest {
 protected:
  // download -> resize -> upload, as in the demo.
  void create_photos() {
    ASSERT_EQ(create_pipeline("photos", {{.name = "download", .input = "urls", .output = "raw", .workers = 3},
                                         {.name = "resize", .input = "raw", .output = "small", .workers = 4},
                                         {.name = "upload", .input = "small", .output = "done", .workers = 5}}),
              "OK");
  }

  // A worker that takes one item and hands it on.
  void work(std::string_view input, const std::string& output) {
    const model::Delivery item = take(input);
    EXPECT_EQ(complete(input, item.lease, {{output, item.body->payload}}).outcome(), "ok");
  }
};

TEST_F(PipelineTest, CreatesItsQueuesAndAsksForItsWorkers) {
  create_photos();
  for (const char* queue : {"urls", "raw", "small", "done"}) EXPECT_EQ(view(queue).pipeline, "photos");
  EXPECT_EQ(last_change("download").wanted_workers, 3U);
  EXPECT_EQ(last_change("resize").wanted_workers, 4U);
  EXPECT_EQ(last_change("upload").wanted_workers, 5U);
  EXPECT_EQ(last_change("upload").spec.handler, "h");
  EXPECT_EQ(last_change("upload").pipeline, "photos");
  EXPECT_FALSE(last_change("upload").deleted);
  const PipelineView photos = pipeline("photos");
  ASSERT_THAT(photos.stages, SizeIs(3));
  EXPECT_EQ(photos.stages[0].spec.name, "download");
  EXPECT_EQ(photos.stages[0].state, kRunning);
  std::vector<std::string> queues;
  for (const QueueView& queue : photos.queues) queues.push_back(queue.name);
  EXPECT_THAT(queues, ElementsAre("urls", "raw", "small", "done")) << "in the order of the flow";
  EXPECT_FALSE(photos.finished);
  EXPECT_EQ(photos.create_time, now());
}

TEST_F(PipelineTest, ListedQueuesHaveTheirSettingsOthersDefaults) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}}, {{"in", {.capacity = 3, .max_attempts = 9}}});
  EXPECT_EQ(view("in").settings.capacity, 3U);
  EXPECT_EQ(view("in").settings.retry.max_attempts, 9U);
  EXPECT_EQ(view("out").settings.capacity, limits::kDefaultCapacity);
}

TEST_F(PipelineTest, ExistingQueuesAreTakenAsTheyAre) {
  create("in", {.capacity = 3});
  put("in", {"a"});
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}}), "OK");
  EXPECT_EQ(view("in").settings.capacity, 3U);
  EXPECT_EQ(view("in").waiting, 1U);
  EXPECT_EQ(view("in").pipeline, "") << "the pipeline did not create it";
}

TEST_F(PipelineTest, ExistingQueueListedWithOtherSettings) {
  create("in", {.capacity = 3});
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}}, {{"in", {.capacity = 4}}}), "QUEUE_EXISTS");
  EXPECT_FALSE(exists("out")) << "all of it or nothing";
  EXPECT_FALSE(changed("s"));
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}}, {{"in", {.capacity = 3}}}), "OK")
      << "the same settings are no contradiction";
}

TEST_F(PipelineTest, NamesAreUnique) {
  create_photos();
  EXPECT_EQ(create_pipeline("photos", {{.name = "s", .input = "x"}}), "PIPELINE_EXISTS");
  EXPECT_FALSE(exists("x"));
}

TEST_F(PipelineTest, UnknownNames) {
  create_photos();
  EXPECT_EQ(close_pipeline("p"), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(reason_name(remove_pipeline("p").status()), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(join_pipeline("p").outcome(), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(scale("p", "s", 1), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(scale("photos", "s", 1), "STAGE_NOT_FOUND");
  EXPECT_EQ(pause_stage("photos", "s"), "STAGE_NOT_FOUND");
  EXPECT_EQ(resume_stage("photos", "s"), "STAGE_NOT_FOUND");
  EXPECT_EQ(reason_name(engine().pipeline(now(), "p").status()), "PIPELINE_NOT_FOUND");
  start_worker("photos", "s");
  stop_worker("p", "s");
}

TEST_F(PipelineTest, ListIsInOrderOfNames) {
  for (const char* name : {"b", "c", "a"}) create_pipeline(name, {{.name = "s", .input = std::string("in-") + name}});
  const auto first = engine().list_pipelines(now(), "", 2);
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].name, "a");
  EXPECT_EQ(first[1].name, "b");
  EXPECT_THAT(engine().list_pipelines(now(), "b", 2), SizeIs(1));
}

TEST_F(PipelineTest, CloseWindsDownStageByStage) {  // scenario 6, one worker a stage
  create_photos();
  for (const char* stage : {"download", "resize", "upload"}) start_worker("photos", stage);
  put("urls", {"1", "2"});
  const TestCaller& joined = join_pipeline("photos");
  EXPECT_EQ(close_pipeline("photos"), "OK");
  EXPECT_EQ(put("urls", {"3"}).outcome(), "QUEUE_CLOSED");
  EXPECT_EQ(view("raw").state, model::QueueState::kOpen);
  work("urls", "raw");
  work("urls", "raw");
  EXPECT_EQ(get("urls").outcome(), "end");
  EXPECT_EQ(stage_state("photos", "download"), kRunning) << "its worker has not ended yet";
  stop_worker("photos", "download");
  EXPECT_EQ(stage_state("photos", "download"), kFinished);
  EXPECT_EQ(last_change("download").wanted_workers, 0U);
  EXPECT_EQ(view("raw").state, model::QueueState::kClosed);
  EXPECT_EQ(view("small").state, model::QueueState::kOpen);
  work("raw", "small");
  work("raw", "small");
  stop_worker("photos", "resize");
  EXPECT_EQ(view("small").state, model::QueueState::kClosed);
  work("small", "done");
  work("small", "done");
  EXPECT_EQ(joined.outcome(), "waiting") << "the last worker is not done";
  stop_worker("photos", "upload");
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_TRUE(pipeline("photos").finished);
  EXPECT_EQ(view("done").state, model::QueueState::kClosed);
  EXPECT_EQ(view("done").waiting, 2U);
  EXPECT_EQ(close_pipeline("photos"), "OK") << "idempotent";
}

TEST_F(PipelineTest, ClosingTheFirstQueueDoesTheSame) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}});
  start_worker("p", "s");
  close("in");
  EXPECT_EQ(stage_state("p", "s"), kRunning);
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), kFinished);
  EXPECT_EQ(view("out").state, model::QueueState::kClosed);
}

TEST_F(PipelineTest, FinishesOnlyWhenTheLastWorkerHasStopped) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 3}});
  for (int i = 0; i < 3; ++i) start_worker("p", "s");
  EXPECT_EQ(pipeline("p").stages.at(0).workers, 3U);
  close("in");
  stop_worker("p", "s");
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), kRunning);
  EXPECT_EQ(view("out").state, model::QueueState::kOpen);
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), kFinished);
}

TEST_F(PipelineTest, DoesNotFinishBeforeTheInputIsDrained) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}}, {{"in", {.max_attempts = 2, .backoff = 0s}}});
  put("in", {"a"});
  start_worker("p", "s");
  close("in");
  const model::LeaseId lease = take("in").lease;  // by somebody outside the server
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), kRunning);
  fail("in", lease);
  EXPECT_EQ(stage_state("p", "s"), kRunning);
  complete("in", take("in").lease);
  EXPECT_EQ(stage_state("p", "s"), kFinished);
}

// With one attempt a leased item cannot come back, except that its consumer gives it back.
TEST_F(PipelineTest, ItemReleasedAfterTheEndWasToldBringsWorkersBack) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 2}}, {{"in", {.max_attempts = 1}}});
  put("in", {"a"});
  start_worker("p", "s");
  start_worker("p", "s");
  close("in");
  const model::LeaseId lease = take("in").lease;  // by somebody outside the server
  EXPECT_EQ(get("in", 1, {.stage = "s"}).outcome(), "end");
  stop_worker("p", "s");
  stop_worker("p", "s");
  forget_changes();
  release("in", lease);
  EXPECT_EQ(last_change("s").wanted_workers, 2U);
  start_worker("p", "s");
  work("in", "out");
  stop_worker("p", "s");
  EXPECT_EQ(stage_state("p", "s"), kFinished);
}

TEST_F(PipelineTest, StageWithoutWorkersIsDoneByOthers) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 0}});
  put("in", {"a"});
  close_pipeline("p");
  EXPECT_EQ(stage_state("p", "s"), kRunning);
  work("in", "out");
  EXPECT_EQ(stage_state("p", "s"), kFinished);
  EXPECT_EQ(view("out").state, model::QueueState::kClosed);
}

TEST_F(PipelineTest, DiamondClosesTheSharedOutputWhenTheLastStageFinishes) {
  create_pipeline("d", {{.name = "split", .input = "in", .output = "left"},
                        {.name = "l", .input = "left", .output = "joined"},
                        {.name = "r", .input = "right", .output = "joined"},
                        {.name = "end", .input = "joined"}});
  for (const char* stage : {"split", "l", "r", "end"}) start_worker("d", stage);
  close("in");
  stop_worker("d", "split");
  stop_worker("d", "l");
  EXPECT_EQ(stage_state("d", "l"), kFinished);
  EXPECT_EQ(view("joined").state, model::QueueState::kOpen) << "the other stage still feeds it";
  close("right");
  stop_worker("d", "r");
  EXPECT_EQ(view("joined").state, model::QueueState::kClosed);
  stop_worker("d", "end");
  EXPECT_TRUE(pipeline("d").finished);
}

TEST_F(PipelineTest, ClosePipelineClosesEveryQueueThatNoStageFeeds) {
  create_pipeline("d",
                  {{.name = "l", .input = "left", .output = "joined"}, {.name = "r", .input = "right", .output = "joined"}});
  close_pipeline("d");
  EXPECT_EQ(view("left").state, model::QueueState::kClosed);
  EXPECT_EQ(view("right").state, model::QueueState::kClosed);
  EXPECT_EQ(view("joined").state, model::QueueState::kClosed) << "no worker was alive: both stages finished at once";
}

TEST_F(PipelineTest, CloseImmediateDiscardsWhatIsNotHeldInEveryQueueThatAStageReads) {
  create_photos();
  for (const char* stage : {"download", "resize", "upload"}) start_worker("photos", stage);
  put("urls", {"1", "2"});
  put("raw", {"3"});
  put("small", {"4"});
  put("done", {"5"});
  const TestCaller& joined = join_pipeline("photos");
  const model::LeaseId held = take("urls").lease;
  EXPECT_EQ(close_pipeline("photos", true), "OK");
  EXPECT_EQ(view("urls").waiting, 0U);
  EXPECT_EQ(view("raw").waiting, 0U);
  EXPECT_EQ(view("small").waiting, 0U);
  EXPECT_EQ(view("done").waiting, 1U) << "results are kept";
  EXPECT_EQ(view("urls").leased, 1U);
  EXPECT_EQ(joined.outcome(), "waiting");
  complete("urls", held);
  for (const char* stage : {"download", "resize", "upload"}) stop_worker("photos", stage);
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_TRUE(pipeline("photos").finished);
}

TEST_F(PipelineTest, JoinOfAnOpenPipelineReturnsWhenNothingIsUnfinished) {
  create_photos();
  EXPECT_EQ(join_pipeline("photos").outcome(), "done") << "at once";
  put("urls", {"1"});
  const TestCaller& joined = join_pipeline("photos");
  work("urls", "raw");
  EXPECT_EQ(joined.outcome(), "waiting");
  work("raw", "small");
  EXPECT_EQ(joined.outcome(), "waiting");
  EXPECT_EQ(pipeline("photos").unfinished, 1U);
  work("small", "done");
  EXPECT_EQ(joined.outcome(), "done") << "the last output, which no stage reads, is not waited for";
  EXPECT_EQ(view("done").waiting, 1U);
  EXPECT_EQ(pipeline("photos").unfinished, 0U);
}

TEST_F(PipelineTest, JoinTellsProgressAndCanBeTakenUpAgain) {
  create_photos();
  put("urls", {"1"});
  TestCaller& joined = join_pipeline("photos");
  ASSERT_THAT(joined.answers(), SizeIs(1));
  EXPECT_FALSE(joined.join().done);
  EXPECT_EQ(std::get<PipelineView>(joined.join().progress).unfinished, 1U);
  const std::uint64_t since = joined.join().idle_count;
  EXPECT_TRUE(withdraw(joined));
  work("urls", "raw");
  work("raw", "small");
  work("small", "done");
  put("urls", {"2"});
  EXPECT_EQ(join_pipeline("photos", since).outcome(), "done") << "it was idle in between";
  EXPECT_EQ(join_pipeline("photos").outcome(), "waiting");
}

TEST_F(PipelineTest, JoinOfAClosedPipelineWaitsForItsWorkers) {
  create_photos();
  for (const char* stage : {"download", "resize", "upload"}) start_worker("photos", stage);
  close_pipeline("photos");
  const TestCaller& joined = join_pipeline("photos");
  EXPECT_EQ(joined.outcome(), "waiting") << "nothing is unfinished, but the stages still run";
  for (const char* stage : {"download", "resize", "upload"}) stop_worker("photos", stage);
  EXPECT_EQ(joined.outcome(), "done");
  EXPECT_EQ(join_pipeline("photos").outcome(), "done");
}

TEST_F(PipelineTest, Scale) {
  create_photos();
  EXPECT_EQ(scale("photos", "resize", 9), "OK");
  EXPECT_EQ(last_change("resize").wanted_workers, 9U);
  EXPECT_EQ(pipeline("photos").stages.at(1).spec.workers, 9U);
  EXPECT_EQ(scale("photos", "resize", 0), "OK");
  EXPECT_EQ(last_change("resize").wanted_workers, 0U);
}

TEST_F(PipelineTest, PauseAndResumeAStage) {
  create_photos();
  EXPECT_EQ(pause_stage("photos", "resize"), "OK");
  EXPECT_EQ(stage_state("photos", "resize"), kPaused);
  EXPECT_EQ(last_change("resize").wanted_workers, 0U);
  EXPECT_EQ(pause_stage("photos", "resize"), "OK") << "idempotent";
  scale("photos", "resize", 7);
  EXPECT_EQ(last_change("resize").wanted_workers, 0U) << "still paused";
  EXPECT_EQ(resume_stage("photos", "resize"), "OK");
  EXPECT_EQ(stage_state("photos", "resize"), kRunning);
  EXPECT_EQ(last_change("resize").wanted_workers, 7U);
  EXPECT_EQ(resume_stage("photos", "resize"), "OK");
}

TEST_F(PipelineTest, Delete) {
  create("mine");
  create_pipeline("p", {{.name = "s", .input = "in", .output = "mine"}}, {{"in", {.max_attempts = 1}}});
  start_worker("p", "s");
  put("in", {"dies", "stays"});
  fail("in", take("in").lease);
  EXPECT_EQ(reason_name(remove_pipeline("p").status()), "QUEUE_NOT_EMPTY");
  EXPECT_TRUE(exists("in"));
  const TestCaller& joined = join_pipeline("p");
  const TestCaller& worker = get("in", 1, {.wait = kForever, .stage = "s"});
  EXPECT_EQ(worker.outcome(), "ok");
  const TestCaller& idle = get("in", 1, {.wait = kForever, .stage = "s"});
  EXPECT_EQ(remove_pipeline("p", true).value(), 1U);
  EXPECT_EQ(idle.outcome(), "QUEUE_NOT_FOUND");
  EXPECT_EQ(joined.outcome(), "PIPELINE_NOT_FOUND");
  EXPECT_FALSE(exists("in"));
  EXPECT_TRUE(exists("mine")) << "it did not create it";
  EXPECT_TRUE(exists("in.dead")) << "dead letters are kept";
  EXPECT_TRUE(last_change("s").deleted);
  EXPECT_EQ(last_change("s").wanted_workers, 0U);
  EXPECT_FALSE(engine().pipeline(now(), "p").ok());
  stop_worker("p", "s");
  EXPECT_THAT(store().pipelines(), IsEmpty());
  EXPECT_EQ(create_pipeline("p", {{.name = "s", .input = "in", .output = "mine"}}), "OK");
}

TEST_F(PipelineTest, QueuesInUseCannotBeDeleted) {
  create_photos();
  EXPECT_EQ(reason_name(remove("urls").status()), "QUEUE_IN_USE");
  EXPECT_EQ(reason_name(remove("done", true).status()), "QUEUE_IN_USE") << "force is for its items, not for its stages";
  EXPECT_TRUE(remove_pipeline("photos").ok());
  EXPECT_FALSE(exists("done"));
}

TEST_F(PipelineTest, TwoPipelinesShareAQueue) {
  create_pipeline("a", {{.name = "s", .input = "in", .output = "shared"}});
  create_pipeline("b", {{.name = "t", .input = "in2", .output = "shared"}});
  close("in");
  EXPECT_EQ(stage_state("a", "s"), kFinished);
  EXPECT_EQ(view("shared").state, model::QueueState::kOpen) << "an open stage of the other one feeds it";
  close("in2");
  EXPECT_EQ(view("shared").state, model::QueueState::kClosed);
}

}  // namespace
}  // namespace sluice::engine::testing
