// The checker passes what expires, and finds what expires wrongly, and accounts that are wrong.
#include <gmock/gmock.h>

#include "tests/crash/checker/checker.h"
#include "tests/crash/checker/story.h"

namespace sluice::crash {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Micros kTime = 50'000;
// Whoever finds it then has been promised not to.
constexpr Micros kLongAfter = 100'000;

Story put(const std::string& queue = "a") {
  return Story().put({{.queue = queue, .value = "x", .item = 7, .time_to_live = kTime}});
}

TEST(ExpiryRules, PassWhatExpires) {
  EXPECT_THAT(to_text(put().later(kLongAfter).stored({}).close("a").join("a").check()), IsEmpty()) << "dropped";
  Story kept = put("b").later(kLongAfter).stored({{"b.dead", "x"}}).get("b.dead", first("x"));
  EXPECT_THAT(to_text(kept.complete("b.dead", first("x")).check()), IsEmpty());
  Story held = put().get("a", first("x")).later(kLongAfter).complete("a", first("x"));
  EXPECT_THAT(to_text(held.check()), IsEmpty()) << "what is held is left alone";
}

TEST(ExpiryRules, FindWhatCameOutWhenItsTimeWasOver) {
  EXPECT_THAT(put().later(kLongAfter).get("a", first("x")).complete("a", first("x")).wrongs(), ElementsAre(Wrong::kLate));
  Story beside = put().later(kLongAfter).get("a", first("x")).complete("a", first("x")).unknown();
  EXPECT_THAT(beside.wrongs(), ElementsAre(Wrong::kLate));
}

TEST(ExpiryRules, FindWhatVanishedBeforeItsTime) {
  EXPECT_THAT(put().stored({}).later(kLongAfter).close("a").wrongs(), ElementsAre(Wrong::kLost));
  EXPECT_THAT(put().join("a").later(kLongAfter).close("a").wrongs(), ElementsAre(Wrong::kEarlyJoin));
}

TEST(ExpiryRules, FindADeadLetterThatIsMissing) {
  EXPECT_THAT(put("b").later(kLongAfter).close("b").wrongs(), ElementsAre(Wrong::kLost));
}

TEST(ExpiryRules, FindWhatWasBothDoneAndExpired) {
  Story story = put("b").get("b", first("x")).complete("b", first("x")).later(kLongAfter).get("b.dead", second("x"));
  EXPECT_THAT(story.wrongs(), Contains(Wrong::kDuplicate));
}

TEST(ExpiryRules, FindAnAccountThatIsWrong) {
  const auto expired = [] { return put().later(kLongAfter); };
  EXPECT_THAT(to_text(expired().count({.queue = "a", .put = 1, .expired = 1}).check()), IsEmpty());
  EXPECT_THAT(expired().count({.queue = "a", .put = 1}).wrongs(), Contains(Wrong::kMiscounted)) << "it ended in no way";
  EXPECT_THAT(expired().count({.queue = "a", .put = 1, .dead_lettered = 1}).wrongs(), ElementsAre(Wrong::kMiscounted))
      << "it vanished and was not counted";
  const auto done = [] { return put().get("a", first("x")).complete("a", first("x")); };
  EXPECT_THAT(to_text(done().count({.queue = "a", .put = 1, .done = 1}).check()), IsEmpty());
  EXPECT_THAT(done().count({.queue = "a", .put = 1, .done = 1, .expired = 1}).wrongs(), ElementsAre(Wrong::kMiscounted))
      << "in two ways";
  EXPECT_THAT(done().count({.queue = "a", .put = 1, .cancelled = 1}).wrongs(),
              ElementsAre(Wrong::kMiscounted, Wrong::kMiscounted))
      << "not done, and cancelled by nobody";
}

TEST(ExpiryRules, FindAJobThatDoesNotSayThatItExpired) {
  const auto job = [] {
    return Story().submit({{.queue = "a", .value = "x", .item = 7, .time_to_live = kTime}}).later(kLongAfter);
  };
  EXPECT_THAT(to_text(job().outcome(7, JobEnd::kExpired).check()), IsEmpty());
  EXPECT_THAT(job().outcome(7, JobEnd::kSucceeded).wrongs(), ElementsAre(Wrong::kFalseOutcome));
  Story had_time;
  had_time.submit({{"a", "x", 7}}).get("a", first("x")).complete("a", first("x")).outcome(7, JobEnd::kExpired);
  EXPECT_THAT(had_time.wrongs(), ElementsAre(Wrong::kFalseOutcome));
}

}  // namespace
}  // namespace sluice::crash
