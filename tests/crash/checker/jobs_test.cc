// The checker passes outcomes that are true, and finds those that are not.
#include <gmock/gmock.h>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Through a stage of clients into the last queue of a pipeline.
Story done_job() {
  Story story;
  story.submit({{"a", "x", 7}}).get("a", first("x")).complete("a", first("x"), {{"out", "y"}});
  story.get("out", {"y", 8, 2, 1}).complete("out", {"y", 8, 2, 1});
  return story;
}

Story dead_job() {
  Story story;
  story.submit({{"a", "x", 7}}).get("a", first("x")).fail("a", first("x")).get("a.dead", second("x"));
  story.complete("a.dead", second("x"));
  return story;
}

TEST(JobRules, PassTrueOutcomes) {
  EXPECT_THAT(to_text(done_job().outcome(7, JobEnd::kSucceeded, {"y"}).audit({{.job = 7, .end = JobEnd::kSucceeded}}).check()),
              IsEmpty());
  EXPECT_THAT(to_text(dead_job().outcome(7, JobEnd::kFailed).audit({{.job = 7, .end = JobEnd::kFailed}}).check()), IsEmpty());
  // The server's own stages keep the value.
  Story served;
  served.submit({{"s", "x", 7}}).get("out", first("x")).complete("out", first("x")).outcome(7, JobEnd::kSucceeded, {"x"});
  EXPECT_THAT(to_text(served.check()), IsEmpty());
}

TEST(JobRules, FindAJobWithoutOutcome) {
  EXPECT_THAT(done_job().audit({{.job = 7, .end = JobEnd::kNone}}).wrongs(), ElementsAre(Wrong::kNoOutcome));
  EXPECT_THAT(done_job().audit({}).wrongs(), ElementsAre(Wrong::kNoOutcome));
  EXPECT_THAT(done_job().audit({}).unknown().wrongs(), IsEmpty()) << "nobody was told";
}

TEST(JobRules, FindASuccessThatWasNone) {
  EXPECT_THAT(dead_job().outcome(7, JobEnd::kSucceeded).wrongs(), ElementsAre(Wrong::kFalseOutcome));
}

TEST(JobRules, FindAFailureThatWasNone) {
  EXPECT_THAT(done_job().outcome(7, JobEnd::kFailed, {"y"}).wrongs(), ElementsAre(Wrong::kFalseOutcome));
  EXPECT_THAT(done_job().outcome(7, JobEnd::kOther, {"y"}).wrongs(), ElementsAre(Wrong::kFalseOutcome));
}

TEST(JobRules, FindWrongResults) {
  EXPECT_THAT(done_job().outcome(7, JobEnd::kSucceeded).wrongs(), ElementsAre(Wrong::kFalseOutcome)) << "missing";
  EXPECT_THAT(done_job().outcome(7, JobEnd::kSucceeded, {"y", "y"}).wrongs(), ElementsAre(Wrong::kFalseOutcome)) << "twice";
  EXPECT_THAT(done_job().outcome(7, JobEnd::kSucceeded, {"y", "z"}).wrongs(), ElementsAre(Wrong::kFalseOutcome))
      << "another job's";
  EXPECT_THAT(done_job().outcome(7, JobEnd::kSucceeded, {"y", "x"}).wrongs(), ElementsAre(Wrong::kFalseOutcome))
      << "what never came out";
}

TEST(JobRules, FindAnOutcomeThatChanged) {
  EXPECT_THAT(done_job().outcome(7, JobEnd::kSucceeded, {"y"}).audit({{.job = 7, .end = JobEnd::kFailed}}).wrongs(),
              ElementsAre(Wrong::kFalseOutcome));
  Story fanned;
  fanned.submit({{"a", "x", 7}}).get("a", first("x")).complete("a", first("x"), {{"out", "y"}, {"out", "z"}});
  fanned.get("out", {"y", 8, 2, 1}).complete("out", {"y", 8, 2, 1}).get("out", {"z", 9, 3, 1});
  fanned.complete("out", {"z", 9, 3, 1}).outcome(7, JobEnd::kSucceeded, {"y", "z"}).outcome(7, JobEnd::kSucceeded, {"z", "y"});
  EXPECT_THAT(fanned.wrongs(), ElementsAre(Wrong::kFalseOutcome)) << "in another order";
}

