// Payloads that are read back from the journal when they are handed out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "server/base/errors.h"
#include "server/base/limits.h"
#include "server/journal/lmdb.h"
#include "tests/runtime/fake_handlers.h"
#include "tests/runtime/rig.h"
#include "tests/support/held_journal.h"
#include "tests/support/temp_dir.h"

namespace sluice::runtime {
namespace {

using base::Reason;
using engine::GetAnswer;
using support::RecordedCaller;
using testing::ElementsAre;

constexpr std::size_t kBudget = 100;

std::vector<std::string> payloads_of(const GetAnswer& answer) {
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  std::vector<std::string> payloads;
  for (const auto& item : answer.items) payloads.push_back(item.body->payload);
  return payloads;
}

std::uint64_t resident_bytes(Rig& rig) { return rig->payload_use().resident; }

struct Shown {
  std::vector<std::string> payloads;
  bool more = false;
};

// What a peek through the runtime shows, once everything is committed.
absl::StatusOr<Shown> peek(Rig& rig, const std::string& queue, std::size_t limit = 100) {
  std::promise<absl::StatusOr<Shown>> shown;
  rig->peek(queue, std::nullopt, 0, limit, [&](const absl::StatusOr<PeekedPage>& page) {
    if (!page.ok()) return shown.set_value(page.status());
    Shown seen{.payloads = {}, .more = page->more};
    for (const auto& item : page->items) seen.payloads.push_back(item.body->payload);
    shown.set_value(std::move(seen));
  });
  return shown.get_future().get();
}

class SpillTest : public testing::Test {
 protected:
  void start() {
    rig_.start(nullptr, {.payload_memory_bytes = kBudget});
    rig_.create("tasks");
    journal_.commit_all();
  }
  void put(const std::vector<std::string>& payloads) {
    RecordedCaller producer;
    rig_.begin_put(producer, "tasks", payloads);
    journal_.commit_all();
    EXPECT_TRUE(producer.next<engine::PutAnswer>().status.ok());
  }

