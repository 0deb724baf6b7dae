// Schedules of a server that is killed: no tick twice, none missing.
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/journal/lmdb.h"
#include "sluice/sluice.h"
#include "tests/support/sluiced_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using support::SluicedProcess;

constexpr auto kEvery = 20ms;
constexpr int kKills = 15;
constexpr std::uint64_t kTicksALife = 20;

Time time_of(const std::string& tick) {
  absl::Time time;
  std::string why;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, tick, &time, &why)) << tick << ": " << why;
  return absl::ToChronoTime(time);
}

class SchedulesOfAKilledServer : public testing::Test {
 protected:
  // Of all that is left in the queue, which is closed; how often each came.
  std::map<Time, int> ticks_in(const Queue& queue) {
    queue.close();
    std::map<Time, int> ticks;
    for (auto& item : queue) ++ticks[time_of(item.attribute("sluice-tick"))];
    return ticks;
  }

  // Asks until the answer is yes; false once the patience is over.
  static bool eventually(const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + support::kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // While the server is down: as if it had been killed so much earlier.
  void let_time_pass(base::Duration time) {
    auto journal = journal::LmdbJournal::open({.directory = data_.path()});
    ASSERT_TRUE(journal.ok()) << journal.status();
    std::vector<model::Record> schedules;
    ASSERT_TRUE((*journal)
                    ->load([&](model::Record&& record) {
                      if (std::holds_alternative<model::ScheduleRecord>(record)) schedules.push_back(std::move(record));
                    })
                    .ok());
    for (model::Record& each : schedules) std::get<model::ScheduleRecord>(each).state.next -= time;
    ASSERT_TRUE((*journal)->start([](journal::Position) {}, [](const absl::Status& status) { ADD_FAILURE() << status; }).ok());
    (*journal)->append(schedules);
    (*journal)->stop();
  }

  test::TempDir data_;
  SluicedProcess server_{{.flags = {"--data", data_.path().string(), "--log-format", "json"}}};
  Client client_{server_.address()};
};

TEST_F(SchedulesOfAKilledServer, PutEachTickOnce) {
  const Queue queue = client_.create_queue("q", {.capacity = 0});
  client_.create_schedule({.name = "beat", .queue = "q", .every = kEvery, .catch_up = 1'000});
  std::uint64_t seen = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t enough = seen + kTicksALife;
    ASSERT_TRUE(eventually([&] { return (seen = client_.schedule("beat").put) >= enough; }));
    server_.kill9();
    server_.restart();
  }
  const Schedule last = client_.pause_schedule("beat");
  EXPECT_EQ(last.skipped, 0U);
  EXPECT_EQ(last.refused, 0U);
  const auto ticks = ticks_in(queue);
  EXPECT_EQ(ticks.size(), last.put);
  Time expected = ticks.begin()->first;
  for (const auto& [tick, count] : ticks) {
    EXPECT_EQ(count, 1) << "a tick came twice";
    ASSERT_EQ(tick, expected) << "a tick is missing";
    expected += kEvery;
  }
  ASSERT_TRUE(last.last_tick_time.has_value());
  EXPECT_EQ(*last.last_tick_time, ticks.rbegin()->first);
}

// A tick that waits for room when the server is killed waits on; each is put once or counted as skipped.
TEST_F(SchedulesOfAKilledServer, AccountForEachTickOfAFullQueue) {
  const Queue queue = client_.create_queue("q", {.capacity = 2});
  const Schedule first = client_.create_schedule({.name = "beat", .queue = "q", .every = kEvery, .catch_up = 1'000});
  ASSERT_TRUE(first.next_time.has_value());
  std::map<Time, int> ticks;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t skipped = client_.schedule("beat").skipped;
    ASSERT_TRUE(eventually([&] { return client_.schedule("beat").skipped > skipped; })) << "it is full";
    // Room for one: the tick that waits goes in, in this life or the next.
    auto item = queue.get({.max_wait = support::kPatience});
    ASSERT_TRUE(item);
    ++ticks[time_of(item->attribute("sluice-tick"))];
    item->done();
    server_.kill9();
    server_.restart();
  }
  const Schedule last = client_.schedule("beat");
  ASSERT_TRUE(last.next_time.has_value());
  EXPECT_EQ(static_cast<std::uint64_t>((*last.next_time - *first.next_time) / kEvery),
            last.put + last.skipped + last.refused + last.waiting);
  EXPECT_EQ(last.refused, 0U);
  const std::uint64_t put = client_.pause_schedule("beat").put;
  for (const auto& [tick, count] : ticks_in(queue)) ticks[tick] += count;
  EXPECT_EQ(ticks.size(), put);
  for (const auto& [tick, count] : ticks) EXPECT_EQ(count, 1) << "a tick came twice";
}

// Three days pass while it is down, and it is killed again where it makes up for them.
TEST_F(SchedulesOfAKilledServer, MakeUpForAsManyTicksAsTheySayOfACron) {
  constexpr std::uint32_t kCatchUp = 3;
  constexpr auto kDown = 72h;
  const Queue queue = client_.create_queue("q");
  // Twelve hours from now, so that no further one comes during the test.
  const std::string cron = absl::FormatTime("%M %H * * *", absl::Now() + absl::Hours(12), absl::UTCTimeZone());
  const Schedule before = client_.create_schedule({.name = "nightly", .queue = "q", .cron = cron, .catch_up = kCatchUp - 1});
  client_.create_schedule({.name = "minutes", .queue = "q", .cron = "* * * * *", .catch_up = kCatchUp});
  ASSERT_TRUE(before.next_time.has_value());
  server_.kill9();
  let_time_pass(kDown);
  server_.restart();
  ASSERT_TRUE(eventually([&] { return client_.schedule("minutes").put >= kCatchUp && client_.schedule("nightly").put >= 2; }));
  for (int kill = 0; kill < 3; ++kill) {
    server_.kill9();
    server_.restart();
  }
  const Schedule nightly = client_.pause_schedule("nightly");
  const Schedule minutes = client_.pause_schedule("minutes");
  EXPECT_EQ(nightly.put + nightly.skipped, 3U);
  EXPECT_EQ(nightly.put, kCatchUp - 1);
  // A minute may have begun since.
  const auto minutes_down = static_cast<std::uint64_t>(kDown / 1min);
  EXPECT_GE(minutes.put + minutes.skipped, minutes_down);
  EXPECT_LE(minutes.put + minutes.skipped, minutes_down + 2);
  EXPECT_GE(minutes.put, kCatchUp);
  EXPECT_LE(minutes.put, kCatchUp + 2);
  std::map<std::string, std::map<Time, int>> ticks;
  queue.close();
  for (auto& item : queue) ++ticks[item.attribute("sluice-schedule")][time_of(item.attribute("sluice-tick"))];
  EXPECT_EQ(ticks["nightly"].size(), nightly.put);
  EXPECT_EQ(ticks["minutes"].size(), minutes.put);
  for (const auto& [name, times] : ticks) {
    for (const auto& [tick, count] : times) EXPECT_EQ(count, 1) << "a tick of " << name << " came twice";
  }
  EXPECT_EQ(ticks["nightly"].rbegin()->first, *before.next_time - 24h) << "the latest are made up for";
  EXPECT_EQ(ticks["nightly"].begin()->first, *before.next_time - 48h);
}

}  // namespace
}  // namespace sluice
