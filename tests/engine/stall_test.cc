// The diagnosis of what does not move although there is work.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

using enum StallReason;

class StallTest : public EngineTest {
 protected:
  // The stall of that reason; fails the test if there is none.
  static Stall the(StallReason reason, const std::vector<Stall>& stalls) {
    for (const Stall& stall : stalls) {
      if (stall.reason == reason) return stall;
    }
    ADD_FAILURE() << "no stall " << name(reason) << " among " << stalls.size();
    return {};
  }
};

TEST_F(StallTest, NamesAreThoseOfTheApi) {
  EXPECT_EQ(name(kOutputFullWithoutConsumer), "OUTPUT_FULL_WITHOUT_CONSUMER");
  EXPECT_EQ(name(kNoConsumer), "NO_CONSUMER");
  EXPECT_EQ(name(kNoWorker), "NO_WORKER");
  EXPECT_EQ(name(kQueuePaused), "QUEUE_PAUSED");
  EXPECT_EQ(name(kStagePaused), "STAGE_PAUSED");
  EXPECT_EQ(name(kStageWithoutWorkers), "STAGE_WITHOUT_WORKERS");
  EXPECT_EQ(name(kCycleFull), "CYCLE_FULL");
  EXPECT_EQ(name(kAllDelayed), "ALL_DELAYED");
  EXPECT_EQ(name(kWaitsForWorkers), "WAITS_FOR_WORKERS");
  EXPECT_EQ(name(kLimitExhausted), "LIMIT_EXHAUSTED");
  EXPECT_EQ(name(kOrderKeyHeld), "ORDER_KEY_HELD");
}

TEST_F(StallTest, NothingToDoIsNoStall) {
  create("q");
  EXPECT_THAT(view("q").stalls, IsEmpty());
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}});
  EXPECT_THAT(pipeline("p").stalls, IsEmpty());
}

TEST_F(StallTest, WorkInProgressIsNoStall) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}});
  start_worker("p", "s");
  put("in", {"a"});
  take("in", {.stage = "s"});
  EXPECT_THAT(pipeline("p").stalls, IsEmpty());
  EXPECT_THAT(view("in").stalls, IsEmpty());
}

TEST_F(StallTest, FullOutputThatNobodyReads) {  // scenario 28
  create_pipeline("p", {{.name = "s", .input = "in", .output = "done"}}, {{"done", {.capacity = 10}}});
  start_worker("p", "s");
  put("done", std::vector<std::string>(10, "x"));
  put("in", {"a"});
  EXPECT_EQ(complete("in", take("in", {.stage = "s"}).lease, {{"done", "y"}}, {.wait = kForever}).outcome(), "waiting");
  const Stall stall = the(kOutputFullWithoutConsumer, pipeline("p").stalls);
  EXPECT_EQ(stall.queue, "done");
  EXPECT_EQ(stall.message, "queue \"done\" is full (10 of 10) and has no consumer");
  EXPECT_EQ(the(kOutputFullWithoutConsumer, view("done").stalls).message, stall.message);
  const TestCaller& joined = join_pipeline("p");
  EXPECT_EQ(joined.outcome(), "waiting");
  EXPECT_EQ(the(kOutputFullWithoutConsumer, std::get<PipelineView>(joined.join().progress).stalls), stall)
      << "the join says so instead of hanging silently";
}

TEST_F(StallTest, EndsWhenSomebodyReadsTheOutput) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "done"}}, {{"done", {.capacity = 1}}});
  start_worker("p", "s");
  put("done", {"x"});
  put("in", {"a"});
  complete("in", take("in", {.stage = "s"}).lease, {{"done", "y"}}, {.wait = kForever});
  EXPECT_THAT(pipeline("p").stalls, SizeIs(1));
  take("done");
  EXPECT_THAT(pipeline("p").stalls, IsEmpty());
  EXPECT_EQ(view("done").waiting, 1U);
}

TEST_F(StallTest, JoinersAreToldWhenTheStallBegins) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "done"}}, {{"done", {.capacity = 1}}});
  start_worker("p", "s");
  put("in", {"a", "b"});
  const TestCaller& joined = join_pipeline("p");
  complete("in", take("in", {.stage = "s"}).lease, {{"done", "x"}}, {.wait = kForever});
  complete("in", take("in", {.stage = "s"}).lease, {{"done", "y"}}, {.wait = kForever});
  pass(2s);
  EXPECT_EQ(joined.outcome(), "waiting");
  EXPECT_EQ(the(kOutputFullWithoutConsumer, std::get<PipelineView>(joined.join().progress).stalls).message,
            "queue \"done\" is full (1 of 1) and has no consumer");
}

TEST_F(StallTest, StageThatFeedsItsOwnInput) {  // scenario 28
  create_pipeline("p", {{.name = "s", .input = "loop", .output = "loop", .workers = 1}}, {{"loop", {.capacity = 2}}});
  start_worker("p", "s");
  put("loop", {"a"});
  const model::LeaseId lease = take("loop", {.stage = "s"}).lease;
  put("loop", {"b", "c"});
  EXPECT_EQ(complete("loop", lease, {{"loop", "d"}}, {.wait = kForever}).outcome(), "waiting");
  const Stall stall = the(kCycleFull, pipeline("p").stalls);
  EXPECT_EQ(stall.queue, "loop");
  EXPECT_THAT(stall.message, HasSubstr("\"loop\""));
  EXPECT_THAT(stall.message, HasSubstr("2 of 2"));
  EXPECT_FALSE(view("loop").stalls.empty());
}

