#include "client/src/parts.h"

#include <vector>

#include <gtest/gtest.h>

namespace sluice::internal {
namespace {

TEST(FirstPart, TakesWhatBothLimitsAllow) {
  const std::vector<std::size_t> sizes = {10, 10, 10, 10};
  EXPECT_EQ(first_part(sizes, {.items = 100, .bytes = 100}), 4u);
  EXPECT_EQ(first_part(sizes, {.items = 3, .bytes = 100}), 3u);
  EXPECT_EQ(first_part(sizes, {.items = 100, .bytes = 20}), 2u);
  EXPECT_EQ(first_part(sizes, {.items = 100, .bytes = 19}), 1u);
}

TEST(FirstPart, TakesOneThatIsTooLargeForTheServerToRefuse) {
  EXPECT_EQ(first_part(std::vector<std::size_t>{1000, 1}, {.items = 10, .bytes = 100}), 1u);
}

TEST(FirstPart, IsNothingOfNothing) { EXPECT_EQ(first_part({}, {.items = 10, .bytes = 100}), 0u); }

TEST(PartItems, IsHalfTheCapacityWithinTheServersLimit) {
  EXPECT_EQ(part_items(0), 10'000u);
  EXPECT_EQ(part_items(1), 1u);
  EXPECT_EQ(part_items(2), 1u);
  EXPECT_EQ(part_items(10), 5u);
  EXPECT_EQ(part_items(100'000'000), 10'000u);
}

}  // namespace
}  // namespace sluice::internal
