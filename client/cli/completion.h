// Completion scripts for shells, made from the tree of commands.
#pragma once

#include <string>
#include <vector>

namespace sluice::cli {

struct OptionNode {
  std::vector<std::string> names;  // with their dashes: "-n", "--count"
  std::string description;
  bool takes_value = false;
  std::vector<std::string> choices;  // of the value, where it has few
  bool file = false;                 // the value is a file's name
};

struct CommandNode {
  std::string name;
  std::string description;
  std::vector<OptionNode> options;
  std::vector<std::string> choices;  // of its first positional argument, where it has few
  std::vector<CommandNode> commands;
};

[[nodiscard]] std::string bash_completion(const CommandNode& root);
[[nodiscard]] std::string zsh_completion(const CommandNode& root);
[[nodiscard]] std::string fish_completion(const CommandNode& root);

}  // namespace sluice::cli
