// The checker finds more at once than a limit allows, and counts nobody who may have been done.
#include <gmock/gmock.h>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Delivery of(const std::string& value, std::uint64_t item, std::uint64_t token) { return {value, item, token, 1}; }

Story two_put() { return Story().put({{"l", "x"}}).put({{"m", "y"}}).get("l", of("x", 1, 1)).streamed(); }
Story& end_both(Story& story) { return story.complete("l", of("x", 1, 9)).complete("m", of("y", 2, 9)); }

TEST(LimitRules, PassOneAfterTheOther) {
  Story story = two_put().complete("l", of("x", 1, 1)).get("m", of("y", 2, 2)).streamed().complete("m", of("y", 2, 2));
  EXPECT_THAT(to_text(story.check()), IsEmpty());
  EXPECT_EQ(story.check().counts.most_at_once, 1U);
}

TEST(LimitRules, FindTwoAtOnceInTwoQueues) {
  Story story = two_put().get("m", of("y", 2, 2)).streamed().complete("l", of("x", 1, 1)).complete("m", of("y", 2, 2));
  EXPECT_THAT(story.wrongs(), ElementsAre(Wrong::kOverLimit));
}

TEST(LimitRules, CountNobodyWhoMayHaveBeenDone) {
  Story unanswered = two_put().complete("l", of("x", 1, 1)).unknown().get("m", of("y", 2, 2)).streamed();
  EXPECT_THAT(unanswered.complete("m", of("y", 2, 2)).wrongs(), IsEmpty()) << "a completion that waits for room";
  Story vanished = two_put().fail("l", of("x", 1, 1)).unknown().get("m", of("y", 2, 2)).streamed();
  EXPECT_THAT(end_both(vanished).wrongs(), IsEmpty()) << "a stream that broke";
  Story killed = two_put().crash().get("m", of("y", 2, 2)).streamed();
  EXPECT_THAT(end_both(killed).wrongs(), IsEmpty()) << "nothing is held after a crash";
  Story cancelled = Story().put({{"l", "x", 1}}).put({{"m", "y", 2}}).get("l", of("x", 1, 1)).streamed();
  cancelled.cancel("l", "x", Found::kHeld, 1).get("m", of("y", 2, 2)).streamed();
  EXPECT_THAT(cancelled.complete("m", of("y", 2, 2)).wrongs(), IsEmpty()) << "what was cancelled is held by nobody";
}

}  // namespace
}  // namespace sluice::crash
