// The checker passes what keys allow, and finds what they forbid.
#include <gmock/gmock.h>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Piece once(const std::string& value, std::uint64_t item) {
  return {.queue = "k", .value = value, .item = item, .dedup_key = "d", .dedup_window = 50'000};
}
Piece alone(const std::string& value, std::uint64_t item) {
  return {.queue = "k", .value = value, .item = item, .unique_key = "u"};
}
Piece in_order(const std::string& value, std::uint64_t item) {
  return {.queue = "k", .value = value, .item = item, .order_key = "o"};
}
Delivery of(const std::string& value, std::uint64_t item, std::uint64_t token) { return {value, item, token, 1}; }

constexpr Micros kLongAfter = 100'000;

TEST(KeyRules, PassADuplicateWithinTheWindowAndASecondItemAfterIt) {
  Story within = Story().put({once("x", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1)).put({once("y", 1)});
  EXPECT_THAT(to_text(within.stored({}).check()), IsEmpty());
  Story after = Story().put({once("x", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1)).later(kLongAfter);
  EXPECT_THAT(to_text(after.put({once("y", 2)}).get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).check()), IsEmpty());
}

TEST(KeyRules, FindASecondItemWithinTheWindow) {
  Story story = Story().put({once("x", 1)}).put({once("y", 2)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1));
  EXPECT_THAT(story.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

TEST(KeyRules, FindADuplicateThatWasPutAllTheSame) {
  Story story = Story().put({once("x", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1)).put({once("y", 1)});
  EXPECT_THAT(story.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

TEST(KeyRules, FindWhatWasLeftOutAfterTheWindow) {
  Story story = Story().put({once("x", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1)).later(kLongAfter);
  EXPECT_THAT(story.put({once("y", 1)}).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

TEST(KeyRules, PassOneItemAfterTheOtherOfAUniqueKey) {
  Story story = Story().put({alone("x", 1)}).put({alone("y", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1));
  EXPECT_THAT(to_text(story.put({alone("z", 2)}).get("k", of("z", 2, 2)).complete("k", of("z", 2, 2)).check()), IsEmpty());
}

TEST(KeyRules, FindTwoUnfinishedItemsOfAUniqueKey) {
  Story story = Story().put({alone("x", 1)}).put({alone("y", 2)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1));
  EXPECT_THAT(story.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

TEST(KeyRules, FindWhatWasLeftOutWhenItsUniqueKeyWasFree) {
  Story done = Story().put({alone("x", 1)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1));
  EXPECT_THAT(done.put({alone("y", 1)}).wrongs(), ElementsAre(Wrong::kKeyBroken));
  Story cancelled = Story().put({alone("x", 1)}).cancel("k", "x", Found::kWaiting, 1);
  EXPECT_THAT(cancelled.put({alone("y", 1)}).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

TEST(KeyRules, PassItemsOfOneKeyInTheirOrder) {
  Story story = Story().put({in_order("x", 1)}).put({in_order("y", 2)}).get("k", of("x", 1, 1)).complete("k", of("x", 1, 1));
  EXPECT_THAT(to_text(story.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).check()), IsEmpty());
  Story unanswered = Story().put({in_order("x", 1)}).put({in_order("y", 2)}).get("k", of("x", 1, 1));
  unanswered.complete("k", of("x", 1, 1)).unknown();
  EXPECT_THAT(to_text(unanswered.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).check()), IsEmpty());
}

TEST(KeyRules, FindTwoItemsOfOneKeyUnderWay) {
  Story story = Story().put({in_order("x", 1)}).put({in_order("y", 2)}).get("k", of("x", 1, 1)).get("k", of("y", 2, 2));
  EXPECT_THAT(story.complete("k", of("x", 1, 1)).complete("k", of("y", 2, 2)).wrongs(), ElementsAre(Wrong::kKeyBroken));
  Story crashed = Story().put({in_order("x", 1)}).put({in_order("y", 2)}).get("k", of("x", 1, 1)).crash();
  crashed.get("k", of("y", 2, 2)).complete("k", of("y", 2, 2)).get("k", {"x", 1, 3, 2}).complete("k", {"x", 1, 3, 2});
  EXPECT_THAT(crashed.wrongs(), ElementsAre(Wrong::kKeyBroken)) << "what a crash took back still comes first";
}

TEST(KeyRules, FindItemsOfOneKeyOutOfOrder) {
  Story story = Story().put({in_order("x", 1)}).put({in_order("y", 2)}).get("k", of("y", 2, 1)).complete("k", of("y", 2, 1));
  EXPECT_THAT(story.get("k", of("x", 1, 2)).complete("k", of("x", 1, 2)).wrongs(), ElementsAre(Wrong::kKeyBroken));
}

}  // namespace
}  // namespace sluice::crash
