// Stages: their workers take, work and hand on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "server/base/errors.h"
#include "server/handlers/native.h"
#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using engine::GetAnswer;
using handlers::Input;
using support::eventually;
using support::RecordedCaller;
using testing::ElementsAre;

model::PipelineSpec one_stage(const std::string& handler, std::uint32_t workers = 1, model::QueueSettingsPatch input = {}) {
  input.max_attempts = input.max_attempts.value_or(1);
  return {.name = "p",
          .queues = {{"in", input}, {"out", {.capacity = 0}}},
          .stages = {{.name = "s", .input = "in", .output = "out", .handler = handler, .workers = workers}}};
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> payloads;
  for (int i = 0; i < count; ++i) payloads.push_back(std::to_string(i));
  return payloads;
}

class StagesTest : public testing::Test {
 protected:
  void handle(const std::string& name, InlineHandler::Function function) {
    rig_.add(name, std::make_shared<InlineHandler>(std::move(function)));
  }
  // The failure of the one item in the dead-letter queue.
  model::Failure dead_letter() {
    EXPECT_TRUE(rig_.join("in").ok());
    const GetAnswer got = rig_.get("in.dead");
    if (got.items.size() != 1 || !got.items.front().last_failure) {
      ADD_FAILURE() << "no dead letter with a failure";
      return {};
    }
    return *got.items.front().last_failure;
  }
  [[nodiscard]] StageStatus status(std::string_view stage = "s") { return rig_->stage_status("p", stage); }
  void scale(std::uint32_t workers) {
    EXPECT_TRUE(
        rig_.now([&](auto& engine, auto now, auto& out) { return engine.scale_stage(now, "p", "s", workers, out); }).ok());
  }

  Rig rig_;
};

TEST_F(StagesTest, AThousandItemsThroughThreeStagesWakeNobodyInVain) {
  constexpr int kItems = 1'000;
  rig_.add("a", append("a"));
  rig_.add("b", append("b"));
  rig_.add("c", append("c"));
  rig_.start();
  rig_.create(model::PipelineSpec{
      .name = "p",
      .queues = {{"q1", {.capacity = 10}}, {"q2", {.capacity = 10}}, {"q3", {.capacity = 10}}, {"done", {.capacity = 0}}},
      .stages = {{.name = "1", .input = "q1", .output = "q2", .handler = "a", .workers = 3},
                 {.name = "2", .input = "q2", .output = "q3", .handler = "b", .workers = 4},
                 {.name = "3", .input = "q3", .output = "done", .handler = "c", .workers = 5}}});
  for (int i = 0; i < kItems; ++i) ASSERT_TRUE(rig_.put("q1", {std::to_string(i)}).ok());
  rig_.close("q1");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());

  const GetAnswer done = rig_.get("done", kItems + 1);
  EXPECT_EQ(done.items.size(), std::size_t{kItems});
  std::set<std::string> payloads;
  for (const auto& item : done.items) payloads.insert(item.body->payload);
  EXPECT_EQ(payloads.size(), std::size_t{kItems});
  EXPECT_TRUE(payloads.contains("0abc"));
  EXPECT_EQ(rig_.view("done").state, model::QueueState::kClosed) << "by the end of the last stage";
  for (const auto* stage : {"1", "2", "3"}) {
    const StageStatus now = status(stage);
    EXPECT_EQ(now.succeeded, std::uint64_t{kItems});
    EXPECT_EQ(now.failed, 0U);
    EXPECT_EQ(now.idle_wakeups, 0U);
    EXPECT_EQ(now.workers, 0U);
    EXPECT_EQ(now.busy, 0U);
  }
  EXPECT_TRUE(rig_->drain(0us)) << "no worker is left";
}

TEST_F(StagesTest, WakeupsAreItemsAndTheEndOfTheQueue) {
  rig_.add("echo", append(""));
  rig_.start();
  rig_.create(one_stage("echo", 2));
  EXPECT_EQ(status().workers, 2U);
  EXPECT_EQ(status().wakeups, 0U);
  ASSERT_TRUE(rig_.put("in", numbered(50)).ok());
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  EXPECT_EQ(status().wakeups, 52U);
}

