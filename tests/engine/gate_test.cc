// The start barrier of a stage: nothing is handed out before as many workers as it starts with are ready.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

class GateTest : public EngineTest {
 protected:
  GateTest() {
    create_pipeline("p", {{.name = "s", .input = "in", .output = "out", .workers = 2, .start_workers = 3}});
    put("in", {"a", "b", "c", "d"});
  }

  // A worker of the server asks for an item.
  TestCaller& server_get(std::string_view stage = "s") {
    return get("in", 1, {.wait = kForever, .lease = kForever, .stage = std::string(stage), .pipeline = "p"});
  }

  TestCaller& remote_get() {
    Effects effects;
    const auto attached = engine().attach_worker(now(), "p", "s", "w", "h", effects);
    carry_out(effects);
    EXPECT_TRUE(attached.ok());
    return get("in", 2, {.wait = kForever, .lease = kForever, .stage = "s", .worker = attached->worker});
  }

  StageView stage() { return pipeline("p").stages.front(); }
};

TEST_F(GateTest, OpensWhenEnoughWorkersOfAnyKindAreReady) {
  TestCaller& first = server_get();
  TestCaller& second = remote_get();
  EXPECT_TRUE(first.waiting());
  EXPECT_TRUE(second.waiting());
  EXPECT_FALSE(stage().started);
  EXPECT_EQ(stage().ready_workers, 2U);
  TestCaller& third = server_get();
  EXPECT_THAT(first.payloads(), ElementsAre("a"));
  EXPECT_THAT(second.payloads(), ElementsAre("b", "c"));
  EXPECT_THAT(third.payloads(), ElementsAre("d"));
  EXPECT_TRUE(stage().started);
}

TEST_F(GateTest, StaysOpenWhenWorkersLeave) {
  for (int i = 0; i < 3; ++i) server_get();
  TestCaller& alone = server_get();
  EXPECT_THAT(alone.payloads(), ElementsAre("d"));
}

TEST_F(GateTest, WhoLeavesBeforeIsNotReady) {
  TestCaller& gone = server_get();
  server_get();
  EXPECT_TRUE(withdraw(gone));
  EXPECT_TRUE(server_get().waiting());
  EXPECT_FALSE(server_get().waiting());
}

TEST_F(GateTest, ShutsAgainWithARestart) {
  for (int i = 0; i < 3; ++i) server_get();
  restart();
  EXPECT_TRUE(server_get().waiting());
  EXPECT_TRUE(server_get().waiting());
  TestCaller& third = server_get();
  EXPECT_EQ(third.outcome(), "ok");
}

TEST_F(GateTest, OthersAreNotHeldUp) {
  TestCaller& worker = server_get();
  EXPECT_THAT(get("in").payloads(), ElementsAre("a")) << "a consumer of the queue is no worker of the stage";
  EXPECT_TRUE(worker.waiting());
}

TEST_F(GateTest, APauseKeepsItShut) {
  pause_stage("p", "s");
  TestCaller& first = server_get();
  server_get();
  server_get();
  EXPECT_TRUE(first.waiting());
  resume_stage("p", "s");
  EXPECT_EQ(first.outcome(), "ok");
}

TEST_F(GateTest, TheEndComesToThoseWhoWait) {
  TestCaller& worker = server_get();
  close("in");
  EXPECT_TRUE(worker.waiting()) << "there is work that the stage has not begun";
  purge("in").IgnoreError();
  EXPECT_EQ(worker.outcome(), "end");
}

TEST_F(GateTest, DeletingThePipelineAnswersThoseWhoWait) {
  TestCaller& worker = server_get();
  EXPECT_TRUE(remove_pipeline("p", true).ok());
  EXPECT_EQ(worker.outcome(), "PIPELINE_NOT_FOUND");
}

TEST_F(GateTest, IsAStall) {
  start_worker("p", "s");
  server_get();
  const auto stalls = pipeline("p").stalls;
  ASSERT_EQ(stalls.size(), 1U);
  EXPECT_EQ(stalls.front().reason, StallReason::kWaitsForWorkers);
  EXPECT_EQ(stalls.front().message,
            "stage \"s\" waits for its workers: 1 of 3 are ready, and queue \"in\" has 4 waiting items");
  server_get();
  server_get();
  EXPECT_THAT(pipeline("p").stalls, IsEmpty());
}

}  // namespace
}  // namespace sluice::engine::testing