TEST_F(StallTest, CycleOfTwoStages) {
  create_pipeline("p", {{.name = "s", .input = "a", .output = "b"}, {.name = "t", .input = "b", .output = "a"}},
                  {{"a", {.capacity = 1}}, {"b", {.capacity = 1}}});
  start_worker("p", "s");
  start_worker("p", "t");
  put("a", {"1"});
  const model::LeaseId in_s = take("a", {.stage = "s"}).lease;
  put("b", {"2"});
  const model::LeaseId in_t = take("b", {.stage = "t"}).lease;
  put("a", {"3"});
  put("b", {"4"});
  complete("a", in_s, {{"b", "x"}}, {.wait = kForever});
  complete("b", in_t, {{"a", "y"}}, {.wait = kForever});
  EXPECT_THAT(the(kCycleFull, pipeline("p").stalls).message, HasSubstr("1 of 1"));
}

TEST_F(StallTest, QueueWithoutAConsumer) {
  create("q", {.capacity = 10});
  put("q", {"a"});
  const Stall stall = the(kNoConsumer, view("q").stalls);
  EXPECT_EQ(stall.queue, "q");
  EXPECT_THAT(stall.message, HasSubstr("\"q\""));
  take("q");
  EXPECT_THAT(view("q").stalls, IsEmpty()) << "somebody is at it";
}

// A queue of one attempt whose only item failed.
class DeadLetterStallTest : public StallTest {
 protected:
  void bury(const std::string& queue, Settings settings = {}) {
    settings.max_attempts = 1;
    create(queue, settings);
    put(queue, {"a"});
    EXPECT_EQ(fail(queue, take(queue).lease), "OK");
  }
};

TEST_F(DeadLetterStallTest, LettersInAQueueOfTheDefaultNameAreNoStall) {
  bury("q");
  EXPECT_EQ(view("q.dead").waiting, 1U);
  EXPECT_THAT(view("q.dead").stalls, IsEmpty());
  const TestCaller& joined = join("q.dead");
  EXPECT_THAT(std::get<QueueView>(joined.join().progress).stalls, IsEmpty());
  EXPECT_TRUE(remove("q", true).ok());
  EXPECT_THAT(view("q.dead").stalls, IsEmpty()) << "it says by its name what it is";
}

TEST_F(DeadLetterStallTest, LettersInAQueueThatAnotherNamesAreNoStall) {
  create("morgue", {.capacity = 1});
  put("morgue", {"x"});
  the(kNoConsumer, view("morgue").stalls);
  bury("q", {.dead_letter_queue = "morgue"});
  create("other", {.dead_letter_queue = "morgue"});
  EXPECT_EQ(view("morgue").waiting, 2U);
  EXPECT_THAT(view("morgue").stalls, IsEmpty());
  EXPECT_TRUE(remove("other", true).ok());
  EXPECT_THAT(view("morgue").stalls, IsEmpty()) << "one still names it";
  restart();
  EXPECT_THAT(view("morgue").stalls, IsEmpty());
  update("q", {.capacity = 5});
  EXPECT_THAT(view("morgue").stalls, IsEmpty());
}

TEST_F(DeadLetterStallTest, NoLongerNamedItIsAQueueLikeOthers) {
  bury("q", {.dead_letter_queue = "morgue"});
  EXPECT_THAT(view("morgue").stalls, IsEmpty());
  update("q", {.dead_letter_queue = ""});
  the(kNoConsumer, view("morgue").stalls);
  update("q", {.dead_letter_queue = "morgue"});
  EXPECT_THAT(view("morgue").stalls, IsEmpty());
  EXPECT_TRUE(remove("q", true).ok());
  the(kNoConsumer, view("morgue").stalls);
}

TEST_F(DeadLetterStallTest, OneThatHoldsOthersBackIsOne) {
  bury("q", {.dead_letter_queue = "morgue"});
  update("morgue", {.capacity = 1});
  put("morgue", {"x"}, {.wait = kForever});
  EXPECT_EQ(the(kOutputFullWithoutConsumer, view("morgue").stalls).queue, "morgue");
  pause("morgue");
  the(kQueuePaused, view("morgue").stalls);
}

TEST_F(StallTest, PausedQueue) {
  create("q");
  put("q", {"a"});
  pause("q");
  EXPECT_EQ(the(kQueuePaused, view("q").stalls).queue, "q");
  resume("q");
  get("q");
  EXPECT_THAT(view("q").stalls, IsEmpty());
}

TEST_F(StallTest, PausedStage) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out"}});
  put("in", {"a"});
  pause_stage("p", "s");
  const Stall stall = the(kStagePaused, pipeline("p").stalls);
  EXPECT_EQ(stall.queue, "in");
  EXPECT_THAT(stall.message, HasSubstr("s"));
}

TEST_F(StallTest, StageWithoutWorkers) {
  create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 0}});
  put("in", {"a"});
  EXPECT_EQ(the(kStageWithoutWorkers, pipeline("p").stalls).queue, "in");
  get("in");
  EXPECT_THAT(pipeline("p").stalls, IsEmpty()) << "a consumer from outside is at it";
}

TEST_F(StallTest, AllDelayed) {
  create("q");
  put("q", {"a"}, {.delay = 1h});
  EXPECT_EQ(the(kAllDelayed, view("q").stalls).queue, "q");
  pass(1h);
  take("q");
  EXPECT_THAT(view("q").stalls, IsEmpty());
}

}  // namespace
}  // namespace sluice::engine::testing
