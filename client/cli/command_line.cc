#include "client/cli/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/exit_codes.h"
#include "client/cli/grammar.h"
#include "proto/yaml/duration.h"
#include "proto/yaml/nearest.h"
#include "sluice/client.h"

namespace sluice::cli {
namespace {

// Of CLI11's lists of commands: all of them.
bool every_command(const CLI::App*) { return true; }

// What is wrong with the line. Of a command that does not exist CLI11 says only that one is missing.
std::string complaint(const CLI::App& root, const CLI::Error& error) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  const std::vector<std::string> unknown = root.remaining(true);
  std::vector<std::string> known;
  for (const CLI::App* command : app->get_subcommands(every_command)) known.push_back(command->get_name());
  if (known.empty() || unknown.empty() || unknown.front().starts_with('-')) return error.what();
  return "no command " + yaml::in_quotes(unknown.front()) + "; " + yaml::suggestion(unknown.front(), known);
}

// The tree of commands, and where what was typed goes.
struct Tree {
  Globals globals;
  Command chosen;
  CLI::App root{"Named, closable, bounded queues and pipelines on a Sluice server.", "sluice"};

  Tree();

 private:
  void add_group(const char* heading, void (*add)(CLI::App&, Command&));
};

Tree::Tree() {
  root.require_subcommand(1);
  root.failure_message([](const CLI::App* app, const CLI::Error& error) {
    return "sluice: USAGE: " + complaint(*app, error) + "\nRun with --help for more information.\n";
  });
  // Global options may also stand behind the command.
  root.fallthrough();
  root.add_option("--server", globals.server, "Where the server is: host:port")
      ->envname("SLUICE_SERVER")
      ->type_name("ADDR")
      ->capture_default_str();
  root.add_flag("--json", globals.json, "Print results as JSON with the names of the protos; 64-bit numbers are strings");
  add_duration(root, "--connect-timeout", globals.connect_timeout, "How long the server may take to be there (default 3s)");
  root.footer(
      "Spans of time are written 200ms, 1.5s, 2m, 1h.\n"
      "Exit codes: 0 ok; 1 the operation failed, with its reason on standard error; 2 the command line makes no sense;\n"
      "3 the server cannot be reached; 4 there was nothing to get; 5 something does not move (why); 130 interrupted.");
  root.set_version_flag("--version", "sluice " + std::string(version()), "Print the version");
  add_group("Queues", add_queue_commands);
  add_group("Items", add_item_commands);
  add_group("Jobs", add_job_commands);
  add_group("Pipelines", add_pipeline_commands);
  add_group("Limits", add_limit_commands);
  add_group("Schedules", add_schedule_commands);
  add_group("Watching", add_watch_commands);
  add_group("The server and this program", add_other_commands);
}

// The help lists them under this heading.
void Tree::add_group(const char* heading, void (*add)(CLI::App&, Command&)) {
  const std::size_t before = root.get_subcommands(every_command).size();
  add(root, chosen);
  const auto all = root.get_subcommands(every_command);
  for (std::size_t i = before; i < all.size(); ++i) all[i]->group(heading);
}

// "help put" is "put --help".
std::vector<std::string> words_of(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  // CLI11 knows a set only as the text of its validator: {bash,zsh,fish}.
  std::vector<std::string> choices;
  const std::string text = option.get_type_name();
  const std::size_t open = text.find('{');
  const std::size_t end = text.find('}');
  if (open == std::string::npos || end == std::string::npos) return choices;
  return CLI::detail::split(text.substr(open + 1, end - open - 1), ',');
}

CommandNode node_of(const CLI::App& app) {
  CommandNode node{.name = app.get_name(), .description = app.get_description(), .options = {}, .choices = {}, .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      if (node.choices.empty()) node.choices = choices_of(*option);
      continue;
    }
    OptionNode added;
    for (const std::string& name : option->get_snames()) added.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) added.names.push_back("--" + name);
    added.description = option->get_description();
    added.takes_value = option->get_items_expected_max() > 0;
    added.choices = choices_of(*option);
    added.file = option->get_type_name() == "FILE";
    node.options.push_back(std::move(added));
  }
  for (const CLI::App* command : app.get_subcommands(every_command)) node.commands.push_back(node_of(*command));
  return node;
}

Duration duration_of(const std::string& text) {
  const auto duration = yaml::parse_duration(text);
  if (!duration)
    throw CLI::ConversionError("\"" + text + "\" is not a span of time such as " + std::string(yaml::kDurationExamples));
  return *duration;
}

}  // namespace

CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& target, const std::string& description) {
  return app
      .add_option_function<std::string>(
          name, [&target](const std::string& text) { target = duration_of(text); }, description)
      ->type_name("DUR");
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& target,
                          const std::string& description) {
  return app
      .add_option_function<std::string>(
          name, [&target](const std::string& text) { target = duration_of(text); }, description)
      ->type_name("DUR");
}

CommandLine parse(int argc, const char* const* argv) {
  const auto tree = std::make_unique<Tree>();
  CommandLine line;
  std::vector<std::string> words = words_of(argc, argv);
  std::ranges::reverse(words);  // CLI11 takes them from the back
  try {
    tree->root.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    // Prints help on standard output, complaints on standard error.
    const int code = tree->root.exit(error);
    line.exit_code = code == 0 ? kOk : kUsage;
  }
  line.globals = tree->globals;
  line.command = tree->chosen;
  return line;
}

CommandNode command_tree() { return node_of(std::make_unique<Tree>()->root); }

}  // namespace sluice::cli
