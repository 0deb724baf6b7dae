#include "client/cli/commands.h"
#include "client/cli/grammar.h"

namespace sluice::cli {
namespace {

void add_limit_name(CLI::App& app, std::string& target) { app.add_option("name", target, "The limit's name")->required(); }

void add_bounds(CLI::App& app, LimitArguments& arguments) {
  add_limit_name(app, arguments.name);
  app.add_option("--at-once", arguments.at_once, "Items that all its stages together may be at; 0 = any number");
  app.add_option("--rate", arguments.rate, "Items a second that are handed out to them; 0 = any number");
  app.add_option("--burst", arguments.burst, "How many of them at once after a pause (default 1)");
}

}  // namespace

void add_limit_commands(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("limit", "Create and manage limits that stages share");
  group.require_subcommand(1);
  {
    auto [app, arguments] = add_command<LimitArguments>(group, chosen, "create", "Create a limit", limit_create);
    add_bounds(app, arguments);
  }
  {
    auto [app, arguments] =
        add_command<LimitArguments>(group, chosen, "update", "Change a limit; it holds at once", limit_update);
    add_bounds(app, arguments);
  }
  struct None {};
  add_command<None>(group, chosen, "ls", "List limits", [](Session& session, const None&) { return limit_list(session); });
  {
    auto [app, arguments] =
        add_command<NameArguments>(group, chosen, "show", "Show a limit, who uses it and who waits for it", limit_show);
    add_limit_name(app, arguments.name);
  }
  {
    auto [app, arguments] = add_command<NameArguments>(group, chosen, "rm", "Delete a limit that no stage names", limit_remove);
    add_limit_name(app, arguments.name);
  }
}

}  // namespace sluice::cli