TEST(JobRules, FindAnEarlyOutcome) {
  Story early;
  early.submit({{"a", "x", 7}}).get("a", first("x")).outcome(7, JobEnd::kSucceeded, {"y"});
  early.complete("a", first("x"), {{"out", "y"}}).get("out", {"y", 8, 2, 1}).complete("out", {"y", 8, 2, 1});
  EXPECT_THAT(early.wrongs(), ElementsAre(Wrong::kFalseOutcome));
  Story beside;
  beside.submit({{"a", "x", 7}}).get("a", first("x")).complete("a", first("x"), {{"out", "y"}});
  beside.outcome(7, JobEnd::kSucceeded, {"y"}).get("out", {"y", 8, 2, 1}).complete("out", {"y", 8, 2, 1});
  EXPECT_THAT(to_text(beside.check()), IsEmpty()) << "it does not wait for who takes its result";
}

// A batch of one, which calls back.
Story batch() {
  Story story;
  story.submit({{"a", "x", 7}}, 7, {{"called", "c"}}).get("a", first("x")).complete("a", first("x"));
  story.get("called", {"c", 9, 3, 1}).complete("called", {"c", 9, 3, 1}).outcome(7, JobEnd::kSucceeded);
  return story;
}
const std::vector<JobTold> kOneSucceeded = {{.job = 7, .end = JobEnd::kSucceeded}};

TEST(JobRules, PassABatchThatEnded) {
  EXPECT_THAT(to_text(batch().audit(kOneSucceeded, {{.batch = 7, .ended = true, .succeeded = 1}}).check()), IsEmpty());
}

TEST(JobRules, FindABatchThatDoesNotEnd) {
  EXPECT_THAT(batch().audit(kOneSucceeded, {{.batch = 7, .succeeded = 1}}).wrongs(), ElementsAre(Wrong::kNoOutcome));
  EXPECT_THAT(batch().audit(kOneSucceeded).wrongs(), ElementsAre(Wrong::kNoOutcome));
}

TEST(JobRules, FindABatchThatCountsWrongly) {
  EXPECT_THAT(batch().audit(kOneSucceeded, {{.batch = 7, .ended = true, .failed = 1}}).wrongs(),
              ElementsAre(Wrong::kFalseOutcome));
  EXPECT_THAT(batch().audit(kOneSucceeded, {{.batch = 7, .ended = true, .succeeded = 1, .callback_error = "no"}}).wrongs(),
              ElementsAre(Wrong::kFalseOutcome));
}

TEST(JobRules, FindACallbackThatIsMissingTwiceOrEarly) {
  Story missing;
  missing.submit({{"a", "x", 7}}, 7, {{"called", "c"}}).get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(missing.wrongs(), ElementsAre(Wrong::kLost));
  EXPECT_THAT(batch().get("called", {"c", 10, 4, 1}).wrongs(), testing::Contains(Wrong::kDuplicate));
  Story early;
  early.submit({{"a", "x", 7}}, 7, {{"called", "c"}}).get("a", first("x")).get("called", {"c", 9, 3, 1});
  early.complete("a", first("x")).complete("called", {"c", 9, 3, 1});
  EXPECT_THAT(early.wrongs(), ElementsAre(Wrong::kFalseOutcome));
  // Before that it need not be in the store.
  Story stored;
  stored.submit({{"a", "x", 7}}, 7, {{"called", "c"}}).stored({{"a", "x"}}).get("a", first("x")).complete("a", first("x"));
  stored.get("called", {"c", 9, 3, 1}).complete("called", {"c", 9, 3, 1});
  EXPECT_THAT(to_text(stored.check()), IsEmpty());
}

}  // namespace
}  // namespace sluice::crash
