// The conformance suite, continued: limits, schedules, and what few items and queues have.
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "tests/journal/conformance.h"

namespace sluice::journal {
namespace {

using namespace std::chrono_literals;
using model::ItemId;
using model::QueueId;
using model::Record;

constexpr QueueId kQueue{1};
constexpr base::Time kTime{base::Duration(1'700'000'000'123'456)};

model::BodyPtr body(std::string payload) {
  return std::make_shared<model::Body>(model::Body{std::move(payload), {{"colour", "blue"}}});
}

template <class Kind>
std::vector<Kind> all_of(const std::vector<Record>& records) {
  std::vector<Kind> found;
  for (const Record& record : records) {
    if (const auto* one = std::get_if<Kind>(&record)) found.push_back(*one);
  }
  return found;
}

model::ScheduleRecord nightly() {
  model::ScheduleRecord record;
  record.spec = {.name = "nightly",
                 .queue = "tasks",
                 .cron = "30 2 * * *",
                 .time_zone = "Europe/Berlin",
                 .body = body(std::string("rep\0ort", 7)),
                 .priority = -3,
                 .catch_up = 1'000};
  record.state = {.paused = true,
                  .create_time = kTime,
                  .next = kTime + 1h,
                  .waiting = {kTime - 2h, kTime - 1h},
                  .counters = {.put = 1, .skipped = 1ULL << 40, .refused = 3},
                  .last_tick = kTime - 3h,
                  .last_error = "queue \"tasks\" is closed"};
  return record;
}

void expect_same(const model::ScheduleRecord& read, const model::ScheduleRecord& written) {
  EXPECT_EQ(read.spec.name, written.spec.name);
  EXPECT_EQ(read.spec.queue, written.spec.queue);
  EXPECT_EQ(read.spec.cron, written.spec.cron);
  EXPECT_EQ(read.spec.time_zone, written.spec.time_zone);
  EXPECT_EQ(read.spec.every, written.spec.every);
  EXPECT_EQ(read.spec.priority, written.spec.priority);
  EXPECT_EQ(read.spec.catch_up, written.spec.catch_up);
  ASSERT_TRUE(read.spec.body);
  EXPECT_EQ(*read.spec.body, *written.spec.body);
  EXPECT_EQ(read.state, written.state);
}

}  // namespace

TEST_P(JournalConformance, EveryFieldOfLimitsAndSchedulesComesBack) {
  const model::LimitRecord connections{{.name = "connections", .max_at_once = 3}};
  const model::LimitRecord mails{{.name = "mails", .max_at_once = 1'000'000, .per_second = 0.125, .burst = 20}};
  model::ScheduleRecord often{.spec = {.name = "often", .queue = "tasks", .every = 1500us, .body = body("")}};
  often.state.next = kTime;
  write({mails, nightly(), connections, often});
  const std::vector<Record> records = stored();
  EXPECT_EQ(all_of<model::LimitRecord>(records), (std::vector{connections, mails}));
  const auto schedules = all_of<model::ScheduleRecord>(records);
  ASSERT_EQ(schedules.size(), 2U);
  expect_same(schedules[0], nightly());
  expect_same(schedules[1], often);
}

TEST_P(JournalConformance, LimitsAndSchedulesAreReplacedAndErased) {
  model::ScheduleRecord other = nightly();
  other.spec.name = "other";
  write({model::LimitRecord{{.name = "a", .max_at_once = 1}}, model::LimitRecord{{.name = "b", .max_at_once = 2}}, nightly(),
         other});
  model::ScheduleRecord later = nightly();
  later.spec.body = body("another");
  later.state.waiting.clear();
  later.state.counters.put = 7;
  write({model::LimitRecord{{.name = "a", .per_second = 5.0}}, model::LimitErased{"b"}, later, model::ScheduleErased{"other"}});
  const std::vector<Record> records = stored();
  EXPECT_EQ(all_of<model::LimitRecord>(records), (std::vector{model::LimitRecord{{.name = "a", .per_second = 5.0}}}));
  const auto schedules = all_of<model::ScheduleRecord>(records);
  ASSERT_EQ(schedules.size(), 1U);
  expect_same(schedules[0], later);
  write({model::LimitErased{"a"}, model::ScheduleErased{"nightly"}, model::LimitErased{"none"}, model::ScheduleErased{"none"}});
  EXPECT_TRUE(stored().empty());
}

TEST_P(JournalConformance, ALimitAndAScheduleWrittenAndErasedInOneAppendAreGone) {
  write({model::LimitRecord{{.name = "a", .max_at_once = 1}}, nightly(), model::LimitErased{"a"},
         model::ScheduleErased{"nightly"}});
  EXPECT_TRUE(stored().empty());
}

// A schedule names its queue, and does not belong to it.
TEST_P(JournalConformance, ErasingAQueueLeavesItsSchedules) {
  write({model::QueueRecord{.id = kQueue, .name = "tasks"}, nightly()});
  write({model::QueueErased{kQueue}});
  EXPECT_EQ(all_of<model::ScheduleRecord>(stored()).size(), 1U);
}

TEST_P(JournalConformance, WhatFewItemsHaveComesBackAndOutlivesChanges) {
  const model::ItemOptions all{.not_before = kTime,
                               .time_to_live = 5min,
                               .expires = kTime + 5min,
                               .dedup_key = std::string("odd\0key", 7),
                               .dedup_window = 2h,
                               .unique_key = "customer-9",
                               .order_key = "account-3",
                               .dead_from = "mails"};
  model::ItemRecord item{.id = ItemId{7}, .queue = kQueue, .attempt = 5, .lost = 2, .put_time = kTime, .body = body("x")};
  item.options = std::make_shared<const model::ItemOptions>(all);
  item.job = model::JobId{7};
  write({model::QueueRecord{.id = kQueue, .name = "tasks"}, item});
  item.body = nullptr;
  item.lost = 3;
  write({item});
  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), 1U);
  ASSERT_TRUE(items[0].options);
  model::ItemOptions expected = all;
  // Until then it is delayed; what is due is kept with its state.
  expected.not_before = items[0].options->not_before;
  EXPECT_EQ(*items[0].options, expected);
  EXPECT_EQ(items[0].attempt, 5U);
  EXPECT_EQ(items[0].lost, 3U);
  EXPECT_EQ(items[0].job, model::JobId{7});
  ASSERT_TRUE(items[0].body);
  EXPECT_EQ(*items[0].body, *body("x"));
}

TEST_P(JournalConformance, SettingsOfTimesAndRetriesAndTheNewerCountersComeBack) {
  model::QueueRecord tasks{.id = kQueue, .name = "tasks"};
  tasks.settings.time_to_live = 3h;
  tasks.settings.dead_letter_expired = true;
  tasks.settings.dedup_window = 4min;
  tasks.settings.retry.max_lost_attempts = 4;
  tasks.settings.retry.final_exit_codes = {0, 2, 255};
  const model::CountersRecord counters{.queue = kQueue,
                                       .counters = {.cancelled = 11, .expired = 12, .redriven = 13, .duplicates = 1ULL << 62}};
  const model::RequestRecord request{.queue = kQueue,
                                     .key = "put/1",
                                     .expires = kTime,
                                     .count = 3,
                                     .ids = {ItemId{9}, ItemId{2}, ItemId{5}},
                                     .position = 1ULL << 62};
  write({tasks, counters, request});
  const std::vector<Record> records = stored();
  EXPECT_EQ(all_of<model::QueueRecord>(records), std::vector{tasks});
  EXPECT_EQ(all_of<model::CountersRecord>(records), std::vector{counters});
  EXPECT_EQ(all_of<model::RequestRecord>(records), std::vector{request});
  tasks.settings.retry.final_exit_codes.clear();
  tasks.settings.time_to_live = {};
  write({tasks});
  EXPECT_EQ(all_of<model::QueueRecord>(stored()), std::vector{tasks}) << "what is not there any more is gone";
}

}  // namespace sluice::journal
