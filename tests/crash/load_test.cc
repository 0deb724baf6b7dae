// Kill -9 at random moments under load: 300 times in the short form, through three stages; and controls that the harness can
// fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/crash/checker/ledger.h"
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
  EXPECT_GT(counts.streamed, 10 * kills);
  EXPECT_GT(counts.cancelled, 0U);
  EXPECT_GT(counts.expired, 0U);
  EXPECT_GT(counts.duplicates, 0U);
  EXPECT_EQ(counts.most_at_once > 0, shape == Shape::kAttached);
  EXPECT_GT(counts.jobs, 0U);
  EXPECT_GT(counts.batches, 0U);
  EXPECT_GT(counts.jobs_failed, 0U);
}

// Twelve times twenty-five, so that several can run beside one another.
class KillUnderLoad : public testing::TestWithParam<std::uint64_t> {};

TEST_P(KillUnderLoad, ThroughStagesOfTheServer) { expect_good_runs(Shape::kServed, 1'000 * GetParam(), 25); }
TEST_P(KillUnderLoad, ThroughStagesOfClients) { expect_good_runs(Shape::kRemote, 1'000 * GetParam() + 500, 25); }
TEST_P(KillUnderLoad, ThroughStagesOfAttachedWorkers) { expect_good_runs(Shape::kAttached, 1'000 * GetParam() + 700, 25); }

INSTANTIATE_TEST_SUITE_P(FirstSeeds, KillUnderLoad, testing::Values(1, 2, 3, 4));

// The harness can fail: of a server that keeps nothing, the restarts must be seen as losses, also of what streams brought.
TEST(KillUnderLoadControl, AServerThatKeepsNothingIsFoundOut) {
  const RunResult result = run({.seed = 5'000, .kills = 3, .stops = 0, .restarts = 0, .durable = false});
  EXPECT_GT(result.verdict.count(Wrong::kLost), 0U) << to_text(result.verdict);
  EXPECT_TRUE(std::ranges::any_of(result.verdict.findings, [](const Finding& finding) {
    return finding.wrong == Wrong::kLost && finding.value.starts_with("s");
  })) << to_text(result.verdict);
}

// And so must a single lie in a history that is good without it.
class OneLie : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(result_.verdict.good()) << to_text(result_.verdict); }

  // An acknowledged operation of this kind, about a single value that nothing but its consumer ends.
  Operation& find(Kind kind, bool streamed) {
    const auto found = std::ranges::find_if(result_.history, [&](const Operation& operation) {
      const auto values = kind == Kind::kPut ? operation.pieces.size() : operation.deliveries.size();
      return operation.kind == kind && operation.outcome == Outcome::kOk && operation.streamed == streamed && values == 1 &&
             std::ranges::none_of(operation.pieces, may_end_by_itself);
    });
    if (found == result_.history.end()) throw std::runtime_error("the load made no such call");
    return *found;
  }
  static bool may_end_by_itself(const Piece& piece) {
    return piece.time_to_live > 0 || !piece.dedup_key.empty() || !piece.unique_key.empty();
  }
  // As if nobody had ever seen the value again.
  void take_out(const std::string& value) {
    for (Operation& operation : result_.history) {
      std::erase_if(operation.deliveries, [&](const Delivery& delivery) { return delivery.value == value; });
      if (operation.kind == Kind::kStored)
        std::erase_if(operation.pieces, [&](const Piece& piece) { return piece.value == value; });
    }
  }
  void expect(Wrong wrong, const std::string& value) const {
    const Verdict verdict = check(result_.history, result_.setting.plan);
    EXPECT_TRUE(std::ranges::any_of(verdict.findings, [&](const Finding& finding) {
      return finding.wrong == wrong && finding.value == value;
    })) << to_text(verdict);
  }

  RunResult result_ = run({.shape = Shape::kRemote, .seed = 6'000, .kills = 2, .stops = 0, .restarts = 0});
};

TEST_F(OneLie, AnItemIsMissing) {
  for (const bool streamed : {false, true}) {
    const std::string value = find(Kind::kPut, streamed).pieces.front().value;
    take_out(value);
    expect(Wrong::kLost, value);
  }
}

TEST_F(OneLie, AnAcknowledgedEndIsTakenBack) {
  for (const bool streamed : {false, true}) {
    const Operation& end = find(Kind::kComplete, streamed);
    const std::string value = end.deliveries.front().value;
    const std::string queue = end.queue;
    // The store after the run's end holds it again.
    ASSERT_EQ(result_.history.back().kind, Kind::kStored);
    result_.history.back().pieces.push_back({queue, value});
    expect(Wrong::kDuplicate, value);
  }
}

TEST_F(OneLie, AStreamDoesNotAcknowledge) {
  Operation& put = find(Kind::kPut, true);
  put.outcome = Outcome::kUnknown;
  put.owed = true;
  expect(Wrong::kOwed, put.pieces.front().value);
}

// The same for what is promised besides.
class OneMoreLie : public testing::Test {
 protected:
  static void SetUpTestSuite() { run_once(); }
  static void TearDownTestSuite() { run_.reset(); }
  void SetUp() override {
    ASSERT_TRUE(run_->verdict.good()) << to_text(run_->verdict);
    history_ = run_->history;
  }
  static void run_once() { run_ = run({.shape = Shape::kAttached, .seed = ++seed_, .kills = 20, .stops = 0, .restarts = 0}); }
  // A load is made of chance, and may lack what a lie needs.
  void run_again() {
    if (seed_ >= kLastSeed) throw std::runtime_error("no load made such a call");
    run_once();
    SetUp();
  }

  template <class Test>
  Operation& find(Test test) {
    for (;; run_again()) {
      if (const auto found = std::ranges::find_if(history_, test); found != history_.end()) return *found;
    }
  }
  Operation& audit() {
    return find([](const Operation& each) { return each.kind == Kind::kAudit && each.outcome == Outcome::kOk; });
  }
  void expect(Wrong wrong) const { EXPECT_GT(check(history_, run_->setting.plan).count(wrong), 0U) << name_of(wrong); }

  static constexpr std::uint64_t kLastSeed = 6'510;
  static std::uint64_t seed_;
  static std::optional<RunResult> run_;
  History history_;
};
std::uint64_t OneMoreLie::seed_ = 6'500;
std::optional<RunResult> OneMoreLie::run_;

TEST_F(OneMoreLie, AJobIsForgotten) {
  const Operation& outcome = find([](const Operation& each) { return each.kind == Kind::kOutcome; });
  std::erase_if(audit().jobs, [&](const JobTold& told) { return told.job == outcome.jobs.front().job; });
  expect(Wrong::kNoOutcome);
}

TEST_F(OneMoreLie, AnOutcomeIsNotWhatHappened) {
  Operation& outcome =
      find([](const Operation& each) { return each.kind == Kind::kOutcome && each.jobs.front().end == JobEnd::kSucceeded; });
  outcome.jobs.front().results.pop_back();
  expect(Wrong::kFalseOutcome);
}

TEST_F(OneMoreLie, ACancelledItemIsThereAgain) {
  const Operation& cancel =
      find([](const Operation& each) { return each.kind == Kind::kCancel && took_away(each) && each.queue != "keyed"; });
  history_.back().pieces.push_back({cancel.queue, cancel.deliveries.front().value});
  expect(Wrong::kFalseCancel);
}

TEST_F(OneMoreLie, AnItemIsCountedInNoWay) {
  ++audit().counted.front().put;
  expect(Wrong::kMiscounted);
}

TEST_F(OneMoreLie, TheSecondOfAKeyIsPut) {
  for (;; run_again()) {
    std::set<std::string> keys;
    for (Operation& each : history_) {
      if (each.kind != Kind::kPut || each.outcome != Outcome::kOk) continue;
      for (Piece& piece : each.pieces) {
        if (piece.dedup_window <= 10'000'000 || keys.insert(piece.dedup_key).second) continue;
        piece.item = std::numeric_limits<std::uint64_t>::max();
        return expect(Wrong::kKeyBroken);
      }
    }
  }
}

// Some limit is reached: a server that allowed one more would be found out, as is a plan that allows one less.
TEST_F(OneMoreLie, ALimitIsExceeded) {
  while (run_->verdict.counts.most_at_once < run_->setting.plan.limits.at(0).at_once) run_again();
  Plan plan = run_->setting.plan;
  ASSERT_EQ(plan.limits.size(), 1U);
  --plan.limits.front().at_once;
  EXPECT_EQ(check(history_, plan).count(Wrong::kOverLimit), 1U);
}

}  // namespace
}  // namespace sluice::crash
