#include "proto/yaml/nearest.h"

#include <vector>

#include <gtest/gtest.h>

namespace sluice::yaml {
namespace {

const std::vector<std::string> kKeys = {"capacity", "order", "lease_duration", "retry"};

TEST(Nearest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("capcity", kKeys), "capacity");
  EXPECT_EQ(nearest("rerty", kKeys), "retry");
  EXPECT_EQ(nearest("odrer", kKeys), "order");
  EXPECT_EQ(nearest("Order", kKeys), "order");
  EXPECT_EQ(nearest("leaseDuration", kKeys), "lease_duration");
  EXPECT_EQ(nearest("lease-duration", kKeys), "lease_duration");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("workers", kKeys), "");
  EXPECT_EQ(nearest("", kKeys), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), kKeys), "");
}

TEST(Suggestion, ListsWhatIsKnownInstead) {
  EXPECT_EQ(suggestion("x", kKeys), R"(known are "capacity", "order", "lease_duration" and "retry")");
  EXPECT_EQ(suggestion("ordr", kKeys), R"(did you mean "order"?)");
  EXPECT_TRUE(suggestion("x", std::vector<std::string>(50, "name")).ends_with("\"name\" and others"));
}

TEST(InQuotes, IsShortAndPrintable) {
  EXPECT_EQ(in_quotes("a\"b\n"), R"("a\"b\x0a")");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "\"...");
  EXPECT_EQ(in_quotes(std::string(59, 'a') + "\xc3\xa9"), "\"" + std::string(59, 'a') + "\"...");
}

}  // namespace
}  // namespace sluice::yaml
