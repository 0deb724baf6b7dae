// The checker passes what is right and finds every kind of wrong.
#include "tests/crash/checker/checker.h"

#include <gmock/gmock.h>

#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Checker, PassesWhatIsRight) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"), {{"b", "y"}});
  story.get("b", {"y", 8, 3, 1}).crash().get("b", {"y", 8, 4, 2}).complete("b", {"y", 8, 3, 1}).refused();
  story.complete("b", {"y", 8, 4, 2}).stored({}).close("a").join("a").look("a", 0, 0);
  EXPECT_THAT(to_text(story.check()), IsEmpty());
  const Counts counts = story.check().counts;
  EXPECT_EQ(counts.values_put, 1U);
  EXPECT_EQ(counts.handed_on, 1U);
  EXPECT_EQ(counts.completed, 2U);
  EXPECT_EQ(counts.redelivered, 1U);
  EXPECT_EQ(counts.refused, 1U);
}

// --- lost ---

TEST(Checker, FindsWhatWasAcknowledgedAndNeverSeen) {
  EXPECT_THAT(Story().put({{"a", "x"}}).wrongs(), ElementsAre(Wrong::kLost));
}

TEST(Checker, LetsAnUnansweredPutHaveHappenedOrNot) {
  EXPECT_THAT(Story().put({{"a", "x"}}).unknown().wrongs(), IsEmpty());
  EXPECT_THAT(Story().put({{"a", "x"}}).unknown().get("a", first("x")).complete("a", first("x")).wrongs(), IsEmpty());
}

TEST(Checker, FindsWhatWasSeenAndThenLost) {
  EXPECT_THAT(Story().put({{"a", "x"}}).unknown().get("a", first("x")).wrongs(), ElementsAre(Wrong::kLost));
  EXPECT_THAT(Story().put({{"a", "x"}}).get("a", first("x")).complete("a", first("x")).refused().wrongs(),
              ElementsAre(Wrong::kLost));
}

TEST(Checker, FindsTheMissingPartOfABatch) {
  Story story;
  story.put({{"a", "x"}, {"a", "y"}}).unknown().get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kLost)) << "all or none";
}

TEST(Checker, FindsALostOutput) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"), {{"b", "y"}});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kLost));
}

TEST(Checker, DoesNotTakeAnUnansweredCompletionForTheEndOfWhatCameBack) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x")).unknown().crash().get("a", second("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kLost));
}

TEST(Checker, FindsWhatIsMissingInTheStore) {
  Story story;
  story.put({{"a", "x"}}).stored({}).get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kLost));
}

TEST(Checker, FindsAHandOffThatLostBothSides) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"), {{"b", "y"}}).unknown().stored({});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kLost));
}

// --- unexpected ---

TEST(Checker, FindsWhatNobodyPut) { EXPECT_THAT(Story().get("a", first("x")).wrongs(), ElementsAre(Wrong::kUnexpected)); }

TEST(Checker, FindsWhatWasRefusedAndIsThere) {
  EXPECT_THAT(Story().put({{"a", "x"}}).refused().get("a", first("x")).complete("a", first("x")).wrongs(),
              ElementsAre(Wrong::kUnexpected));
  EXPECT_THAT(Story().put({{"a", "x"}}).refused().stored({{"a", "x"}}).wrongs(), Contains(Wrong::kUnexpected));
}

TEST(Checker, FindsTheOutputOfARefusedCompletion) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).crash().get("a", second("x")).complete("a", first("x"), {{"b", "y"}}).refused();
  story.get("b", {"y", 8, 9, 1}).complete("b", {"y", 8, 9, 1}).complete("a", second("x"));
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kUnexpected));
}

TEST(Checker, FindsWhatCameOutOfAnotherQueue) {
  EXPECT_THAT(Story().put({{"a", "x"}}).get("b", first("x")).complete("b", first("x")).wrongs(),
              ElementsAre(Wrong::kUnexpected));
  EXPECT_THAT(Story().put({{"s", "x"}}).get("out", first("x")).complete("out", first("x")).wrongs(), IsEmpty());
}

// --- duplicates ---

TEST(Checker, FindsADuplicateWithoutALostLease) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).get("a", second("x")).complete("a", second("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate));
}

TEST(Checker, AllowsADuplicateAfterALostLeaseACrashOrAFail) {
  Story lease;
  lease.put({{"a", "x"}}).get("a", first("x")).later(100'000).get("a", second("x")).complete("a", second("x"));
  EXPECT_THAT(lease.wrongs(), IsEmpty());
  Story crash;
  crash.put({{"a", "x"}}).get("a", first("x")).crash().get("a", second("x")).complete("a", second("x"));
  EXPECT_THAT(crash.wrongs(), IsEmpty());
  Story fail;
  fail.put({{"a", "x"}}).get("a", first("x")).fail("a", first("x")).get("a", second("x")).complete("a", second("x"));
  EXPECT_THAT(fail.wrongs(), IsEmpty());
}

TEST(Checker, FindsWhatWasHandedOutAfterItWasCompleted) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).crash().complete("a", first("x")).get("a", second("x"));
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kDuplicate));
}

