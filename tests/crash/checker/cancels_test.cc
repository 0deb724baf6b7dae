// The checker passes cancels that are true, and finds those that are not.
#include <gmock/gmock.h>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Story waiting() { return Story().put({{"a", "x", 7}}); }
Story held() { return waiting().get("a", first("x")); }
Story done() { return held().complete("a", first("x")); }

TEST(CancelRules, PassTrueCancels) {
  EXPECT_THAT(to_text(waiting().cancel("a", "x", Found::kWaiting).stored({}).close("a").join("a").check()), IsEmpty());
  EXPECT_THAT(to_text(held().cancel("a", "x", Found::kHeld).complete("a", first("x")).refused().check()), IsEmpty());
  EXPECT_THAT(to_text(done().cancel("a", "x", Found::kGone).check()), IsEmpty());
  EXPECT_THAT(to_text(waiting().cancel("a", "x", Found::kWaiting).cancel("a", "x", Found::kGone).check()), IsEmpty());
  EXPECT_THAT(to_text(held().fail("a", first("x")).cancel("a", "x", Found::kWaiting).check()), IsEmpty());
}

TEST(CancelRules, LetAnUnansweredCancelHaveHappenedOrNot) {
  EXPECT_THAT(to_text(waiting().cancel("a", "x", Found::kNothingYet).unknown().check()), IsEmpty());
  Story not_happened;
  not_happened.put({{"a", "x", 7}}).cancel("a", "x", Found::kNothingYet).unknown().stored({{"a", "x"}});
  EXPECT_THAT(not_happened.wrongs(), ElementsAre(Wrong::kLost)) << "what was there afterwards was not cancelled";
}

TEST(CancelRules, FindWhatCameOutAfterItsCancel) {
  EXPECT_THAT(waiting().cancel("a", "x", Found::kWaiting).get("a", first("x")).wrongs(), ElementsAre(Wrong::kFalseCancel));
  EXPECT_THAT(Story().put({{"s", "x", 7}}).cancel("s", "x", Found::kHeld).get("out", first("x")).begun_before(1).wrongs(),
              ElementsAre(Wrong::kFalseCancel))
      << "a stage handed it on all the same";
  EXPECT_THAT(waiting().cancel("a", "x", Found::kWaiting).stored({{"a", "x"}}).wrongs(), Contains(Wrong::kFalseCancel));
}

TEST(CancelRules, FindWhatWasBothCancelledAndDone) {
  EXPECT_THAT(done().cancel("a", "x", Found::kHeld).wrongs(), ElementsAre(Wrong::kFalseCancel));
  EXPECT_THAT(held().cancel("a", "x", Found::kHeld).complete("a", first("x")).wrongs(), ElementsAre(Wrong::kFalseCancel));
  Story handed_on = held().cancel("a", "x", Found::kHeld);
  handed_on.complete("a", first("x"), {{"b", "y"}}).unknown().get("b", {"y", 8, 2, 1}).complete("b", {"y", 8, 2, 1});
  EXPECT_THAT(handed_on.wrongs(), ElementsAre(Wrong::kFalseCancel)) << "its output is there";
}

TEST(CancelRules, FindAnAttemptThatFailedAfterTheCancel) {
  EXPECT_THAT(held().cancel("a", "x", Found::kHeld).fail("a", first("x")).wrongs(), ElementsAre(Wrong::kFalseCancel));
}

TEST(CancelRules, FindTwoCancelsOfOneItem) {
  EXPECT_THAT(waiting().cancel("a", "x", Found::kWaiting).cancel("a", "x", Found::kWaiting).wrongs(),
              Contains(Wrong::kFalseCancel));
}

TEST(CancelRules, FindACancelThatMissesWhatIsThere) {
  EXPECT_THAT(waiting().cancel("a", "x", Found::kNoSuchItem).get("a", first("x")).complete("a", first("x")).wrongs(),
              ElementsAre(Wrong::kFalseCancel));
  EXPECT_THAT(waiting().cancel("a", "x", Found::kGone).get("a", first("x")).complete("a", first("x")).wrongs(),
              Contains(Wrong::kFalseCancel));
  EXPECT_THAT(held().cancel("a", "x", Found::kGone).complete("a", first("x")).wrongs(), Contains(Wrong::kFalseCancel));
}

TEST(CancelRules, FindAnEarlyJoinBeforeTheCancel) {
  EXPECT_THAT(waiting().join("a").cancel("a", "x", Found::kWaiting).wrongs(), ElementsAre(Wrong::kEarlyJoin));
  EXPECT_THAT(waiting().cancel("a", "x", Found::kWaiting).join("a").wrongs(), IsEmpty());
}

TEST(CancelRules, FindAJobThatDoesNotSayThatItWasCancelled) {
  const auto job = [] { return Story().submit({{"a", "x", 7}}).cancel("a", "x", Found::kWaiting); };
  EXPECT_THAT(to_text(job().outcome(7, JobEnd::kCancelled).check()), IsEmpty());
  EXPECT_THAT(job().outcome(7, JobEnd::kSucceeded).wrongs(), ElementsAre(Wrong::kFalseOutcome));
  Story never;
  never.submit({{"a", "x", 7}}).get("a", first("x")).complete("a", first("x")).outcome(7, JobEnd::kCancelled);
  EXPECT_THAT(never.wrongs(), ElementsAre(Wrong::kFalseOutcome));
}

}  // namespace
}  // namespace sluice::crash
