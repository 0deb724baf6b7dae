// A million random commands, spread over seeds.
#include <gtest/gtest.h>

#include "tests/sim/driver.h"
#include "tests/sim/flow.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kCommandsOfASeed = 100'000;

class RandomCommandsTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomCommandsTest, HaveTheOutcomesThatArePromised) {
  const SimulationResult result = simulate(GetParam(), kCommandsOfASeed);
  EXPECT_EQ(result.failure, "");
  // Otherwise the commands no longer come where it matters.
  for (const char* outcome : {"ok",
                              "none",
                              "end",
                              "done",
                              "progress",
                              "OK",
                              "QUEUE_FULL",
                              "QUEUE_CLOSED",
                              "QUEUE_NOT_FOUND",
                              "QUEUE_NOT_EMPTY",
                              "QUEUE_EXISTS",
                              "BATCH_TOO_LARGE",
                              "LEASE_LOST",
                              "LIMIT_REACHED",
                              "SETTING_IMMUTABLE",
                              "taken back",
                              "nothing",
                              "in part",
                              "finished",
                              "CANCELLED",
                              "cancelled",
                              "redriven",
                              "SCHEDULE_EXISTS",
                              "SCHEDULE_NOT_FOUND"}) {
    const auto found = result.outcomes.find(outcome);
    EXPECT_GE(found == result.outcomes.end() ? 0 : found->second, 20U) << outcome;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCommandsTest, ::testing::Range<std::uint64_t>(1, 11));

class RandomPipelinesTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomPipelinesTest, LoseNothingAndWindDown) {
  const FlowResult result = play(GetParam(), 20'000);
  EXPECT_EQ(result.failure, "");
  for (const char* outcome :
       {"ok",         "end",         "joined",      "wound down",   "QUEUE_FULL",   "LEASE_LOST",     "fail ok",
        "release ok", "attached",    "remote item", "lose ok",      "submitted",    "job succeeded",  "job failed",
        "awaited",    "called back", "abandoned",   "BATCH_SEALED", "update limit", "started",        "waits for a limit",
        "cancelled",  "revoked",     "purged",      "redriven",     "expired",      "buried expired", "update rate"}) {
    const auto found = result.outcomes.find(outcome);
    EXPECT_GE(found == result.outcomes.end() ? 0 : found->second, 5U) << outcome;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPipelinesTest, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace sluice::sim
