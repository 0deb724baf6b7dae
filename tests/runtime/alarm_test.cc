#include "server/runtime/alarm.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/deadline.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

class AlarmTest : public testing::Test {
 protected:
  base::SystemClock clock_;
};

TEST_F(AlarmTest, RingsWhenItsTimeHasComeAndNotBefore) {
  std::promise<base::Time> rung;
  Alarm alarm(clock_, [&] { rung.set_value(clock_.now()); });
  alarm.start();
  const base::Time due = clock_.now() + 20ms;
  alarm.set(due);
  auto when = rung.get_future();
  ASSERT_EQ(when.wait_for(support::kDeadline), std::future_status::ready);
  EXPECT_GE(when.get(), due);
}

TEST_F(AlarmTest, AnEarlierTimeWinsWhicheverCameFirst) {
  std::promise<void> rung;
  Alarm alarm(clock_, [&] { rung.set_value(); });
  alarm.start();
  alarm.set(clock_.now() + 24h);
  alarm.set(clock_.now() + 5ms);
  alarm.set(clock_.now() + 48h);
  EXPECT_EQ(rung.get_future().wait_for(support::kDeadline), std::future_status::ready);
}

TEST_F(AlarmTest, IsSetAnewByItsOwnRing) {
  std::promise<void> third;
  int rings = 0;
  Alarm* self = nullptr;
  Alarm alarm(clock_, [&] {
    if (++rings == 3) return third.set_value();
    self->set(clock_.now() + 1ms);
  });
  self = &alarm;
  alarm.start();
  alarm.set(clock_.now());
  ASSERT_EQ(third.get_future().wait_for(support::kDeadline), std::future_status::ready);
  alarm.stop();
  EXPECT_EQ(rings, 3);
}

TEST_F(AlarmTest, StopEndsAWaitThatHasLongToGo) {
  int rings = 0;
  Alarm alarm(clock_, [&] { ++rings; });
  alarm.start();
  alarm.set(clock_.now() + 24h);
  alarm.stop();
  alarm.stop();
  EXPECT_EQ(rings, 0);
}

}  // namespace
}  // namespace sluice::runtime