TEST(Checker, FindsTwoCompletionsOfOneItem) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).crash().get("a", second("x"));
  story.complete("a", first("x")).complete("a", second("x"));
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kDuplicate)) << "the earlier token is fenced";
}

TEST(Checker, FindsOneValueAsTwoItems) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x")).unknown();
  story.crash().get("a", {"x", 8, 2, 1}).complete("a", {"x", 8, 2, 1});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate)) << "a repeated put must not put twice";
}

TEST(Checker, FindsATokenGivenTwice) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).crash().get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate));
}

TEST(Checker, FindsAnAttemptThatWasNotCounted) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).crash().get("a", {"x", 7, 2, 1}).complete("a", {"x", 7, 2, 1});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate));
}

TEST(Checker, AllowsAnAttemptThatWasGivenBackNotToCount) {
  const Delivery again = {"x", 7, 2, 1};
  Story released;
  released.put({{"a", "x"}}).get("a", first("x")).release("a", first("x")).get("a", again).complete("a", again);
  EXPECT_THAT(released.wrongs(), IsEmpty());
  Story counted;
  counted.put({{"a", "x"}}).get("a", first("x")).release("a", first("x")).unknown().get("a", second("x"));
  counted.complete("a", second("x"));
  EXPECT_THAT(counted.wrongs(), IsEmpty()) << "who is not answered may have been lost";
  Story refused;
  refused.put({{"a", "x"}}).get("a", first("x")).release("a", first("x")).refused().get("a", again).complete("a", again);
  EXPECT_THAT(refused.wrongs(), ElementsAre(Wrong::kDuplicate));
  Story failed;
  failed.put({{"a", "x"}}).get("a", first("x")).fail("a", first("x")).get("a", again).complete("a", again);
  EXPECT_THAT(failed.wrongs(), ElementsAre(Wrong::kDuplicate)) << "a failed attempt counts";
}

// --- streams ---

TEST(Checker, FindsALostPutOfAStream) { EXPECT_THAT(Story().put({{"a", "x"}}).streamed().wrongs(), ElementsAre(Wrong::kLost)); }

TEST(Checker, FindsAnAnswerThatAStreamOwed) {
  Story put;
  put.put({{"a", "x"}}).owed().get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(put.wrongs(), ElementsAre(Wrong::kOwed));
  Story end;
  end.put({{"a", "x"}}).get("a", first("x")).streamed().complete("a", first("x")).owed();
  EXPECT_THAT(end.wrongs(), ElementsAre(Wrong::kOwed));
  Story broken;
  broken.put({{"a", "x"}}).get("a", first("x")).streamed().complete("a", first("x")).unknown().streamed();
  EXPECT_THAT(broken.wrongs(), IsEmpty()) << "a stream that broke owes nothing";
}

TEST(Checker, FindsAnAcknowledgedEndThatACrashTookBack) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).streamed().complete("a", first("x")).streamed().crash().get("a", second("x"));
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kDuplicate));
}

TEST(Checker, FindsALeaseOfAStreamThatRanOut) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).streamed().later(100'000).get("a", second("x")).complete("a", second("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate)) << "it lasts as long as its stream";
}

TEST(Checker, CountsNoAttemptOfAStreamThatTheServerEndedInOrder) {
  const Delivery again = {"x", 7, 2, 1};
  Story streamed;
  streamed.put({{"a", "x"}}).get("a", first("x")).streamed().restart().get("a", again).complete("a", again);
  EXPECT_THAT(streamed.wrongs(), IsEmpty());
  Story killed;
  killed.put({{"a", "x"}}).get("a", first("x")).streamed().crash().get("a", again).complete("a", again);
  EXPECT_THAT(killed.wrongs(), ElementsAre(Wrong::kDuplicate));
  Story unary;
  unary.put({{"a", "x"}}).get("a", first("x")).restart().get("a", again).complete("a", again);
  EXPECT_THAT(unary.wrongs(), ElementsAre(Wrong::kDuplicate)) << "whoever holds it may still work on it";
}

// --- two places ---

TEST(Checker, FindsAnItemInTwoStages) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"), {{"b", "y"}}).unknown().crash();
  story.get("a", second("x")).complete("a", second("x")).get("b", {"y", 8, 5, 1}).complete("b", {"y", 8, 5, 1});
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kTwoPlaces)) << "the output is there, and the input came back";
}

