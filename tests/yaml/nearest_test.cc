#include "proto/yaml/nearest.h"

#include <vector>

#include <gtest/gtest.h>

namespace sluice::yaml {
namespace {

std::vector<std::string> keys() { return {"capacity", "order", "lease_duration", "retry"}; }

TEST(Nearest, FindsWhatWasMeant) {
  const auto known = keys();
  EXPECT_EQ(nearest("capcity", known), "capacity");
  EXPECT_EQ(nearest("rerty", known), "retry");
  EXPECT_EQ(nearest("odrer", known), "order");
  EXPECT_EQ(nearest("Order", known), "order");
  EXPECT_EQ(nearest("leaseDuration", known), "lease_duration");
  EXPECT_EQ(nearest("lease-duration", known), "lease_duration");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  const auto known = keys();
  EXPECT_EQ(nearest("workers", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), known), "");
}

TEST(Suggestion, ListsWhatIsKnownInstead) {
  const auto known = keys();
  EXPECT_EQ(suggestion("x", known), R"(known are "capacity", "order", "lease_duration" and "retry")");
  EXPECT_EQ(suggestion("ordr", known), R"(did you mean "order"?)");
  EXPECT_TRUE(suggestion("x", std::vector<std::string>(50, "name")).ends_with("\"name\" and others"));
}

TEST(InQuotes, IsShortAndPrintable) {
  EXPECT_EQ(in_quotes("a\"b\n"), R"("a\"b\x0a")");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "\"...");
  EXPECT_EQ(in_quotes(std::string(59, 'a') + "\xc3\xa9"), "\"" + std::string(59, 'a') + "\"...");
}

}  // namespace
}  // namespace sluice::yaml