TEST_F(StagesTest, AResultInheritsPriorityAndAttributesUnlessItHasItsOwn) {
  handle("twice", [](const Input&, handlers::Context&) {
    return Outputs{{.payload = "as input", .attributes = std::nullopt},
                   {.payload = "own", .attributes = model::Attributes{{"colour", "red"}}},
                   {.payload = "none", .attributes = model::Attributes{}}};
  });
  rig_.start();
  rig_.create(one_stage("twice"));
  RecordedCaller producer;
  engine::PutCommand put{.queue = "in"};
  put.items.push_back({.body = std::make_shared<model::Body>(model::Body{"x", {{"colour", "blue"}}}), .priority = -7});
  rig_->apply([&](auto& engine, auto now, auto& out) { engine.put(now, std::move(put), producer, out); });
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  const GetAnswer got = rig_.get("out", 10);
  ASSERT_EQ(got.items.size(), 3U);
  EXPECT_THAT(got.items[0].body->attributes, ElementsAre(std::pair<std::string, std::string>("colour", "blue")));
  EXPECT_THAT(got.items[1].body->attributes, ElementsAre(std::pair<std::string, std::string>("colour", "red")));
  EXPECT_TRUE(got.items[2].body->attributes.empty());
  for (const auto& item : got.items) EXPECT_EQ(item.priority, -7);
}

TEST_F(StagesTest, WithoutAnOutputResultsAreDropped) {
  rig_.add("echo", append(""));
  rig_.start();
  model::PipelineSpec spec = one_stage("echo");
  spec.stages.front().output.clear();
  rig_.create(spec);
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  ASSERT_TRUE(rig_.join("in").ok());
  EXPECT_EQ(rig_.view("in").counters.done, 1U);
}

TEST_F(StagesTest, AnExceptionFailsTheItemAndNothingElse) {
  handle("picky", [](const Input& input, handlers::Context&) {
    if (input.payload() == "3") throw std::runtime_error("cannot stand 3");
    return outputs({std::string(input.payload())});
  });
  rig_.start();
  rig_.create(one_stage("picky"));
  ASSERT_TRUE(rig_.put("in", numbered(10)).ok());
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  EXPECT_EQ(rig_.get("out", 20).items.size(), 9U);
  const model::Failure failure = dead_letter();
  EXPECT_EQ(failure.reason, model::failure_reason::kHandlerThrew);
  EXPECT_EQ(failure.message, "cannot stand 3");
  EXPECT_EQ(failure.stage, "s");
  EXPECT_EQ(failure.queue, "in");
  EXPECT_EQ(status().succeeded, 9U);
  EXPECT_EQ(status().failed, 1U);
}

TEST_F(StagesTest, WhatIsThrownNeedNotBeAnException) {
  handle("odd", [](const Input&, handlers::Context&) -> handlers::Outcome { throw 3; });
  rig_.start();
  rig_.create(one_stage("odd"));
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  EXPECT_EQ(dead_letter().reason, model::failure_reason::kHandlerThrew);
}

TEST_F(StagesTest, AnErrorIsRetriedUnlessItSaysNo) {
  int attempts = 0;
  handle("flaky", [&attempts](const Input& input, handlers::Context&) -> handlers::Outcome {
    ++attempts;
    handlers::Error error;
    error.failure.reason = "NOT_YET";
    error.do_not_retry = input.payload() == "hopeless";
    if (input.attempt < 3) return error;
    return outputs({"done at last"});
  });
  rig_.start();
  rig_.create(one_stage("flaky", 1, {.max_attempts = 5, .initial_backoff = 0us}));
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  EXPECT_EQ(rig_.get("out").items.front().body->payload, "done at last");
  EXPECT_EQ(attempts, 3);
  ASSERT_TRUE(rig_.put("in", {"hopeless"}).ok());
  EXPECT_EQ(dead_letter().reason, "NOT_YET");
  EXPECT_EQ(attempts, 4);
}

