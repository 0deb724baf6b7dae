#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/grammar.h"

namespace sluice::cli {
namespace {

void add_schedule_name(CLI::App& app, std::string& target) {
  app.add_option("name", target, "The schedule's name")->required();
}

// What a schedule is made of; returns the two ways to say when it ticks.
std::pair<CLI::Option*, CLI::Option*> add_spec(CLI::App& app, ScheduleArguments& arguments) {
  auto* cron = app.add_option("--cron", arguments.cron,
                              "A tick at these times: minute, hour, day of the month, month, day of the week, such as "
                              "'*/15 9-17 * * mon-fri'; or @daily and the like")
                   ->type_name("CRON");
  auto* every = add_duration(app, "--every", arguments.every, "A tick so often, from now on; 10ms to 366 days")->excludes(cron);
  app.add_option("--time-zone", arguments.time_zone, "Of --cron, such as Europe/Berlin (default: UTC)")
      ->type_name("ZONE")
      ->excludes(every);
  auto* payload = app.add_option("--payload", arguments.payload, "What each tick puts (default: nothing)")->type_name("TEXT");
  app.add_option("--file", arguments.file, "The same, from this file; - is standard input")
      ->type_name("FILE")
      ->excludes(payload);
  app.add_option("--attr", arguments.attributes, "An attribute of every item; at an update they replace those that are there")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check(check_attribute);
  app.add_option("--priority", arguments.priority, "In a priority queue the smallest is handed out first");
  app.add_option("--catch-up", arguments.catch_up,
                 "Of ticks that were missed, so many are made up for, the latest; 0 = none (default 1)");
  return {cron, every};
}

void add_changes(CLI::App& group, Command& chosen) {
  {
    auto [app, arguments] = add_command<ScheduleArguments>(group, chosen, "create", "Put items by the clock", schedule_create);
    add_schedule_name(app, arguments.name);
    app.add_option("queue", arguments.queue, "The queue that they go to")->required();
    const auto [cron, every] = add_spec(app, arguments);
    app.parse_complete_callback([cron = cron, every = every] {
      if (cron->count() + every->count() == 0) throw CLI::ValidationError("create", "give --cron or --every");
    });
    app.footer(
        "Each item also has the attributes sluice-schedule and sluice-tick: the schedule's name, and when the tick was due.");
  }
  {
    auto [app, arguments] = add_command<ScheduleArguments>(
        group, chosen, "update", "Change a schedule; what is not given stays as it is", schedule_update);
    add_schedule_name(app, arguments.name);
    app.add_option("queue", arguments.queue, "Another queue for what comes");
    add_spec(app, arguments);
  }
}

}  // namespace

void add_schedule_commands(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("schedule", "Create and manage schedules, which put items by the clock");
  group.require_subcommand(1);
  add_changes(group, chosen);
  struct None {};
  add_command<None>(group, chosen, "ls", "List schedules",
                    [](Session& session, const None&) { return schedule_list(session); });
  const auto add_named = [&](const char* name, const char* description, int (*function)(Session&, const NameArguments&)) {
    auto [app, arguments] = add_command<NameArguments>(group, chosen, name, description, function);
    add_schedule_name(app, arguments.name);
  };
  add_named("show", "Show a schedule, its next ticks and what became of those before", schedule_show);
  add_named("pause", "No more ticks, and none made up for", schedule_pause);
  add_named("resume", "Go on with the next tick", schedule_resume);
  add_named("rm", "Delete a schedule; its items stay", schedule_remove);
}

}  // namespace sluice::cli
