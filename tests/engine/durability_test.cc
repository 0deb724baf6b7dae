// Queues of MEMORY durability: what of them is recorded, what their answers depend on, and the hand-offs between them and
// others.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

constexpr Settings kMemory{.durability = model::Durability::kMemory};

class DurabilityTest : public EngineTest {
 protected:
  DurabilityTest() {
    create("kept");
    create("fast", kMemory);
  }
};

TEST_F(DurabilityTest, TheQueueIsRecordedAndNothingInIt) {
  put("fast", {"a", "b"}, {.request_id = "r"});
  put("fast", {"later"}, {.delay = 1h});
  complete("fast", take("fast").lease);
  EXPECT_EQ(fail("fast", take("fast").lease, {.request_id = "f"}), "OK");
  EXPECT_THAT(store().items(), IsEmpty());
  EXPECT_THAT(store().counters(), IsEmpty());
  EXPECT_THAT(store().requests(), IsEmpty());
  EXPECT_EQ(store().queue("fast")->settings.durability, model::Durability::kMemory);
}

TEST_F(DurabilityTest, ARestartLeavesTheQueueEmpty) {
  put("fast", {"a", "b"}, {.request_id = "r"});
  complete("fast", take("fast").lease);
  pause("fast");
  close("fast");
  restart();
  const QueueView view_after = view("fast");
  EXPECT_EQ(view_after.unfinished(), 0U);
  EXPECT_EQ(view_after.counters, model::QueueCounters{});
  EXPECT_EQ(view_after.settings.durability, model::Durability::kMemory);
  EXPECT_EQ(view_after.state, model::QueueState::kClosed);
  EXPECT_TRUE(view_after.paused);
  EXPECT_EQ(join("fast").outcome(), "done");
}

TEST_F(DurabilityTest, ARequestIsNotRememberedLongerThanItsItem) {
  put("fast", {"a"}, {.request_id = "r"});
  EXPECT_EQ(put("fast", {"a"}, {.request_id = "r"}).outcome(), "ok");
  EXPECT_EQ(view("fast").waiting, 1U);
  restart();
  put("fast", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("fast").waiting, 1U);
  pass(limits::kRequestIdWindow + 1s);
  EXPECT_THAT(store().requests(), IsEmpty());
}

TEST_F(DurabilityTest, HandedIntoMemoryAnItemIsRecordedNoMore) {
  put("kept", {"a"});
  EXPECT_THAT(store().items(), SizeIs(1));
  EXPECT_EQ(complete("kept", take("kept").lease, {{"fast", "b"}}).outcome(), "ok");
  EXPECT_THAT(peek("fast"), ElementsAre("b"));
  EXPECT_THAT(store().items(), IsEmpty());
  restart();
  EXPECT_EQ(view("kept").unfinished(), 0U);
  EXPECT_EQ(view("kept").counters.done, 1U);
  EXPECT_EQ(view("fast").unfinished(), 0U);
}

TEST_F(DurabilityTest, HandedOutOfMemoryAnItemIsRecorded) {
  put("fast", {"a"});
  EXPECT_EQ(complete("fast", take("fast").lease, {{"kept", "b"}, {"fast", "c"}}).outcome(), "ok");
  restart();
  EXPECT_THAT(peek("kept"), ElementsAre("b"));
  EXPECT_EQ(view("fast").unfinished(), 0U);
}

TEST_F(DurabilityTest, ACompletionThatWaitedForRoomIsRecordedWhenItHappens) {
  create("narrow", {.capacity = 1, .durability = model::Durability::kMemory});
  put("narrow", {"first"});
  put("kept", {"a"});
  const auto& completion = complete("kept", take("kept").lease, {{"narrow", "b"}}, {.wait = kForever});
  EXPECT_THAT(store().items(), SizeIs(1));
  take("narrow");
  EXPECT_EQ(completion.outcome(), "ok");
  EXPECT_THAT(store().items(), IsEmpty());
}

TEST_F(DurabilityTest, DeadLettersOfAMemoryQueueAreKept) {
  create("shaky", {.max_attempts = 1, .durability = model::Durability::kMemory});
  put("shaky", {"dead"});
  fail("shaky", take("shaky").lease, {.message = "no good"});
  restart();
  EXPECT_THAT(peek("shaky.dead"), ElementsAre("dead"));
  EXPECT_EQ(peek_items("shaky.dead").front().last_failure->message, "no good");
  EXPECT_EQ(view("shaky.dead").settings.durability, model::Durability::kSync);
}

TEST_F(DurabilityTest, DeadLettersInAMemoryQueueAreNot) {
  create("strict", {.max_attempts = 1, .dead_letter_queue = "fast"});
  create("both", {.max_attempts = 1, .dead_letter_queue = "fast", .durability = model::Durability::kMemory});
  put("strict", {"a"});
  put("both", {"b"});
  fail("strict", take("strict").lease);
  fail("both", take("both").lease);
  EXPECT_THAT(peek("fast"), ElementsAre("a", "b"));
  EXPECT_THAT(store().items(), IsEmpty());
  restart();
  EXPECT_EQ(view("fast").unfinished(), 0U);
  EXPECT_EQ(view("strict").counters.dead_lettered, 1U);
}

