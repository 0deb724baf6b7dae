// Pieces of the command line's grammar, for command_line.cc and commands_of_*.cc only: it includes CLI11, which is slow to
// compile.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "client/cli/session.h"

namespace sluice::cli {

using Command = std::function<int(Session&)>;

// Adds a command to `parent` that, when it is typed, makes `chosen` run `function` with its arguments. Returns the two to add
// options to.
template <class Arguments>
struct Added {
  CLI::App& app;
  Arguments& arguments;
};

template <class Arguments, class Function>
Added<Arguments> add_command(CLI::App& parent, Command& chosen, const std::string& name, const std::string& description,
                             Function function) {
  CLI::App& app = *parent.add_subcommand(name, description);
  auto arguments = std::make_shared<Arguments>();
  app.callback([&chosen, arguments, function] {
    chosen = [arguments, function](Session& session) { return function(session, *arguments); };
  });
  return {app, *arguments};
}

// A span of time such as "1.5s". The second form leaves `target` empty when the option is not given.
CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& target, const std::string& description);
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& target,
                          const std::string& description);

void add_queue_commands(CLI::App& root, Command& chosen);
void add_item_commands(CLI::App& root, Command& chosen);
void add_job_commands(CLI::App& root, Command& chosen);
void add_pipeline_commands(CLI::App& root, Command& chosen);
void add_limit_commands(CLI::App& root, Command& chosen);
void add_schedule_commands(CLI::App& root, Command& chosen);
void add_watch_commands(CLI::App& root, Command& chosen);
void add_other_commands(CLI::App& root, Command& chosen);

}  // namespace sluice::cli
