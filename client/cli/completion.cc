#include "client/cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"

namespace sluice::cli {
namespace {

// Safe between single quotes of bash and zsh, and there without the brackets and colons that mean something to zsh.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      out += fmt::format("\\{}", c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string fish_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string> names_of(const std::vector<CommandNode>& commands) {
  std::vector<std::string> names;
  for (const CommandNode& command : commands) names.push_back(command.name);
  return names;
}

// Calls `visit(path, node)` for the root ("") and every command below it ("pipeline create").
template <class Visit>
void walk(const CommandNode& node, const std::string& path, const Visit& visit) {
  visit(path, node);
  for (const CommandNode& child : node.commands) walk(child, path.empty() ? child.name : path + ' ' + child.name, visit);
}

std::string bash_case(const std::string& path, const CommandNode& node) {
  std::vector<std::string> words = names_of(node.commands);
  words.insert(words.end(), node.choices.begin(), node.choices.end());
  for (const OptionNode& option : node.options) words.insert(words.end(), option.names.begin(), option.names.end());
  return fmt::format("    '{}') words='{}' ;;\n", path, fmt::join(words, " "));
}

std::string bash_value_case(const std::string& path, const OptionNode& option) {
  std::string patterns;
  for (const std::string& name : option.names) patterns += fmt::format("{}'{} {}'", patterns.empty() ? "" : "|", path, name);
  if (option.file) return fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", patterns);
  return fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", patterns,
                     fmt::join(option.choices, " "));
}

// zsh's _arguments takes one such word for every option.
std::string zsh_option(const OptionNode& option) {
  std::string out;
  for (const std::string& name : option.names) {
    const std::string value = option.file ? ":file:_files" : fmt::format(":value:({})", fmt::join(option.choices, " "));
    out += fmt::format(" \\\n        '{}[{}]{}'", name, quoted(option.description), option.takes_value ? value : "");
  }
  return out;
}

std::string zsh_commands(const CommandNode& node) {
  std::string out;
  for (const CommandNode& command : node.commands) {
    out += fmt::format(" '{}:{}'", command.name, quoted(command.description));
  }
  for (const std::string& choice : node.choices) out += fmt::format(" '{}'", choice);
  return out;
}

std::string fish_option(const std::string& condition, const OptionNode& option) {
  std::string line = fmt::format("complete -c sluice -n '{}'", condition);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  if (option.takes_value) line += option.file ? " -r -F" : " -x";
  if (!option.choices.empty()) line += fmt::format(" -a '{}'", fmt::join(option.choices, " "));
  return line + fmt::format(" -d '{}'\n", fish_quoted(option.description));
}

}  // namespace

std::string bash_completion(const CommandNode& root) {
  std::string values;
  std::string words;
  std::string commands;
  walk(root, "", [&](const std::string& path, const CommandNode& node) {
    words += bash_case(path, node);
    if (!path.empty()) commands += fmt::format("{}'{}'", commands.empty() ? "" : "|", path);
    for (const OptionNode& option : node.options) {
      if (option.takes_value) values += bash_value_case(path, option);
    }
  });
  return fmt::format(R"(# bash completion of sluice: source <(sluice completion bash)
_sluice() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{path:+$path }}${{COMP_WORDS[i]}}" in
      {}) path="${{path:+$path }}${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$path ${{COMP_WORDS[COMP_CWORD-1]}}" in
{}  esac
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o bashdefault -o default -F _sluice sluice
)",
                     commands, values, words);
}

std::string zsh_completion(const CommandNode& root) {
  std::string out = R"(#compdef sluice
# zsh completion of sluice: source <(sluice completion zsh), or as the file _sluice in a directory of $fpath.
_sluice() {
  local path='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "${path:+$path }${words[i]}" in
)";
  walk(root, "", [&out](const std::string& path, const CommandNode&) {
    if (!path.empty()) out += fmt::format("      '{0}') path='{0}' ;;\n", path);
  });
  out += "    esac\n  done\n  local -a commands\n  case \"$path\" in\n";
  walk(root, "", [&out](const std::string& path, const CommandNode& node) {
    out += fmt::format("    '{}')\n      commands=({})\n      _arguments -s -S", path, zsh_commands(node));
    for (const OptionNode& option : node.options) out += zsh_option(option);
    out += " \\\n        '*: :_sluice_words' ;;\n";
  });
  return out + R"(  esac
}
_sluice_words() {
  if (( ${#commands} )); then _describe command commands; else _files; fi
}
if [ "$funcstack[1]" = _sluice ]; then _sluice "$@"; else compdef _sluice sluice; fi
)";
}

std::string fish_completion(const CommandNode& root) {
  std::string out = "# fish completion of sluice: sluice completion fish | source\n";
  walk(root, "", [&out](const std::string& path, const CommandNode& node) {
    // A command is meant when its words have been seen and none of its own commands yet.
    std::string condition = path.empty() ? "__fish_use_subcommand" : "";
    for (std::size_t from = 0; from < path.size();) {
      const std::size_t end = std::min(path.find(' ', from), path.size());
      condition +=
          fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", path.substr(from, end - from));
      from = end + 1;
    }
    if (!path.empty() && !node.commands.empty()) {
      condition += fmt::format("; and not __fish_seen_subcommand_from {}", fmt::join(names_of(node.commands), " "));
    }
    for (const CommandNode& command : node.commands) {
      out += fmt::format("complete -c sluice -f -n '{}' -a {} -d '{}'\n", condition, command.name,
                         fish_quoted(command.description));
    }
    if (!node.choices.empty()) {
      out += fmt::format("complete -c sluice -f -n '{}' -a '{}'\n", condition, fmt::join(node.choices, " "));
    }
    for (const OptionNode& option : node.options) out += fish_option(condition, option);
  });
  return out;
}

int completion(const CommandNode& root, const CompletionArguments& arguments) {
  if (arguments.shell == "bash") print(bash_completion(root));
  if (arguments.shell == "zsh") print(zsh_completion(root));
  if (arguments.shell == "fish") print(fish_completion(root));
  return kOk;
}

}  // namespace sluice::cli