TEST_F(DurabilityTest, IsChangedOnlyWhileNothingIsUnfinished) {
  put("fast", {"a"});
  put("kept", {"a"});
  EXPECT_EQ(update("fast", {.durability = model::Durability::kSync}), "QUEUE_NOT_EMPTY");
  EXPECT_EQ(update("kept", kMemory), "QUEUE_NOT_EMPTY");
  EXPECT_EQ(update("fast", {.capacity = 7, .durability = model::Durability::kMemory}), "OK") << "that is no change of it";
  const auto lease = take("kept").lease;
  EXPECT_EQ(update("kept", kMemory), "QUEUE_NOT_EMPTY");
  complete("kept", lease);
  EXPECT_EQ(update("kept", kMemory), "OK");
  put("kept", {"b"});
  EXPECT_THAT(store().items(), IsEmpty());
}

TEST_F(DurabilityTest, AfterTheChangeToMemoryNothingOfBeforeComesBack) {
  put("kept", {"a"}, {.request_id = "r"});
  complete("kept", take("kept").lease);
  ASSERT_EQ(update("kept", kMemory), "OK");
  EXPECT_EQ(view("kept").counters.put, 1U);
  EXPECT_THAT(store().requests(), IsEmpty());
  put("kept", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("kept").unfinished(), 0U) << "until then the request is remembered";
  restart();
  EXPECT_EQ(view("kept").counters, model::QueueCounters{});
  pass(limits::kRequestIdWindow + 1s);
}

TEST_F(DurabilityTest, AfterTheChangeToSyncEverythingIsRecorded) {
  put("fast", {"a"}, {.request_id = "r"});
  complete("fast", take("fast").lease);
  ASSERT_EQ(update("fast", {.durability = model::Durability::kSync}), "OK");
  restart();
  EXPECT_EQ(view("fast").counters.done, 1U);
  EXPECT_EQ(view("fast").idle_count, 1U);
  put("fast", {"a"}, {.request_id = "r"});
  EXPECT_EQ(view("fast").unfinished(), 0U) << "the request is remembered";
  put("fast", {"b"});
  restart();
  EXPECT_THAT(peek("fast"), ElementsAre("b"));
}

TEST_F(DurabilityTest, AFullStoreDoesNotHoldUpMemory) {
  engine().set_store_full(true);
  EXPECT_EQ(put("kept", {"a"}).outcome(), "STORAGE_FULL");
  EXPECT_EQ(put("fast", {"a"}).outcome(), "ok");
}

TEST_F(DurabilityTest, DeletingOneLeavesNothingBehind) {
  put("fast", {"a"});
  EXPECT_TRUE(remove("fast", true).ok());
  EXPECT_EQ(store().queue("fast"), nullptr);
}

// What answers depend on, in turns.
class DependenceTest : public EngineTest {
 protected:
  DependenceTest() {
    turn([&] { return engine().create_queue(now(), {"kept", {}}, false, effects_); });
    const Settings wide{.capacity = 0, .durability = model::Durability::kMemory};
    turn([&] { return engine().create_queue(now(), {"fast", wide.patch()}, false, effects_); });
    turn([&] { return engine().create_queue(now(), {"other", kMemory.patch()}, false, effects_); });
    next_turn_ = 10;
  }

  // What the turn's answers depend on; with records of its own, that turn.
  template <class Command>
  std::uint64_t turn(Command command) {
    effects_.clear();
    effects_.turn = next_turn_;
    if constexpr (std::is_void_v<decltype(command())>) {
      command();
    } else {
      EXPECT_TRUE(command().ok());
    }
    const std::uint64_t depends_on = effects_.depends_on.value_or(kAllRecords);
    const bool recorded = !effects_.records.empty();
    carry_out(effects_);
    return recorded ? next_turn_++ : depends_on;
  }
  std::uint64_t put_turn(const std::string& queue) {
    return turn([&] {
      PutCommand command{.queue = queue};
      command.items.push_back({.body = std::make_shared<model::Body>(model::Body{"x", {}})});
      engine().put(now(), std::move(command), new_caller("put"), effects_);
    });
  }
  std::uint64_t get_turn(const std::string& queue) {
    taken_ = &new_caller("get");
    return turn([&] { engine().get(now(), {.queue = queue}, *taken_, effects_); });
  }
  std::uint64_t complete_turn(const std::string& queue, const std::string& output = {}) {
    return turn([&] {
      CompleteCommand command{.queue = queue, .lease = taken_->get().items.front().lease};
      if (!output.empty()) {
        command.outputs.push_back({output, {.body = std::make_shared<model::Body>(model::Body{"y", {}})}});
      }
      engine().complete(now(), std::move(command), new_caller("complete"), effects_);
    });
  }

