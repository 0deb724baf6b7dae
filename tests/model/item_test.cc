#include "server/model/item.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "server/model/states.h"

namespace sluice::model {
namespace {

using enum ItemState;

constexpr std::array kAll = {kWaiting, kDelayed, kLeased, kDone, kDeadLettered, kDiscarded, kCancelled, kExpired, kRedriven};

TEST(BodyTest, BytesCountPayloadKeysAndValues) {
  EXPECT_EQ(Body{}.bytes(), 0U);
  EXPECT_EQ((Body{.payload = std::string("a\0b", 3), .attributes = {}}.bytes()), 3U);
  EXPECT_EQ((Body{.payload = "xyz", .attributes = {{"key", "value"}, {"k", ""}}}.bytes()), 3U + 8U + 1U);
}

TEST(ItemStateTest, ChangesAreThoseOfThePicture) {
  const std::vector<std::pair<ItemState, ItemState>> allowed = {
      {kDelayed, kWaiting},  {kDelayed, kDiscarded}, {kDelayed, kCancelled}, {kDelayed, kExpired},     {kDelayed, kRedriven},
      {kWaiting, kLeased},   {kWaiting, kDiscarded}, {kWaiting, kCancelled}, {kWaiting, kExpired},     {kWaiting, kRedriven},
      {kLeased, kWaiting},   {kLeased, kDelayed},    {kLeased, kDone},       {kLeased, kDeadLettered}, {kLeased, kDiscarded},
      {kLeased, kCancelled}, {kLeased, kExpired}};
  for (const ItemState from : kAll) {
    for (const ItemState to : kAll) {
      const bool expected = std::find(allowed.begin(), allowed.end(), std::pair(from, to)) != allowed.end();
      EXPECT_EQ(may_change(from, to), expected) << static_cast<int>(from) << " -> " << static_cast<int>(to);
    }
  }
}

TEST(ItemStateTest, NothingLeavesATerminalState) {
  for (const ItemState state : {kWaiting, kDelayed, kLeased}) EXPECT_FALSE(is_terminal(state));
  for (const ItemState state : {kDone, kDeadLettered, kDiscarded, kCancelled, kExpired, kRedriven}) {
    EXPECT_TRUE(is_terminal(state));
  }
}

}  // namespace
}  // namespace sluice::model