TEST_F(StagesTest, AThrownHandlerFailureKeepsItsDetails) {
  handle("detailed", [](const Input&, handlers::Context&) -> handlers::Outcome {
    handlers::Error error;
    error.failure.reason = "NO_COLOUR";
    error.failure.exit_code = 3;
    error.failure.message.assign(limits::kMaxFailureMessageBytes * 2, 'm');
    throw handlers::HandlerFailure(error);
  });
  rig_.start();
  rig_.create(one_stage("detailed"));
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  const model::Failure failure = dead_letter();
  EXPECT_EQ(failure.reason, "NO_COLOUR");
  EXPECT_EQ(failure.exit_code, 3);
  EXPECT_EQ(failure.message.size(), limits::kMaxFailureMessageBytes);
}

TEST_F(StagesTest, AMissingHandlerFailsItsItems) {
  rig_.start();
  rig_.create(one_stage("nobody"));
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  const model::Failure failure = dead_letter();
  EXPECT_EQ(failure.reason, model::failure_reason::kHandlerMissing);
  EXPECT_THAT(failure.message, testing::HasSubstr("nobody"));
}

TEST_F(StagesTest, AClosedOutputRefusesTheResult) {
  rig_.add("echo", append(""));
  rig_.start();
  rig_.create(one_stage("echo", 1, {.max_attempts = 5}));
  rig_.close("out");
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  const model::Failure failure = dead_letter();
  EXPECT_EQ(failure.reason, model::failure_reason::kOutputRefused);
  EXPECT_EQ(failure.attempt, 1U) << "another attempt would end the same way";
}

TEST_F(StagesTest, AResultThatIsTooLargeIsRefused) {
  handle("swell", [](const Input&, handlers::Context&) { return outputs({std::string(limits::kMaxPayloadBytes + 1, 'x')}); });
  rig_.start();
  rig_.create(one_stage("swell"));
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  EXPECT_EQ(dead_letter().reason, model::failure_reason::kOutputRefused);
}

TEST_F(StagesTest, MoreResultsThanTheOutputCanEverHoldAreRefused) {
  handle("many", [](const Input&, handlers::Context&) { return outputs(numbered(3)); });
  rig_.start();
  model::PipelineSpec spec = one_stage("many");
  spec.queues.back().settings.capacity = 2;
  rig_.create(spec);
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  EXPECT_EQ(dead_letter().reason, model::failure_reason::kOutputRefused);
}

TEST_F(StagesTest, AFullOutputHoldsTheStageBack) {
  rig_.add("echo", append(""));
  rig_.start();
  model::PipelineSpec spec = one_stage("echo", 2);
  spec.queues.back().settings.capacity = 3;
  rig_.create(spec);
  ASSERT_TRUE(rig_.put("in", numbered(20)).ok());
  ASSERT_TRUE(eventually([&] { return rig_.view("out").waiting_puts == 2; }));
  EXPECT_EQ(rig_.view("out").waiting, 3U);
  EXPECT_EQ(rig_.view("in").waiting, 15U);
  EXPECT_EQ(status().busy, 2U);
  std::size_t got = 0;
  while (got < 20) {
    const GetAnswer some = rig_.get("out", 3);
    ASSERT_TRUE(some.status.ok() && !some.items.empty()) << some.status;
    EXPECT_LE(rig_.view("out").waiting, 3U);
    got += some.items.size();
  }
}

TEST_F(StagesTest, AWorkerThatMayNotWaitTriesAgain) {
  rig_.add("echo", append(""));
  rig_.start(nullptr, {.max_waiters = 1});
  rig_.create("other");
  RecordedCaller occupant;
  rig_.begin_get(occupant, "other");
  rig_.create(one_stage("echo"));
  ASSERT_TRUE(eventually([&] { return status().wakeups > 0; })) << "the engine refused its wait";
  EXPECT_EQ(status().workers, 1U);
  ASSERT_TRUE(rig_.put("in", {"x"}).ok());
  EXPECT_TRUE(eventually([&] { return status().succeeded == 1; }));
  EXPECT_TRUE(rig_->withdraw(occupant));
}