  Effects effects_;
  std::uint64_t next_turn_ = 1;
  TestCaller* taken_ = nullptr;  // of the last get
};

TEST_F(DependenceTest, MemoryDependsOnItsQueueAlone) {
  EXPECT_EQ(put_turn("kept"), 10U);
  EXPECT_EQ(put_turn("fast"), 2U) << "the turn in which the queue was created";
  EXPECT_EQ(get_turn("fast"), 2U);
  EXPECT_EQ(complete_turn("fast"), 2U);
  EXPECT_EQ(put_turn("other"), 3U);
}

TEST_F(DependenceTest, ALookDependsOnEverything) {
  EXPECT_EQ(turn([&] { return engine().queue(now(), "fast").status(); }), kAllRecords);
  EXPECT_EQ(turn([&] { engine().get(now(), {.queue = "nowhere"}, new_caller("get"), effects_); }), kAllRecords);
}

TEST_F(DependenceTest, AChangeOfTheQueueIsWaitedFor) {
  EXPECT_EQ(turn([&] { return engine().pause_queue(now(), "fast", effects_); }), 10U);
  EXPECT_EQ(put_turn("fast"), 10U);
  EXPECT_EQ(put_turn("other"), 3U);
}

TEST_F(DependenceTest, WhatWasHandedInIsWaitedFor) {
  put_turn("kept");
  get_turn("kept");
  const std::uint64_t hand_off = complete_turn("kept", "fast");
  EXPECT_EQ(hand_off, 12U);
  put_turn("kept");
  EXPECT_EQ(get_turn("fast"), hand_off) << "a crash would bring back the item that it was made of";
  EXPECT_EQ(put_turn("other"), 3U);
}

TEST_F(DependenceTest, WhatIsHandedOutIsRecorded) {
  put_turn("fast");
  get_turn("fast");
  EXPECT_EQ(complete_turn("fast", "kept"), 10U);
  EXPECT_EQ(put_turn("fast"), 10U);
}

TEST_F(DependenceTest, AWaitingGetIsAnsweredWithItsTurn) {
  auto& waiting = new_caller("waiting");
  turn([&] { engine().get(now(), {.queue = "fast"}, waiting, effects_); });
  EXPECT_EQ(put_turn("fast"), 2U);
  EXPECT_EQ(waiting.outcome(), "ok");
}

TEST_F(DependenceTest, NewNumbersAreWaitedFor) {
  std::uint64_t reserving = 0;
  // A block of ids is set aside ahead, a million of them.
  for (int puts = 0; puts < 20 && reserving < 10; ++puts) {
    reserving = turn([&] {
      PutCommand command{.queue = "fast", .items = {100'000, {.body = std::make_shared<model::Body>()}}};
      engine().put(now(), std::move(command), new_caller("put"), effects_);
    });
    turn([&] { return engine().purge_queue(now(), "fast", effects_).status(); });
  }
  EXPECT_EQ(reserving, 10U);
  EXPECT_EQ(put_turn("other"), reserving);
}

TEST_F(DependenceTest, AJoinOfAPipelineDependsOnAllItsQueues) {
  turn([&] {
    model::PipelineSpec spec{.name = "mixed", .queues = {}, .stages = {}};
    spec.stages.push_back({.name = "first", .input = "kept", .output = "fast", .handler = "h"});
    spec.stages.push_back({.name = "second", .input = "fast", .output = "", .handler = "h"});
    return engine().create_pipeline(now(), spec, effects_);
  });
  put_turn("fast");
  get_turn("fast");
  auto& joiner = new_caller("join");
  turn([&] { engine().join_pipeline(now(), {.name = "mixed"}, joiner, effects_); });
  const std::uint64_t end = complete_turn("fast");
  EXPECT_GE(end, 11U) << "that the pipeline became idle is recorded";
  EXPECT_EQ(joiner.outcome(), "done");
}

TEST_F(DependenceTest, APipelineInMemoryRecordsNothing) {
  turn([&] {
    model::PipelineSpec spec{.name = "quick", .queues = {}, .stages = {}};
    spec.stages.push_back({.name = "only", .input = "fast", .output = "other", .handler = "h"});
    return engine().create_pipeline(now(), spec, effects_);
  });
  auto& joiner = new_caller("join");
  EXPECT_EQ(put_turn("fast"), 10U);
  EXPECT_EQ(get_turn("fast"), 10U);
  turn([&] { engine().join_pipeline(now(), {.name = "quick"}, joiner, effects_); });
  EXPECT_EQ(complete_turn("fast", "other"), 10U);
  EXPECT_EQ(joiner.outcome(), "done");
}

}  // namespace
}  // namespace sluice::engine::testing
