// What stays with a child that reads no more, and what can go to another.
#include "server/handlers/coprocess/hand.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::handlers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

JobPtr job(std::uint64_t id) {
  return std::make_shared<Job>(Input{.item = model::ItemId{id}, .body = std::make_shared<const model::Body>()});
}

class HandTest : public ::testing::Test {
 protected:
  HandTest() {
    hand_.give(first_);
    hand_.give(second_);
  }

  Hand hand_{2, 0, std::nullopt};
  const JobPtr first_ = job(1);
  const JobPtr second_ = job(2);
};

TEST_F(HandTest, GivesBackWhatWasNotWrittenYet) {
  EXPECT_THAT(hand_.close(), ElementsAre(first_, second_));
  EXPECT_THAT(hand_.take_unbegun(), IsEmpty());
}

// Such a child may end at once, each time, before anything can be written to it.
TEST_F(HandTest, KeepsOneForTheEndOfAChildThatReadNothing) {
  EXPECT_THAT(hand_.close_unread(), ElementsAre(second_));
  EXPECT_FALSE(hand_.take_back(*first_));
  EXPECT_THAT(hand_.take_begun(), IsEmpty());
  EXPECT_THAT(hand_.take_unbegun(), ElementsAre(first_));
}

TEST_F(HandTest, KeepsNoneOfAChildThatReadSomething) {
  ASSERT_THAT(hand_.stage(1), ElementsAre(first_));
  hand_.begin(1, {});
  EXPECT_THAT(hand_.close_unread(), ElementsAre(second_));
  EXPECT_THAT(hand_.take_begun(), ElementsAre(first_));
}

TEST_F(HandTest, KeepsNoneOfAChildThatAnswered) {
  ASSERT_THAT(hand_.stage(1), ElementsAre(first_));
  hand_.begin(1, {});
  ASSERT_EQ(hand_.take(model::ItemId{1}), first_);
  EXPECT_THAT(hand_.close_unread(), ElementsAre(second_));
}

}  // namespace
}  // namespace sluice::handlers
