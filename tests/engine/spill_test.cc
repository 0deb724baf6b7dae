// Bodies beyond the budget, which only the journal has.
#include "tests/engine/engine_fixture.h"

namespace sluice::engine::testing {
namespace {

constexpr std::size_t kBudget = 10;

class SpillTest : public EngineTest {
 protected:
  SpillTest() : EngineTest({.payload_memory_bytes = kBudget}) { create("q"); }

  // The payloads in memory, "-" for those that are not.
  std::vector<std::string> in_memory(std::string_view queue) {
    std::vector<std::string> seen;
    for (const PeekedItem& item : peek_items(queue)) seen.push_back(item.body ? item.body->payload : "-");
    return seen;
  }
  std::vector<std::string> recorded() const {
    std::vector<std::string> payloads;
    for (const auto& [id, item] : store().items()) payloads.push_back(item.body->payload);
    return payloads;
  }
};

TEST_F(SpillTest, WhatIsPutBeyondTheBudgetIsOnlyRecorded) {
  put("q", {"aaaa", "bbbb", "cccc", "dd"});
  EXPECT_THAT(in_memory("q"), ElementsAre("aaaa", "bbbb", "-", "dd"));
  EXPECT_EQ(engine().resident_bytes(), kBudget);
  EXPECT_EQ(view("q").bytes, 14U) << "all count";
  EXPECT_THAT(recorded(), ElementsAre("aaaa", "bbbb", "cccc", "dd"));
}

TEST_F(SpillTest, ADeliverySaysByItsIdWhatIsMissing) {
  put("q", {"aaaaaaaaaa", "b"});
  const auto items = get("q", 2).get().items;
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[0].body->payload, "aaaaaaaaaa");
  EXPECT_EQ(items[1].body, nullptr);
  EXPECT_EQ(store().items().at(items[1].item).body->payload, "b");
}

TEST_F(SpillTest, WhatEndsMakesRoom) {
  put("q", {"aaaaaaaaaa", "b", "c"});
  complete("q", take("q").lease);
  EXPECT_EQ(engine().resident_bytes(), 0U);
  put("q", {"d"});
  EXPECT_THAT(in_memory("q"), ElementsAre("-", "-", "d"));
  EXPECT_TRUE(purge("q").ok());
  EXPECT_EQ(engine().resident_bytes(), 0U);
  EXPECT_EQ(view("q").bytes, 0U);
  EXPECT_THAT(store().items(), IsEmpty());
}

TEST_F(SpillTest, AnItemThatComesBackStaysWhereItsBodyIs) {
  put("q", {"aaaaaaaaaa", "b"});
  take("q");
  const auto lease = get("q").get().items.front().lease;
  EXPECT_EQ(fail("q", lease, {.retry_delay = 0s}), "OK");
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa", "b"));
  restart();
  EXPECT_THAT(in_memory("q"), ElementsAre("aaaaaaaaaa", "-"));
}

TEST_F(SpillTest, HandOffsCountWhatTheyFree) {
  create("next");
  put("q", {"aaaaaaaaaa", "bbbb"});
  take("q");
  const auto lease = get("q").get().items.front().lease;
  complete("q", lease, {{"next", "cc"}});
  EXPECT_THAT(in_memory("next"), ElementsAre("-"));
  EXPECT_EQ(view("q").bytes, 10U);
  EXPECT_EQ(view("next").bytes, 2U);
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa", "cc"));
}

TEST_F(SpillTest, ARestoreKeepsTheBudget) {
  put("q", {"aaaa", "bbbb", "cccc", "dddd"});
  restart();
  EXPECT_THAT(in_memory("q"), ElementsAre("aaaa", "bbbb", "-", "-"));
  EXPECT_EQ(engine().resident_bytes(), 8U);
  EXPECT_EQ(view("q").bytes, 16U);
}

TEST_F(SpillTest, ALeaseIsKnownUntilItEnds) {
  put("q", {"a"});
  const auto lease = take("q").lease;
  EXPECT_TRUE(engine().is_leased(lease));
  complete("q", lease);
  EXPECT_FALSE(engine().is_leased(lease));
}

// A deep queue leaves room for those that are shallow and fast.
class SpillOfManyTest : public EngineTest {
 protected:
  SpillOfManyTest() : EngineTest({.payload_memory_bytes = 900}) {}
  std::size_t resident(const std::string& queue) {
    std::size_t count = 0;
    for (const PeekedItem& item : peek_items(queue)) count += item.body ? 1 : 0;
    return count;
  }
};

TEST_F(SpillOfManyTest, OneQueueDoesNotTakeAllOfTheBudget) {
  create("deep", {.capacity = 0});
  create("fast");
  put("deep", std::vector<std::string>(200, std::string(10, 'd')));
  EXPECT_EQ(resident("deep"), 80U);
  for (int i = 0; i < 5; ++i) {
    put("fast", {std::string(10, 'f')});
    EXPECT_EQ(resident("fast"), 1U);
    complete("fast", take("fast").lease);
  }
  put("deep", {std::string(10, 'd')});
  EXPECT_EQ(resident("deep"), 80U);
}

TEST_F(SpillOfManyTest, TheBudgetHoldsForAllTogether) {
  for (char name = 'a'; name <= 'z'; ++name) {
    create(std::string(1, name), {.capacity = 0});
    put(std::string(1, name), std::vector<std::string>(30, std::string(10, name)));
    EXPECT_LE(engine().resident_bytes(), 900U);
  }
  EXPECT_EQ(engine().bytes(), 26U * 300);
}

TEST_F(SpillTest, MemoryQueuesAreAlwaysInMemory) {
  create("fast", {.durability = model::Durability::kMemory});
  put("q", {"aaaaaaaaaa"});
  put("fast", {"bbbb", "cccc"});
  EXPECT_THAT(in_memory("fast"), ElementsAre("bbbb", "cccc"));
  EXPECT_EQ(engine().resident_bytes(), 18U);
}

TEST_F(SpillTest, DeadLettersTakeTheirBodiesAlong) {
  create("once", {.max_attempts = 1});
  put("once", {"aaaaaaaaaa", "b"});
  take("once");
  fail("once", get("once").get().items.front().lease);
  EXPECT_THAT(in_memory("once.dead"), ElementsAre("-"));
  EXPECT_EQ(view("once.dead").bytes, 1U);
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa", "b"));
}

// The body is nowhere else: the item stays recorded, although its queue is not kept.
class SpilledIntoMemoryTest : public SpillTest {
 protected:
  SpilledIntoMemoryTest() {
    create("fast", {.max_attempts = 1, .durability = model::Durability::kMemory});
    create("strict", {.max_attempts = 1, .dead_letter_queue = "fast"});
    put("q", {"aaaaaaaaaa"});
    put("strict", {"b"});
    fail("strict", get("strict").get().items.front().lease);
    EXPECT_THAT(in_memory("fast"), ElementsAre("-"));
  }
};

TEST_F(SpilledIntoMemoryTest, ItsDeliveryWaitsForTheJournal) {
  Effects effects;
  effects.turn = 1'000;
  TestCaller& consumer = new_caller("consumer");
  engine().get(now(), {.queue = "fast"}, consumer, effects);
  EXPECT_EQ(effects.depends_on, kAllRecords) << "other deliveries of MEMORY queues wait for nothing";
  carry_out(effects);
}

TEST_F(SpilledIntoMemoryTest, ItIsReadFromTheJournalUntilItEnds) {
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa", "b"));
  complete("fast", get("fast").get().items.front().lease);
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa"));
}

TEST_F(SpilledIntoMemoryTest, ARestartLosesItAllTheSame) {
  restart();
  EXPECT_EQ(view("fast").unfinished(), 0U);
  EXPECT_EQ(view("fast").counters, model::QueueCounters{});
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa"));
}

TEST_F(SpilledIntoMemoryTest, ItsOwnDeadLetterIsKeptAgain) {
  fail("fast", get("fast").get().items.front().lease);
  restart();
  EXPECT_EQ(view("fast.dead").waiting, 1U);
  EXPECT_THAT(recorded(), ElementsAre("aaaaaaaaaa", "b"));
}

}  // namespace
}  // namespace sluice::engine::testing
