#include "client/cli/attributes.h"
#include "client/cli/commands.h"
#include "client/cli/grammar.h"

namespace sluice::cli {
namespace {

constexpr std::uint32_t kMaxInFlight = 100'000;

template <class Arguments>
void add_target(CLI::App& app, Arguments& arguments) {
  app.add_option("name", arguments.target, "The queue's or pipeline's name")->required();
  auto* queue = app.add_flag("--queue", arguments.queue, "It is a queue");
  app.add_flag("--pipeline", arguments.pipeline, "It is a pipeline")->excludes(queue);
}

void add_submit(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<SubmitArguments>(
      root, chosen, "submit", "Submit jobs to a queue or a pipeline; prints their ids, for `sluice await`", submit);
  add_target(app, arguments);
  auto* payloads = app.add_option("payload", arguments.payloads, "Each a job");
  auto* lines = app.add_flag("--lines", arguments.lines, "Each line of standard input is a job, too")->excludes(payloads);
  app.add_option("--attr", arguments.attributes, "An attribute for every job")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check(check_attribute);
  add_duration(app, "--keep", arguments.keep, "How long the server keeps an outcome (default 1h)");
  add_duration(app, "--wait", arguments.wait, "How long to wait for room; 0 = try (default: as long as it takes)");
  app.add_flag("--await", arguments.await, "Wait for the outcomes and print them, as `sluice await` does");
  auto* batch = app.add_flag("--batch", arguments.batch, "As one batch; prints its id alone, for `sluice await --batch`");
  auto* queue = app.add_option("--callback-queue", arguments.callback_queue,
                               "Where an item is put in the same step as the end of the batch's last job")
                    ->needs(batch);
  app.add_option("--callback", arguments.callback, "That item's payload (default: empty)")->needs(queue);
  app.parse_complete_callback([payloads, lines, &submit_arguments = arguments] {
    // Of any number of jobs an await cannot name each.
    if (submit_arguments.await && submit_arguments.lines) submit_arguments.batch = true;
    if (payloads->count() + lines->count() == 0) throw CLI::ValidationError("submit", "give a payload, or --lines");
  });
}

void add_await(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<AwaitArguments>(
      root, chosen, "await", "Wait for jobs to end, and print what they ended with; exit code 1 if one of them failed", await);
  auto* jobs = app.add_option("job", arguments.jobs, "The jobs' ids, as submit printed them");
  auto* batch = app.add_option("--batch", arguments.batch, "All jobs of this batch")->type_name("ID");
  app.add_flag("--any-order", arguments.any_order, "As they end, instead of in the order given");
  app.add_flag("--progress", arguments.progress,
               "Tell on standard error how far they are, as they say it; on a terminal that is shown anyway");
  add_duration(app, "--wait", arguments.wait, "How long to wait (default: as long as it takes)");
  app.parse_complete_callback([jobs, batch] {
    if (jobs->count() + batch->count() == 0) throw CLI::ValidationError("await", "give a job, or --batch");
  });
}

void add_map(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<MapArguments>(
      root, chosen, "map", "Each line of standard input a job, each result a line of standard output, in the same order", map);
  add_target(app, arguments);
  app.add_option("--in-flight", arguments.in_flight, "How many lines may be under way at once")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMaxInFlight));
  app.add_flag("--fail-fast", arguments.fail_fast, "End with the first line that fails");
  app.footer(
      "A line that fails gives an empty line, says why on standard error, and makes the exit code 1.\n"
      "The line end at the end of a result is taken off; one inside it is printed as it is.");
}

void add_batch(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("batch", "Look at batches of jobs, which `sluice submit --batch` makes");
  group.require_subcommand(1);
  struct None {};
  add_command<None>(group, chosen, "ls", "List batches", [](Session& session, const None&) { return batch_list(session); });
  auto [app, arguments] = add_command<BatchArguments>(group, chosen, "show", "Show how a batch stands", batch_show);
  app.add_option("batch", arguments.batch, "The batch's id")->required();
}

}  // namespace

void add_job_commands(CLI::App& root, Command& chosen) {
  add_submit(root, chosen);
  add_await(root, chosen);
  add_batch(root, chosen);
  add_map(root, chosen);
}

}  // namespace sluice::cli