  base::SystemClock clock_;
  support::HeldJournal journal_{std::make_shared<journal::MemoryStore>()};
  Rig rig_{clock_, journal_};
  const std::string large_ = std::string(kBudget, 'x');
};

TEST_F(SpillTest, WhoGetsAnItemGetsItsPayload) {
  start();
  put({large_, "second", "third"});
  EXPECT_EQ(resident_bytes(rig_), kBudget);
  RecordedCaller consumer;
  rig_.begin_get(consumer, "tasks", 3);
  EXPECT_EQ(consumer.waiting(), 0U);
  journal_.commit_all();
  EXPECT_THAT(payloads_of(consumer.next<GetAnswer>()), ElementsAre(large_, "second", "third"));
}

TEST_F(SpillTest, WhoWaitedForTheItemGetsItToo) {
  start();
  put({large_});
  RecordedCaller consumer;
  rig_.begin_get(consumer, "tasks", 1);
  journal_.commit_all();
  consumer.next<GetAnswer>();
  rig_.begin_get(consumer, "tasks", 1);
  put({"waited for"});
  EXPECT_THAT(payloads_of(consumer.next<GetAnswer>()), ElementsAre("waited for"));
}

TEST_F(SpillTest, WhoLooksSeesThePayloads) {
  start();
  put({large_, "second"});
  const auto shown = peek(rig_, "tasks");
  ASSERT_TRUE(shown.ok());
  EXPECT_THAT(shown->payloads, ElementsAre(large_, "second"));
  EXPECT_FALSE(shown->more);
  EXPECT_TRUE(base::is(peek(rig_, "nothing").status(), Reason::kQueueNotFound));
}

TEST_F(SpillTest, ALookReadsNoMoreThanAnAnswerMayHold) {
  start();
  put({large_, std::string(limits::kMaxPayloadBytes, 'a')});
  for (std::size_t bytes = 0; bytes <= limits::kMaxGetBytes; bytes += limits::kMaxPayloadBytes) {
    put({std::string(limits::kMaxPayloadBytes, 'b')});
  }
  const auto shown = peek(rig_, "tasks");
  ASSERT_TRUE(shown.ok());
  EXPECT_TRUE(shown->more);
  EXPECT_EQ(shown->payloads.size(), 2 + limits::kMaxGetBytes / limits::kMaxPayloadBytes);
  EXPECT_TRUE(peek(rig_, "tasks", 1)->more);
}

TEST_F(SpillTest, WhatIsSpilledAndReadIsCounted) {
  start();
  put({large_, "second", "third"});
  EXPECT_EQ(rig_->payload_use().spilled, 11U);
  EXPECT_EQ(rig_->payload_use().reads.items, 0U);
  RecordedCaller consumer;
  rig_.begin_get(consumer, "tasks", 2);
  journal_.commit_all();
  EXPECT_EQ(consumer.next<GetAnswer>().items.size(), 2U);
  EXPECT_EQ(rig_->payload_use().reads.items, 1U);
  EXPECT_EQ(rig_->payload_use().reads.bytes, 6U);
}

// Whoever lacks nothing does not wait for those whose bodies must be read.
TEST_F(SpillTest, WhoLacksNothingIsToldOnTheThreadThatCommits) {
  start();
  put({large_});
  RecordedCaller consumer;
  rig_.begin_get(consumer, "tasks");
  journal_.commit_all();
  EXPECT_EQ(consumer.waiting(), 1U);
}

TEST_F(SpillTest, AnItemThatEndedBeforeItsDeliveryLeftIsLeftOut) {
  start();
  rig_.create("doomed");
  put({large_});
  RecordedCaller producer;
  rig_.begin_put(producer, "doomed", {"gone"});
  RecordedCaller consumer;
  rig_.begin_get(consumer, "doomed", 1);
  EXPECT_TRUE(rig_.now([](auto& engine, auto time, auto& out) { return engine.delete_queue(time, "doomed", true, out); }).ok());
  // All of it in one commit: the item was never in the store.
  journal_.commit_all();
  const auto answer = consumer.next<GetAnswer>();
  EXPECT_TRUE(answer.status.ok());
  EXPECT_TRUE(answer.items.empty());
}

TEST(SpillInAPipeline, StagesWorkOnWhatWasReadBack) {
  base::SystemClock clock;
  journal::MemoryJournal journal(std::make_shared<journal::MemoryStore>());
  Rig rig(clock, journal);
  rig.add("append", append("!"));
  rig.start(nullptr, {.payload_memory_bytes = 4});
  rig.create({.name = "p",
              .queues = {},
              .stages = {{.name = "s", .input = "in", .output = "out", .handler = "append", .workers = 1}}});
  EXPECT_TRUE(rig.put("in", {"four", "a", "b", "c"}).ok());
  rig.close("in");
  EXPECT_TRUE(rig.join_pipeline("p").ok());
  EXPECT_THAT(payloads_of(rig.get("out", 10)), ElementsAre("four!", "a!", "b!", "c!"));
}

TEST(SpillWithoutAStore, EverythingStaysInMemory) {
  Rig rig;
  rig.start(nullptr, {.payload_memory_bytes = kBudget});
  rig.create("tasks");
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(rig.put("tasks", {std::string(kBudget, 'x')}).ok());
  EXPECT_EQ(resident_bytes(rig), 10 * kBudget);
  EXPECT_EQ(rig.get("tasks", 10).items.size(), 10U);
}

// Cannot read what it has, or has lost it.
class Unreadable final : public journal::Journal {
 public:
  explicit Unreadable(bool scratched) : scratched_(scratched) {}
  absl::Status load(const std::function<void(model::Record&&)>& /*each*/) override { return absl::OkStatus(); }
  absl::Status start(OnCommitted on_committed, OnFailed /*on_failed*/) override {
    on_committed_ = std::move(on_committed);
    return absl::OkStatus();
  }
  journal::Position append(std::vector<model::Record>& records) override {
    records.clear();
    on_committed_(++last_);
    return last_;
  }
  [[nodiscard]] bool keeps_bodies() const override { return true; }
  absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const std::vector<model::ItemId>& ids) const override {
    if (scratched_) return absl::DataLossError("scratched");
    return std::vector<model::BodyPtr>(ids.size());
  }
  void stop() override {}

