// Kill -9 at random moments under load: 200 times in the short form, through three stages; and controls that the harness can
// fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/crash/run.h"

namespace sluice::crash {
namespace {

// Runs until so many kills are done, with seeds from `first_seed` on.
void expect_good_runs(Shape shape, std::uint64_t first_seed, std::uint64_t kills) {
  std::uint64_t done = 0;
  Counts counts;
  for (std::uint64_t seed = first_seed; done < kills; ++seed) {
    const RunResult result = run({.shape = shape, .seed = seed});
    done += result.kills;
    counts += result.verdict.counts;
    ASSERT_GT(result.kills, 0U);
    ASSERT_TRUE(result.verdict.good()) << "seed " << seed << ": " << to_text(result.verdict) << "the history is in "
                                       << keep(result, std::filesystem::temp_directory_path());
  }
  // A load that did nothing would prove nothing.
  EXPECT_GT(counts.completed, kills);
  EXPECT_GT(counts.joins, kills / 10);
  EXPECT_GT(counts.redelivered, 0U);
  EXPECT_GT(counts.unknown, 0U);
}

// Eight times twenty-five, so that several can run beside one another.
class KillUnderLoad : public testing::TestWithParam<std::uint64_t> {};

TEST_P(KillUnderLoad, ThroughStagesOfTheServer) { expect_good_runs(Shape::kServed, 1'000 * GetParam(), 25); }
TEST_P(KillUnderLoad, ThroughStagesOfClients) { expect_good_runs(Shape::kRemote, 1'000 * GetParam() + 500, 25); }

INSTANTIATE_TEST_SUITE_P(FirstSeeds, KillUnderLoad, testing::Values(1, 2, 3, 4));

// The harness can fail: of a server that keeps nothing, the restarts must be seen as losses.
TEST(KillUnderLoadControl, AServerThatKeepsNothingIsFoundOut) {
  const RunResult result = run({.seed = 5'000, .kills = 3, .stops = 0, .durable = false});
  EXPECT_GT(result.verdict.count(Wrong::kLost), 0U) << to_text(result.verdict);
}

// And so must a single item, taken out of a history that was good with it.
TEST(KillUnderLoadControl, OneItemTakenOutOfAGoodHistoryIsFoundOut) {
  RunResult result = run({.shape = Shape::kRemote, .seed = 6'000, .kills = 2, .stops = 0});
  ASSERT_TRUE(result.verdict.good()) << to_text(result.verdict);
  const auto put = std::ranges::find_if(result.history, [](const Operation& operation) {
    return operation.kind == Kind::kPut && operation.outcome == Outcome::kOk && operation.pieces.size() == 1;
  });
  ASSERT_NE(put, result.history.end());
  const std::string value = put->pieces.front().value;
  for (Operation& operation : result.history) {
    std::erase_if(operation.deliveries, [&](const Delivery& delivery) { return delivery.value == value; });
    if (operation.kind == Kind::kStored)
      std::erase_if(operation.pieces, [&](const Piece& piece) { return piece.value == value; });
  }
  const Verdict verdict = check(result.history, result.setting.plan);
  EXPECT_GT(verdict.count(Wrong::kLost), 0U);
  EXPECT_EQ(verdict.findings.front().value, value);
}

}  // namespace
}  // namespace sluice::crash
