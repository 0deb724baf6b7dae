#include "client/cli/command_line.h"
#include "client/cli/commands.h"
#include "client/cli/grammar.h"

namespace sluice::cli {
namespace {

void add_pipeline_name(CLI::App& app, std::string& target) {
  app.add_option("name", target, "The pipeline's name")->required();
}

void add_pipeline(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("pipeline", "Create and manage pipelines");
  group.require_subcommand(1);
  {
    auto [app, arguments] = add_command<PipelineCreateArguments>(group, chosen, "create",
                                                                 "Create a pipeline from a file and start it", pipeline_create);
    app.add_option("-f,--file", arguments.file, "A YAML file with the fields of sluice.v1.PipelineSpec; - is standard input")
        ->required()
        ->type_name("FILE");
  }
  struct None {};
  add_command<None>(group, chosen, "ls", "List pipelines",
                    [](Session& session, const None&) { return pipeline_list(session); });
  {
    auto [app, arguments] =
        add_command<NameArguments>(group, chosen, "show", "Show a pipeline, its stages and what runs", pipeline_show);
    add_pipeline_name(app, arguments.name);
  }
  {
    auto [app, arguments] = add_command<CloseArguments>(
        group, chosen, "close", "Close its first queues; the rest winds down by itself", pipeline_close);
    add_pipeline_name(app, arguments.name);
    app.add_flag("--immediate", arguments.immediate, "Discard what waits");
  }
  {
    auto [app, arguments] =
        add_command<RemoveArguments>(group, chosen, "rm", "Delete a pipeline and its queues", pipeline_remove);
    add_pipeline_name(app, arguments.name);
    app.add_flag("--force", arguments.force, "Also with unfinished items, which are discarded");
  }
}

void add_stage_names(CLI::App& app, StageArguments& arguments) {
  app.add_option("pipeline", arguments.pipeline, "The pipeline's name")->required();
  app.add_option("stage", arguments.stage, "The stage's name")->required();
}

void add_stage(CLI::App& root, Command& chosen) {
  CLI::App& group = *root.add_subcommand("stage", "Scale, pause and resume the stages of a pipeline");
  group.require_subcommand(1);
  {
    auto [app, arguments] = add_command<StageArguments>(group, chosen, "scale", "Set the number of workers", stage_scale);
    add_stage_names(app, arguments);
    app.add_option("workers", arguments.workers, "0 to 1,000")->required();
  }
  {
    auto [app, arguments] = add_command<StageArguments>(group, chosen, "pause", "Let workers take nothing more", stage_pause);
    add_stage_names(app, arguments);
  }
  {
    auto [app, arguments] = add_command<StageArguments>(group, chosen, "resume", "End a pause", stage_resume);
    add_stage_names(app, arguments);
  }
}

void add_workers(CLI::App& root, Command& chosen) {
  auto [app, arguments] =
      add_command<WorkersArguments>(root, chosen, "workers", "List the workers that are attached to stages", workers);
  app.add_option("pipeline", arguments.pipeline, "Only those of this pipeline");
}

void add_why(CLI::App& root, Command& chosen) {
  auto [app, arguments] = add_command<NameArguments>(root, chosen, "why", "Say why a pipeline does not move", why);
  add_pipeline_name(app, arguments.name);
  app.footer("Exit code 5 if something holds it up; 0 if it moves, has nothing to do, or is finished.");
}

void add_join(CLI::App& root, Command& chosen) {
  auto [app, arguments] =
      add_command<JoinArguments>(root, chosen, "join", "Wait until everything put into a queue or pipeline is done", join);
  app.add_option("name", arguments.name, "The name of a queue or pipeline")->required();
  auto* queue = app.add_flag("--queue", arguments.queue, "It is a queue");
  app.add_flag("--pipeline", arguments.pipeline, "It is a pipeline")->excludes(queue);
  add_duration(app, "--wait", arguments.wait, "How long to wait (default: as long as it takes)");
  add_duration(app, "--interval", arguments.interval, "How often to tell the progress, 10ms to 1h");
}

}  // namespace

void add_pipeline_commands(CLI::App& root, Command& chosen) {
  add_join(root, chosen);
  add_pipeline(root, chosen);
  add_stage(root, chosen);
  add_workers(root, chosen);
  add_why(root, chosen);
}

void add_other_commands(CLI::App& root, Command& chosen) {
  struct None {};
  add_command<None>(root, chosen, "handlers", "List what stages can run",
                    [](Session& session, const None&) { return handlers(session); });
  {
    auto [app, arguments] = add_command<BackupArguments>(
        root, chosen, "backup", "Write all that the server keeps into a file, while it serves", backup);
    app.add_option("file", arguments.file, "For sluiced --restore; - is standard output")->required()->type_name("FILE");
    app.add_flag("--force", arguments.force, "Replace a file that is there already");
    add_duration(app, "--timeout", arguments.timeout, "How long it may take (default: as long as it takes)");
  }
  {
    auto [app, arguments] =
        add_command<HealthArguments>(root, chosen, "health", "Ask whether the server takes new work", health);
    app.add_flag("--live", arguments.live, "Only whether it lives: also while it starts, goes down, or has no room for more");
    add_duration(app, "--timeout", arguments.timeout, "How long the answer may take (default 3s)");
  }
  {
    auto [app, arguments] = add_command<CompletionArguments>(
        root, chosen, "completion", "Print a completion script for a shell",
        [](Session&, const CompletionArguments& given) { return completion(command_tree(), given); });
    app.add_option("shell", arguments.shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }
  add_command<None>(root, chosen, "version", "Print the version",
                    [](Session& session, const None&) { return print_version(session); });
}

}  // namespace sluice::cli
