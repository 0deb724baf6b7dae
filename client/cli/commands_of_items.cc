#include <utility>

#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/grammar.h"
#include "client/cli/moment.h"

namespace sluice::cli {
namespace {

constexpr std::uint32_t kMaxBatch = 10'000;
constexpr std::uint32_t kMaxJobs = 1'000;

void add_queue(CLI::App& app, std::string& target) { app.add_option("queue", target, "The queue's name")->required(); }

void add_leases(CLI::App& app, LeaseArguments& leases) {
  add_queue(app, leases.queue);
  app.add_option("token", leases.tokens, "The lease tokens, as get showed them")->required()->expected(1, kMaxBatch);
}

std::string check_moment(const std::string& text) {
  return parse_moment(text) ? "" : "\"" + text + "\" is no time; write it as 2026-11-24T08:00:00Z";
}

void add_put_keys(CLI::App& app, PutArguments& arguments) {
  add_duration(app, "--ttl", arguments.time_to_live,
               "Expires when it has waited and been delayed for this long (default: the queue's)");
  auto* dedup = app.add_option("--dedup-key", arguments.dedup_key,
                               "Not put if an item with this key was put within the window; the earlier item's id is shown")
                    ->type_name("KEY");
  add_duration(app, "--dedup-window", arguments.dedup_window, "The window (default: the queue's)")->needs(dedup);
  app.add_option("--unique-key", arguments.unique_key, "Not put while an unfinished item of the queue has this key")
      ->type_name("KEY");
  app.add_option("--order-key", arguments.order_key, "Items of one key are handed out one at a time, in order")
      ->type_name("KEY");
}

void add_put(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<PutArguments>(root, chosen, "put", "Put items; waits while the queue is full", put);
  add_queue(app, arguments.queue);
  auto* payloads = app.add_option("payload", arguments.payloads, "Each an item");
  auto* files = app.add_option("--file", arguments.files,
                               "Each file an item, with its name as the attribute \"name\"; - is standard input")
                    ->type_name("FILE");
  auto* lines = app.add_flag("--lines", arguments.lines, "Each line of standard input an item, in bulk")
                    ->excludes(payloads)
                    ->excludes(files);
  app.add_option("--attr", arguments.attributes, "An attribute for every item")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check(check_attribute);
  app.add_option("--priority", arguments.priority, "In a priority queue the smallest is handed out first");
  add_duration(app, "--delay", arguments.delay, "Not handed out before this has passed");
  app.add_option("--not-before", arguments.not_before, "Not handed out before this moment, such as 2026-11-24T08:00:00Z")
      ->type_name("TIME")
      ->check(check_moment);
  add_put_keys(app, arguments);
  add_duration(app, "--wait", arguments.wait, "How long to wait for room; 0 = try (default: as long as it takes)");
  app.parse_complete_callback([payloads, files, lines] {
    if (payloads->count() + files->count() + lines->count() == 0)
      throw CLI::ValidationError("put", "give a payload, --file or --lines");
  });
}

void add_get(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<GetArguments>(root, chosen, "get", "Take items", get);
  add_queue(app, arguments.queue);
  app.add_option("-n,--count", arguments.count, "At most so many; with more than 1, as JSON lines")
      ->check(CLI::Range(1U, kMaxBatch));
  add_duration(app, "--wait", arguments.wait, "How long to wait for the first; 0 = try (default: as long as it takes)");
  add_duration(app, "--lease", arguments.lease, "How long to keep them (default: the queue's)");
  app.add_flag("--done", arguments.done, "Mark them as done once they are printed");
}

void add_lease_commands(CLI::App& root, Command& chosen) {
  {
    auto [app, arguments] = add_command<LeaseArguments>(root, chosen, "done", "Mark items as done", done);
    add_leases(app, arguments);
  }
  {
    auto [app, arguments] =
        add_command<FailArguments>(root, chosen, "fail", "Mark attempts as failed: tried again, or given up", fail);
    add_leases(app, arguments.leases);
    app.add_option("--message", arguments.message, "What happened");
    app.add_flag("--do-not-retry", arguments.do_not_retry, "Give up, whatever attempts are left");
    add_duration(app, "--delay", arguments.delay, "Instead of the queue's backoff");
  }
  {
    auto [app, arguments] = add_command<ExtendArguments>(root, chosen, "extend", "Keep items for longer", extend);
    add_leases(app, arguments.leases);
    add_duration(app, "--lease", arguments.lease, "Counted from now (default: the queue's)");
  }
  {
    auto [app, arguments] = add_command<LeaseArguments>(root, chosen, "release", "Give items back untouched", release);
    add_leases(app, arguments);
  }
}

void add_peek(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<PeekArguments>(root, chosen, "peek", "Look at items without taking them", peek);
  add_queue(app, arguments.queue);
  app.add_option("-n,--count", arguments.count, "At most so many")->capture_default_str();
  app.add_option("--max-bytes", arguments.max_bytes, "How much of each payload")
      ->capture_default_str()
      ->check(CLI::Range(0U, 1U << 20));
}

void add_items(CLI::App& app, std::vector<ItemId>& items, const std::string& description) {
  app.add_option("item", items, description)->type_name("ID")->expected(0, kMaxBatch);
}

void add_cancel(CLI::App& root, Command& chosen) {
  auto [app, arguments] =
      add_command<CancelArguments>(root, chosen, "cancel", "End items for good, also those that are worked on", cancel);
  add_queue(app, arguments.queue);
  app.add_option("item", arguments.items, "The items' ids")->type_name("ID")->required()->expected(1, kMaxBatch);
}

void add_dead(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("dead", "Look at dead letters, send them back, throw them away");
  group.require_subcommand(1);
  constexpr const char* kReason = "Only those that failed for this reason, such as EXIT_CODE";
  {
    auto [app, arguments] =
        add_command<DeadListArguments>(group, chosen, "ls", "List dead letters, and why they are there", dead_list);
    app.add_option("queue", arguments.queue, "The dead-letter queue")->required();
    app.add_option("--reason", arguments.reason, kReason);
  }
  {
    auto [app, arguments] = add_command<RedriveArguments>(
        group, chosen, "redrive", "Send dead letters back to where they come from, as far as there is room", dead_redrive);
    app.add_option("queue", arguments.queue, "The dead-letter queue")->required();
    add_items(app, arguments.items, "Only these (default: all)");
    app.add_option("--to", arguments.to, "All to this queue")->type_name("QUEUE");
    app.add_option("--reason", arguments.reason, kReason);
  }
  {
    auto [app, arguments] = add_command<NameArguments>(group, chosen, "purge", "Throw all dead letters away", purge);
    app.add_option("queue", arguments.name, "The dead-letter queue")->required();
  }
}

void add_work(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<WorkArguments>(
      root, chosen, "work", "Run a command for each item: payload on its standard input, result from its standard output",
      work);
  auto* output = app.add_option("--output", arguments.output, "The queue for results (default: they go to standard output)")
                     ->type_name("QUEUE");
  auto* lease = add_duration(app, "--lease", arguments.lease,
                             "Hold an item by a lease of this length, extended while the command runs (default: for as long as "
                             "the connection lives)");
  auto* stage =
      app.add_option("--stage", arguments.stage,
                     "Instead of a queue: be a worker of this stage; results go to its output, failures by its policy")
          ->type_name("PIPELINE/STAGE")
          ->excludes(output)
          ->excludes(lease);
  auto* pipeline = app.add_option("--pipeline", arguments.pipeline, "The stage's pipeline, where --stage names the stage only")
                       ->needs(stage);
  app.add_option("--name", arguments.name, "What the worker is called in lists (default: program@host:pid)")->needs(stage);
  app.add_option("-j,--jobs,--concurrency", arguments.jobs, "Items worked on at once")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMaxJobs));
  // Two positionals, also where --stage leaves the first to the command: a list that has its first word already would end
  // the parser's interest at "--".
  app.add_option("queue", arguments.queue, "The queue's name; not with --stage")->required();
  app.add_option("command", arguments.command, "After -- the program and its arguments");
  app.footer(
      "Exit code 0 of the command marks the item as done and hands its result on in the same step; any other fails the "
      "attempt.\n"
      "The command's environment has SLUICE_ITEM_ID, SLUICE_ATTEMPT, SLUICE_QUEUE, for a stage SLUICE_STAGE, and "
      "SLUICE_ATTR_<KEY>.\n"
      "Ends at the end of the queue or stage. Ctrl-C finishes what runs; a second one ends it and gives the items back.");
  app.parse_complete_callback([stage, pipeline, &given = arguments] {
    if (stage->count() == 0) {
      if (given.command.empty()) throw CLI::ValidationError("work", "give a queue (or --stage), and after -- a command");
      return;
    }
    if (pipeline->count() == 0 && given.stage.find('/') == std::string::npos)
      throw CLI::ValidationError("--stage", "\"" + given.stage + "\" is not of the form PIPELINE/STAGE");
    given.command.insert(given.command.begin(), std::exchange(given.queue, {}));
  });
}

}  // namespace

void add_item_commands(CLI::App& root, Command& chosen) {
  add_put(root, chosen);
  add_get(root, chosen);
  add_lease_commands(root, chosen);
  add_peek(root, chosen);
  add_cancel(root, chosen);
  add_dead(root, chosen);
  add_work(root, chosen);
}

}  // namespace sluice::cli
