// Items that the clock puts.
#include <algorithm>

#include "absl/time/time.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using namespace std::chrono_literals;

class ScheduleScenario : public Scenario {
 protected:
  void SetUp() override { start(); }
};

Time tick_of(const Item& item) {
  absl::Time time;
  std::string why;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, item.attribute("sluice-tick"), &time, &why)) << why;
  return absl::ToChronoTime(time);
}

// How long after its time something may come at most, on a machine that is busy with other tests, and how long it usually
// takes.
constexpr auto kShortly = 250ms * kSlowness;
constexpr auto kUsually = 20ms * kSlowness;

// Scenario 24: a call after a delay.
TEST_F(ScheduleScenario, Scenario24_NotBeforeItsTime) {
  const Queue queue = connect().create_queue("calls");
  const auto start = std::chrono::steady_clock::now();
  queue.put(NewItem{.payload = "later", .delay = 300ms});
  EXPECT_FALSE(queue.get({.max_wait = 0ms}));
  ASSERT_TRUE(queue.get({.max_wait = kPatience}));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 300ms + kShortly);
}

// Scenario 24: a call every so often, which does not drift.
TEST_F(ScheduleScenario, Scenario24_PeriodicItemsDoNotDrift) {
  const Client client = connect();
  const Queue queue = client.create_queue("calls");
  client.create_schedule({.name = "beat", .queue = "calls", .every = 50ms, .payload = "call"});
  std::vector<Time> ticks;
  std::vector<Time::duration> late;
  while (ticks.size() < 20) {
    auto item = queue.get({.max_wait = kPatience});
    ASSERT_TRUE(item);
    EXPECT_EQ(item->payload(), "call");
    EXPECT_EQ(item->attribute("sluice-schedule"), "beat");
    ticks.push_back(tick_of(*item));
    late.push_back(item->put_time() - ticks.back());
    EXPECT_GE(late.back(), 0ms) << "not before its time";
    EXPECT_LT(late.back(), kShortly) << "shortly after it";
    item->done();
  }
  for (std::size_t i = 1; i < ticks.size(); ++i) EXPECT_EQ(ticks[i] - ticks[i - 1], 50ms) << i;
  // A lateness that grew from tick to tick would show in the median of the later half.
  const auto later_half = late.begin() + static_cast<std::ptrdiff_t>(late.size() / 2);
  std::sort(later_half, late.end());
  EXPECT_LT(late[late.size() * 3 / 4], kUsually);
}

TEST_F(ScheduleScenario, AFullQueueHoldsItsTicksBack) {
  const Client client = connect();
  const Queue queue = client.create_queue("calls", {.capacity = 1});
  client.create_schedule({.name = "beat", .queue = "calls", .every = 20ms});
  EXPECT_TRUE(eventually([&] { return client.schedule("beat").skipped >= 3; }));
  EXPECT_EQ(client.schedule("beat").put, 1U);
  EXPECT_EQ(client.schedule("beat").waiting, 1U);
  queue.get({.max_wait = kPatience})->done();
  EXPECT_TRUE(eventually([&] { return client.schedule("beat").put == 2; }));
}

}  // namespace
}  // namespace sluice::e2e
