#include "server/model/queue_settings.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using namespace std::chrono_literals;

TEST(RetryPolicyTest, BackoffGrowsByItsMultiplierUpToItsMaximum) {
  const RetryPolicy policy{.initial_backoff = 100ms, .max_backoff = 1s, .multiplier = 2.0};
  EXPECT_EQ(policy.backoff(1), 100ms);
  EXPECT_EQ(policy.backoff(2), 200ms);
  EXPECT_EQ(policy.backoff(3), 400ms);
  EXPECT_EQ(policy.backoff(4), 800ms);
  EXPECT_EQ(policy.backoff(5), 1s);
  EXPECT_EQ(policy.backoff(1'000'000), 1s);
}

TEST(RetryPolicyTest, BackoffCannotOverflow) {
  const RetryPolicy policy{
      .initial_backoff = limits::kMaxBackoff, .max_backoff = limits::kMaxBackoff, .multiplier = limits::kMaxBackoffMultiplier};
  for (const std::uint32_t attempt : {1U, 2U, 100U, limits::kMaxAttempts, 4'294'967'295U}) {
    EXPECT_EQ(policy.backoff(attempt), limits::kMaxBackoff) << attempt;
  }
}

TEST(RetryPolicyTest, NoBackoffStaysNone) {
  const RetryPolicy policy{.initial_backoff = 0s, .multiplier = 100.0};
  EXPECT_EQ(policy.backoff(1), 0s);
  EXPECT_EQ(policy.backoff(1'000'000), 0s);
}

TEST(RetryPolicyTest, MultiplierOneIsConstant) {
  const RetryPolicy policy{.initial_backoff = 3s, .multiplier = 1.0};
  EXPECT_EQ(policy.backoff(1), 3s);
  EXPECT_EQ(policy.backoff(77), 3s);
}

TEST(RetryPolicyTest, AllowsAsManyAttemptsAsItSays) {
  EXPECT_FALSE(RetryPolicy{.max_attempts = 1}.allows_another(1));
  EXPECT_TRUE(RetryPolicy{.max_attempts = 3}.allows_another(2));
  EXPECT_FALSE(RetryPolicy{.max_attempts = 3}.allows_another(3));
  EXPECT_TRUE(RetryPolicy{.max_attempts = 0}.allows_another(4'000'000'000U)) << "0 is without limit";
}

TEST(QueueSettingsPatchTest, ChangesOnlyWhatIsSet) {
  QueueSettings settings;
  settings.capacity = 7;
  settings.retry.multiplier = 3.0;
  settings.dead_letter_queue = "dead";
  QueueSettingsPatch patch;
  EXPECT_EQ(patch.applied_to(settings), settings);
  patch.lease_duration = 5s;
  patch.max_attempts = 2;
  patch.dead_letter_queue = "";
  const QueueSettings changed = patch.applied_to(settings);
  EXPECT_EQ(changed.capacity, 7U);
  EXPECT_EQ(changed.retry.multiplier, 3.0);
  EXPECT_EQ(changed.lease_duration, 5s);
  EXPECT_EQ(changed.retry.max_attempts, 2U);
  EXPECT_EQ(changed.dead_letter_queue, "");
}

TEST(QueueSettingsPatchTest, EveryFieldTakesEffect) {
  const QueueSettingsPatch patch{.capacity = 1,
                                 .order = QueueOrder::kPriority,
                                 .lease_duration = 2s,
                                 .max_attempts = 3,
                                 .initial_backoff = 4s,
                                 .max_backoff = 5s,
                                 .multiplier = 6.0,
                                 .jitter = 0.7,
                                 .dead_letter_queue = "d"};
  const QueueSettings expected{
      .capacity = 1,
      .order = QueueOrder::kPriority,
      .lease_duration = 2s,
      .retry = {.max_attempts = 3, .initial_backoff = 4s, .max_backoff = 5s, .multiplier = 6.0, .jitter = 0.7},
      .dead_letter_queue = "d"};
  EXPECT_EQ(patch.applied_to({}), expected);
}

TEST(QueueSpecTest, HasTheDefaultsOfTheContract) {
  const QueueSettings settings = QueueSpec{.name = "tasks", .settings = {}}.initial_settings();
  EXPECT_EQ(settings.capacity, 1'000U);
  EXPECT_EQ(settings.order, QueueOrder::kFifo);
  EXPECT_EQ(settings.lease_duration, 60s);
  EXPECT_EQ(settings.retry.max_attempts, 5U);
  EXPECT_EQ(settings.retry.initial_backoff, 1s);
  EXPECT_EQ(settings.retry.max_backoff, 5min);
  EXPECT_EQ(settings.retry.multiplier, 2.0);
  EXPECT_EQ(settings.retry.jitter, 0.2);
  EXPECT_EQ(settings.dead_letter_queue, "tasks.dead");
}

TEST(QueueSpecTest, ADeadLetterQueueHasNoneOfItsOwn) {
  EXPECT_EQ(default_dead_letter_queue("tasks"), "tasks.dead");
  EXPECT_EQ(default_dead_letter_queue("tasks.dead"), "");
  EXPECT_EQ(default_dead_letter_queue("dead"), "dead.dead");
  EXPECT_EQ(default_dead_letter_queue("a.deadly"), "a.deadly.dead");
}

}  // namespace
}  // namespace sluice::model
