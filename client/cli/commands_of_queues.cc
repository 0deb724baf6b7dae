#include "client/cli/commands.h"
#include "client/cli/grammar.h"

namespace sluice::cli {
namespace {

void add_queue_name(CLI::App& app, std::string& target) { app.add_option("name", target, "The queue's name")->required(); }

void add_settings(CLI::App& app, SettingsArguments& settings, bool with_order) {
  app.add_option("--capacity", settings.capacity,
                 "Items that may wait before puts are held back; 0 = unbounded (default 1000)");
  if (with_order) {
    app.add_option("--order", settings.order, "fifo (default), lifo or priority: the smallest first")
        ->check(CLI::IsMember({"fifo", "lifo", "priority"}));
  }
  add_duration(app, "--lease", settings.lease, "How long a consumer keeps an item (default 60s)");
  app.add_option("--max-attempts", settings.max_attempts, "How often an item is handed out at most; 0 = no limit (default 5)");
  add_duration(app, "--backoff", settings.backoff, "The wait before the first retry (default 1s)");
  add_duration(app, "--max-backoff", settings.max_backoff, "The longest wait before a retry (default 5m)");
  app.add_option("--max-lost", settings.max_lost,
                 "How many attempts may be lost with their consumer, apart from --max-attempts; 0 (default) = not apart");
  app.add_option("--final-exit-codes", settings.final_exit_codes,
                 "Exit codes that are not tried again, such as 2,64 (default none; -1: none again)")
      ->delimiter(',')
      ->type_name("CODES");
  app.add_option("--dead-letter", settings.dead_letter, "The queue for items given up (default NAME.dead); \"-\" drops them");
  app.add_option("--durability", settings.durability,
                 "sync (default): survives a crash; memory: at once, and lost when the server ends")
      ->check(CLI::IsMember({"sync", "memory"}));
  add_duration(app, "--ttl", settings.time_to_live,
               "How long an item may wait and be delayed before it expires; 0 = for ever (default)");
  app.add_option("--dead-letter-expired", settings.dead_letter_expired,
                 "Whether expired items become dead letters: true or false (default)")
      ->type_name("BOOL");
  add_duration(app, "--dedup-window", settings.dedup_window, "How long a deduplication key keeps out others (default 10m)");
}

void add_create(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<CreateArguments>(root, chosen, "create", "Create a queue", create);
  add_queue_name(app, arguments.name);
  add_settings(app, arguments.settings, true);
  app.add_flag("--if-missing", arguments.if_missing, "Leave a queue of that name as it is");
}

void add_update(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<UpdateArguments>(root, chosen, "update", "Change a queue's settings", update);
  add_queue_name(app, arguments.name);
  add_settings(app, arguments.settings, false);
}

}  // namespace

void add_queue_commands(CLI::App& root, Command& chosen) {
  add_create(root, chosen);
  {
    auto [app, arguments] = add_command<ListArguments>(root, chosen, "ls", "List queues", list);
    app.add_option("prefix", arguments.prefix, "Only those whose names begin with this");
  }
  {
    auto [app, arguments] = add_command<NameArguments>(root, chosen, "show", "Show a queue with all its counts", show);
    add_queue_name(app, arguments.name);
  }
  add_update(root, chosen);
  {
    auto [app, arguments] = add_command<RemoveArguments>(root, chosen, "rm", "Delete a queue", remove);
    add_queue_name(app, arguments.name);
    app.add_flag("--force", arguments.force, "Also with unfinished items, which are discarded");
  }
  {
    auto [app, arguments] =
        add_command<CloseArguments>(root, chosen, "close", "Let no more items in; consumers drain what is left", close);
    add_queue_name(app, arguments.name);
    app.add_flag("--immediate", arguments.immediate, "Discard what waits");
  }
  {
    auto [app, arguments] = add_command<NameArguments>(root, chosen, "pause", "Hand nothing out until resume", pause);
    add_queue_name(app, arguments.name);
  }
  {
    auto [app, arguments] = add_command<NameArguments>(root, chosen, "resume", "End a pause", resume);
    add_queue_name(app, arguments.name);
  }
  {
    auto [app, arguments] = add_command<NameArguments>(root, chosen, "purge", "Discard what waits", purge);
    add_queue_name(app, arguments.name);
  }
}

}  // namespace sluice::cli
