#include <cstdlib>

#include <gtest/gtest.h>

#include "sluice/client.h"

namespace sluice {
namespace {

TEST(DefaultAddress, IsWhatTheEnvironmentSays) {
  ::unsetenv("SLUICE_SERVER");
  EXPECT_EQ(default_address(), kDefaultAddress);
  ::setenv("SLUICE_SERVER", "", 1);
  EXPECT_EQ(default_address(), kDefaultAddress);
  ::setenv("SLUICE_SERVER", "queues.example:7410", 1);
  EXPECT_EQ(default_address(), "queues.example:7410");
  ::unsetenv("SLUICE_SERVER");
}

}  // namespace
}  // namespace sluice