TEST(Checker, FindsAnItemInTwoQueuesOfTheStore) {
  Story story;
  story.put({{"s", "x"}}).stored({{"s", "x"}, {"t", "x"}}).get("out", first("x")).complete("out", first("x"));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kTwoPlaces));
}

TEST(Checker, FindsInputAndOutputInTheStore) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"), {{"b", "y"}}).unknown();
  story.stored({{"a", "x"}, {"b", "y"}});
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kTwoPlaces));
}

TEST(Checker, FindsAnItemThatIsDeadAndAlive) {
  Story story;
  story.put({{"s", "x"}}).get("s.dead", first("x")).complete("s.dead", first("x")).unknown();
  story.get("out", {"x", 9, 2, 1}).complete("out", {"x", 9, 2, 1});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kTwoPlaces));
}

TEST(Checker, FindsWhatTheStoreHoldsAfterItsEnd) {
  Story story;
  story.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x")).stored({{"a", "x"}});
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kDuplicate));
}

// --- capacity, close, join ---

TEST(Checker, FindsADepthAboveTheCapacityAndWhatWasInFlight) {
  EXPECT_THAT(Story().look("a", 3, 3).wrongs(), IsEmpty()) << "one that was in flight may have come back";
  EXPECT_THAT(Story().look("a", 4, 4).wrongs(), ElementsAre(Wrong::kOverCapacity));
  EXPECT_THAT(Story().look("b", 4'000, 4'000).wrongs(), IsEmpty()) << "unbounded";
}

TEST(Checker, FindsAnAcceptAfterTheClose) {
  Story late;
  late.close("a").put({{"a", "x"}}).get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(late.wrongs(), ElementsAre(Wrong::kAfterClose));
  Story unanswered;
  unanswered.close("a").put({{"a", "x"}}).unknown().get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(unanswered.wrongs(), ElementsAre(Wrong::kAfterClose));
  Story beside;
  beside.close("a").put({{"a", "x"}}).begun_before(1).get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(beside.wrongs(), IsEmpty()) << "it began before";
  EXPECT_THAT(Story().close("a").put({{"a", "x"}}).refused().wrongs(), IsEmpty());
}

TEST(Checker, FindsAnEarlyJoin) {
  Story early;
  early.put({{"a", "x"}}).join("a").get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(early.wrongs(), ElementsAre(Wrong::kEarlyJoin));
  Story beside;
  beside.put({{"a", "x"}}).get("a", first("x")).complete("a", first("x")).unknown().join("a").begun_before(2);
  EXPECT_THAT(beside.wrongs(), IsEmpty()) << "the completion may have taken effect";
  Story other;
  other.put({{"a", "x"}}).join("b").get("a", first("x")).complete("a", first("x"));
  EXPECT_THAT(other.wrongs(), IsEmpty());
}

TEST(Checker, FindsAnEarlyJoinThatNoSingleItemProves) {
  Story covered;
  covered.put({{"a", "x"}}).put({{"a", "y"}}).get("a", {"x", 1, 1, 1}).complete("a", {"x", 1, 1, 1});
  covered.get("a", {"y", 2, 2, 1}).join("a").begun_before(3).complete("a", {"y", 2, 2, 1});
  EXPECT_THAT(covered.wrongs(), ElementsAre(Wrong::kEarlyJoin)) << "at any moment one of the two was unfinished";
  Story gap;
  gap.put({{"a", "x"}}).get("a", {"x", 1, 1, 1}).complete("a", {"x", 1, 1, 1}).put({{"a", "y"}}).join("a").begun_before(3);
  gap.get("a", {"y", 2, 2, 1}).complete("a", {"y", 2, 2, 1});
  EXPECT_THAT(gap.wrongs(), IsEmpty()) << "between the two there was a moment";
}

TEST(Checker, FindsWhatIsLeftAfterCloseAndJoin) {
  EXPECT_THAT(Story().close("a").join("a").look("a", 0, 1).wrongs(), ElementsAre(Wrong::kEarlyJoin));
  EXPECT_THAT(Story().close("flow").join("flow").look("t", 1, 1).wrongs(), ElementsAre(Wrong::kEarlyJoin));
  EXPECT_THAT(Story().close("flow").join("flow").look("out", 1, 1).wrongs(), IsEmpty()) << "no stage reads it";
  EXPECT_THAT(Story().join("a").look("a", 0, 1).wrongs(), IsEmpty()) << "an open queue gets new items";
}

TEST(Checker, TellsWhatItFound) {
  Story story;
  story.put({{"a", "x"}}).put({{"a", "y"}});
  EXPECT_EQ(to_text(story.check(), 1), "lost: x: was put into a and never seen\n... and 1 more\n");
  EXPECT_EQ(story.check().count(Wrong::kLost), 2U);
}

}  // namespace
}  // namespace sluice::crash