 private:
  const bool scratched_;
  OnCommitted on_committed_;
  journal::Position last_ = 0;
};

class SpillToADamagedStore : public testing::TestWithParam<std::pair<bool, const char*>> {};

TEST_P(SpillToADamagedStore, IsAFailureOfTheStore) {
  const auto& [scratched, message] = GetParam();
  base::SystemClock clock;
  Unreadable journal(scratched);
  Rig rig(clock, journal);
  std::promise<absl::Status> failed;
  rig.start([&failed](const absl::Status& status) { failed.set_value(status); }, {.payload_memory_bytes = kBudget});
  rig.create("tasks");
  EXPECT_TRUE(rig.put("tasks", {std::string(kBudget, 'x'), "lost"}).ok());
  const auto answer = rig.get("tasks", 2);
  EXPECT_TRUE(base::is(answer.status, Reason::kStoreFailed));
  EXPECT_THAT(std::string(answer.status.message()), testing::HasSubstr(message));
  EXPECT_EQ(failed.get_future().get().code(), absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(EachWay, SpillToADamagedStore,
                         testing::Values(std::pair(true, "scratched"), std::pair(false, "has no payload of item")));

// The real store, with many times the budget.
class SpillToDisk : public testing::Test {
 protected:
  static constexpr int kItems = 2'000;
  static constexpr std::size_t kPayload = 1'000;
  static constexpr std::size_t kSmall = 20 * kPayload;

  static std::string payload(int number) {
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i < kPayload; ++i)
      text.push_back(static_cast<char>((i * 7 + static_cast<std::size_t>(number)) & 0xff));
    return text;
  }

  // A server's life; the one before must have ended.
  void live() {
    rig_.reset();
    journal_.reset();
    auto opened = journal::LmdbJournal::open({.directory = directory_.path(), .max_bytes = 64U << 20});
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
    rig_.emplace(clock_, *journal_);
    rig_->start(nullptr, {.payload_memory_bytes = kSmall});
    EXPECT_LE(resident_bytes(*rig_), kSmall);
  }
  void fill() {
    for (int i = 0; i < kItems; i += 100) {
      std::vector<std::string> payloads;
      for (int j = i; j < i + 100; ++j) payloads.push_back(payload(j));
      ASSERT_TRUE(rig_->put("tasks", payloads).ok());
      EXPECT_LE(resident_bytes(*rig_), kSmall);
    }
  }
  // Takes and completes, from item number `first` to before `last`.
  void drain(int first, int last) {
    while (first < last) {
      const GetAnswer answer = rig_->get("tasks", 50);
      ASSERT_TRUE(answer.status.ok()) << answer.status;
      for (const auto& item : answer.items) {
        ASSERT_EQ(item.body->payload, payload(first)) << "item " << first;
        ++first;
        ASSERT_TRUE(rig_->complete("tasks", item.lease).ok());
      }
    }
  }

  test::TempDir directory_;
  base::SystemClock clock_;
  std::unique_ptr<journal::LmdbJournal> journal_;
  std::optional<Rig> rig_;
};

TEST_F(SpillToDisk, ManyTimesTheBudgetComesBackInOrderAndWhole) {
  live();
  rig_->create("tasks");
  fill();
  drain(0, 500);
  live();
  drain(500, 1'000);
  (*rig_)->stop();
  live();
  drain(1'000, kItems);
  EXPECT_TRUE(rig_->join("tasks").ok());
  EXPECT_EQ(resident_bytes(*rig_), 0U);
}

}  // namespace
}  // namespace sluice::runtime
