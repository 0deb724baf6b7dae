// Schedules of a server that is killed: no tick twice, none missing.
#include <map>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "absl/time/time.h"
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

TEST(SchedulesOfAKilledServer, PutEachTickOnce) {
  const test::TempDir data;
  SluicedProcess server({.flags = {"--data", data.path().string(), "--log-format", "json"}});
  const Client client(server.address());
  const Queue queue = client.create_queue("q", {.capacity = 0});
  client.create_schedule({.name = "beat", .queue = "q", .every = kEvery, .catch_up = 1'000});
  std::uint64_t seen = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t enough = seen + kTicksALife;
    while (seen < enough) seen = client.schedule("beat").put;
    server.kill9();
    server.restart();
  }
  const Schedule last = client.pause_schedule("beat");
  EXPECT_EQ(last.skipped, 0U);
  EXPECT_EQ(last.refused, 0U);
  queue.close();
  std::map<Time, int> ticks;
  for (auto& item : queue) ++ticks[time_of(item.attribute("sluice-tick"))];
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

}  // namespace
}  // namespace sluice