TEST_F(StagesTest, WhatRunsIsListedWithItsChild) {
  support::ManualClock clock;
  journal::MemoryJournal journal;
  Rig rig(clock, journal);
  class Child final : public FakeHandler {
   public:
    boost::asio::awaitable<handlers::Outcome> run(const Input& input, handlers::Context& context) override {
      context.set_pid(1'000 + (input.payload().front() - '0'));
      return gate.run(input, context);
    }
    Gate gate;
  };
  const auto child = std::make_shared<Child>();
  rig.add("child", child);
  rig.start();
  rig.create(one_stage("child", 2));
  ASSERT_TRUE(rig.put("in", {"1"}).ok());
  ASSERT_TRUE(child->gate.wait_for_entered(1));
  const base::Time begun = clock.now();
  clock.advance(5s);
  ASSERT_TRUE(rig.put("in", {"2"}).ok());
  ASSERT_TRUE(child->gate.wait_for_entered(2));
  const StageStatus status = rig->stage_status("p", "s");
  EXPECT_EQ(status.busy, 2U);
  ASSERT_EQ(status.running.size(), 2U);
  EXPECT_EQ(status.running[0].pid, 1'001);
  EXPECT_EQ(status.running[0].start_time, begun);
  EXPECT_EQ(status.running[0].attempt, 1U);
  EXPECT_EQ(status.running[1].pid, 1'002);
  EXPECT_EQ(status.running[1].start_time, begun + 5s);
  child->gate.open();
  EXPECT_TRUE(rig.join("in").ok());
}

TEST_F(StagesTest, ScalingAddsWorkersAtOnceAndTakesTheIdleAtOnce) {
  const auto gate = std::make_shared<Gate>();
  rig_.add("gate", gate);
  rig_.start();
  rig_.create(one_stage("gate", 2));
  ASSERT_TRUE(rig_.put("in", numbered(6)).ok());
  ASSERT_TRUE(gate->wait_for_entered(2));
  scale(4);
  EXPECT_EQ(status().workers, 4U);
  ASSERT_TRUE(gate->wait_for_entered(4));
  scale(10);
  ASSERT_TRUE(gate->wait_for_entered(6));
  ASSERT_TRUE(eventually([&] { return rig_.view("in").waiting_gets == 4; }));
  scale(7);
  EXPECT_EQ(status().workers, 7U) << "three of the four idle ones left";
  scale(2);
  EXPECT_EQ(status().workers, 6U) << "the busy ones stay until they are done";
  EXPECT_EQ(rig_.view("in").waiting_gets, 0U);
  gate->open();
  ASSERT_TRUE(rig_.join("in").ok());
  EXPECT_TRUE(eventually([&] { return status().workers == 2; }));
  EXPECT_EQ(status().succeeded, 6U);
}

TEST_F(StagesTest, APausedStageTakesNothingAndAResumedOneGoesOn) {
  rig_.add("echo", append(""));
  rig_.start();
  rig_.create(one_stage("echo", 3));
  ASSERT_TRUE(rig_.now([](auto& engine, auto now, auto& out) { return engine.pause_stage(now, "p", "s", out); }).ok());
  EXPECT_TRUE(eventually([&] { return status().workers == 0; }));
  ASSERT_TRUE(rig_.put("in", numbered(10)).ok());
  EXPECT_EQ(rig_.view("in").waiting, 10U);
  ASSERT_TRUE(rig_.now([](auto& engine, auto now, auto& out) { return engine.resume_stage(now, "p", "s", out); }).ok());
  ASSERT_TRUE(rig_.join("in").ok());
  EXPECT_EQ(status().succeeded, 10U);
  EXPECT_EQ(status().workers, 3U);
}

TEST_F(StagesTest, AWorkerThatIsSurplusWhileItsResultWaitsForRoomKeepsTheResult) {
  rig_.add("echo", append(""));
  rig_.start();
  model::PipelineSpec spec = one_stage("echo", 1);
  spec.queues.back().settings.capacity = 1;
  rig_.create(spec);
  ASSERT_TRUE(rig_.put("in", {"1", "2", "3"}).ok());
  ASSERT_TRUE(eventually([&] { return rig_.view("out").waiting_puts == 1; }));
  ASSERT_TRUE(rig_.now([](auto& engine, auto now, auto& out) { return engine.pause_stage(now, "p", "s", out); }).ok());
  EXPECT_EQ(rig_.get("out").items.front().body->payload, "1");
  EXPECT_EQ(rig_.get("out").items.front().body->payload, "2");
  EXPECT_TRUE(eventually([&] { return status().workers == 0; }));
  EXPECT_EQ(rig_.view("in").waiting, 1U);
}

TEST_F(StagesTest, ADeletedPipelineStopsWhatItRunsAndANewOneOfItsNameStartsAfresh) {
  const auto gate = std::make_shared<Gate>();
  rig_.add("gate", gate);
  rig_.start();
  const auto remove = [](auto& engine, auto now, auto& out) { return engine.delete_pipeline(now, "p", true, out); };
  rig_.create(one_stage("gate", 2));
  ASSERT_TRUE(rig_.put("in", numbered(5)).ok());
  ASSERT_TRUE(gate->wait_for_entered(2));
  const auto removed = rig_.now(remove);
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 5U);
  EXPECT_EQ(status().workers, 0U);
  rig_.create(one_stage("gate", 3));
  EXPECT_EQ(status().workers, 3U);
  gate->open();
  ASSERT_TRUE(rig_.put("in", numbered(4)).ok());
  rig_.close("in");
  ASSERT_TRUE(rig_.join_pipeline("p").ok());
  EXPECT_EQ(status().succeeded, 4U);
  EXPECT_EQ(status().workers, 0U);
}

TEST_F(StagesTest, AHandlerThatBlocksItsOwnThreadHoldsNobodyElse) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  rig_.add("blocks", std::make_shared<OwnThreadHandler>([released] { released.wait(); }));
  rig_.add("echo", append(""));
  rig_.start();
  rig_.create(one_stage("blocks", 4));
  ASSERT_TRUE(rig_.put("in", numbered(4)).ok());
  ASSERT_TRUE(eventually([&] { return status().busy == 4; }));
  rig_.create(model::PipelineSpec{.name = "other",
                                  .queues = {{"other", {}}},
                                  .stages = {{.name = "s", .input = "other", .output = "", .handler = "echo", .workers = 1}}});
  ASSERT_TRUE(rig_.put("other", numbered(100)).ok());
  EXPECT_TRUE(rig_.join("other").ok());
  EXPECT_EQ(rig_.view("in").leased, 4U) << "the others finished while these were blocked";
  release.set_value();
  EXPECT_TRUE(rig_.join("in").ok());
}

TEST_F(StagesTest, ARestartedServerGoesOnWithItsStages) {
  const auto store = std::make_shared<journal::MemoryStore>();
  base::SystemClock clock;
  const auto gate = std::make_shared<Gate>();
  {
    journal::MemoryJournal journal(store);
    Rig before(clock, journal);
    before.add("gate", gate);
    before.start();
    before.create(one_stage("gate", 1));
    ASSERT_TRUE(before.put("in", numbered(3)).ok());
    ASSERT_TRUE(gate->wait_for_entered(1));
  }
  gate->open();
  journal::MemoryJournal journal(store);
  Rig after(clock, journal);
  after.add("gate", gate);
  after.start();
  after.close("in");
  ASSERT_TRUE(after.join_pipeline("p").ok());
  const GetAnswer done = after.get("out", 5);
  ASSERT_EQ(done.items.size(), 3U);
  EXPECT_EQ(after.view("in").counters.failed, 0U) << "what the stop took back was no attempt";
}

}  // namespace
}  // namespace sluice::runtime
