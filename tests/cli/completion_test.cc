#include "client/cli/completion.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/command_line.h"

namespace sluice::cli {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

const CommandNode& child(const CommandNode& node, const std::string& name) {
  for (const CommandNode& command : node.commands) {
    if (command.name == name) return command;
  }
  throw std::out_of_range("no command " + name);
}

const OptionNode& option(const CommandNode& node, const std::string& name) {
  for (const OptionNode& each : node.options) {
    if (std::find(each.names.begin(), each.names.end(), name) != each.names.end()) return each;
  }
  throw std::out_of_range("no option " + name);
}

TEST(CommandTree, HasEveryCommandWithItsOptions) {
  const CommandNode root = command_tree();
  EXPECT_EQ(root.name, "sluice");
  for (const char* name : {"create", "ls", "put", "get", "work", "workers", "why", "join", "pipeline", "stage", "top", "stats",
                           "bench", "health", "completion"}) {
    EXPECT_THAT(root.commands, Contains(Field(&CommandNode::name, name)));
  }
  EXPECT_TRUE(option(root, "--server").takes_value);
  EXPECT_FALSE(option(root, "--json").takes_value);
  EXPECT_THAT(option(child(root, "create"), "--order").choices, testing::ElementsAre("fifo", "lifo", "priority"));
  EXPECT_TRUE(option(child(child(root, "pipeline"), "create"), "-f").file);
  EXPECT_THAT(child(root, "completion").choices, testing::ElementsAre("bash", "zsh", "fish"));
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_described(const std::string& page, const std::string& path, const CommandNode& node) {
  if (node.commands.empty()) {
    EXPECT_THAT(page, HasSubstr(path)) << "docs/cli.md does not have the command";
  }
  for (const OptionNode& each : node.options) {
    const bool named = std::any_of(each.names.begin(), each.names.end(),
                                   [&page](const std::string& name) { return page.find(name) != std::string::npos; });
    EXPECT_TRUE(named) << "docs/cli.md does not have " << path << ' ' << each.names.back();
  }
  for (const CommandNode& command : node.commands) {
    expect_described(page, path.empty() ? command.name : path + ' ' + command.name, command);
  }
}

TEST(CommandTree, IsDescribedInTheDocuments) {
  const std::string page = read(SLUICE_CLI_DOCUMENT);
  ASSERT_FALSE(page.empty());
  expect_described(page, "", command_tree());
}

TEST(Completion, KeepsDescriptionsFromBreakingOut) {
  const CommandNode root{.name = "sluice",
                         .description = "",
                         .options = {{.names = {"--a"}, .description = "it's [odd]: $(x)"}},
                         .choices = {},
                         .commands = {{.name = "b", .description = "don't"}}};
  EXPECT_THAT(zsh_completion(root), HasSubstr(R"('--a[it'\''s \[odd\]\: $(x)]')"));
  EXPECT_THAT(fish_completion(root), HasSubstr(R"(-d 'don\'t')"));
  EXPECT_THAT(bash_completion(root), testing::Not(HasSubstr("don't")));
}

TEST(Completion, OfFishAsksForTheWholeWay) {
  EXPECT_THAT(
      fish_completion(command_tree()),
      HasSubstr("-n '__fish_seen_subcommand_from pipeline; and __fish_seen_subcommand_from create' -s f -l file -r -F"));
}

}  // namespace
}  // namespace sluice::cli
