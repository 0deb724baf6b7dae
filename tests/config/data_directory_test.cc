#include "server/config/data_directory.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sluice::config {
namespace {

using Variables = std::map<std::string, std::string>;

std::string chosen(const Variables& variables, bool system_wide = false) {
  const auto environment = [&variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return default_data_directory(environment, system_wide).value_or("nowhere").string();
}

TEST(DataDirectory, IsTheFirstThatThereIs) {
  Variables variables{{"STATE_DIRECTORY", "/state/sluice"}, {"XDG_STATE_HOME", "/me/state"}, {"HOME", "/me"}};
  EXPECT_EQ(chosen(variables, true), "/state/sluice");
  variables.erase("STATE_DIRECTORY");
  EXPECT_EQ(chosen(variables, true), "/var/lib/sluice");
  EXPECT_EQ(chosen(variables), "/me/state/sluice");
  variables.erase("XDG_STATE_HOME");
  EXPECT_EQ(chosen(variables), "/me/.local/state/sluice");
  variables.erase("HOME");
  EXPECT_EQ(chosen(variables), "nowhere");
  EXPECT_EQ(chosen(variables, true), "/var/lib/sluice");
}

TEST(DataDirectory, IsTheFirstOfSeveralThatSystemdGives) {
  EXPECT_EQ(chosen({{"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}}), "/var/lib/a");
}

TEST(DataDirectory, IsNeverRelativeToWhereTheServerWasStarted) {
  EXPECT_EQ(chosen({{"STATE_DIRECTORY", "state"}, {"XDG_STATE_HOME", "xdg"}, {"HOME", "/me"}}), "/me/.local/state/sluice");
  EXPECT_EQ(chosen({{"HOME", "."}}), "nowhere");
}

}  // namespace
}  // namespace sluice::config
