// The commands. Each returns an exit code, prints its results on standard output and what is for people only on standard error,
// and throws sluice::Error when the server refuses or is not there.
#pragma once

#include "client/cli/arguments.h"
#include "client/cli/session.h"

namespace sluice::cli {

struct CommandNode;

// Queues.
int create(Session& session, const CreateArguments& arguments);
int list(Session& session, const ListArguments& arguments);
int show(Session& session, const NameArguments& arguments);
int update(Session& session, const UpdateArguments& arguments);
int remove(Session& session, const RemoveArguments& arguments);
int close(Session& session, const CloseArguments& arguments);
int pause(Session& session, const NameArguments& arguments);
int resume(Session& session, const NameArguments& arguments);
int purge(Session& session, const NameArguments& arguments);

// Items.
int put(Session& session, const PutArguments& arguments);
int get(Session& session, const GetArguments& arguments);
int done(Session& session, const LeaseArguments& arguments);
int fail(Session& session, const FailArguments& arguments);
int extend(Session& session, const ExtendArguments& arguments);
int release(Session& session, const LeaseArguments& arguments);
int peek(Session& session, const PeekArguments& arguments);
int cancel(Session& session, const CancelArguments& arguments);
int dead_list(Session& session, const DeadListArguments& arguments);
int dead_redrive(Session& session, const RedriveArguments& arguments);
int work(Session& session, const WorkArguments& arguments);
// The same as a worker of a stage.
int work_at_stage(Session& session, const WorkArguments& arguments);

// Jobs.
int submit(Session& session, const SubmitArguments& arguments);
int await(Session& session, const AwaitArguments& arguments);
int map(Session& session, const MapArguments& arguments);
int batch_list(Session& session);
int batch_show(Session& session, const BatchArguments& arguments);

// A queue or a pipeline.
int join(Session& session, const JoinArguments& arguments);

// Pipelines.
int pipeline_create(Session& session, const PipelineCreateArguments& arguments);
int pipeline_list(Session& session);
int pipeline_show(Session& session, const NameArguments& arguments);
int pipeline_close(Session& session, const CloseArguments& arguments);
int pipeline_remove(Session& session, const RemoveArguments& arguments);
int stage_scale(Session& session, const StageArguments& arguments);
int stage_pause(Session& session, const StageArguments& arguments);
int stage_resume(Session& session, const StageArguments& arguments);
int limit_create(Session& session, const LimitArguments& arguments);
int limit_update(Session& session, const LimitArguments& arguments);
int limit_list(Session& session);
int limit_show(Session& session, const NameArguments& arguments);
int limit_remove(Session& session, const NameArguments& arguments);
int workers(Session& session, const WorkersArguments& arguments);
int why(Session& session, const NameArguments& arguments);

// Schedules.
int schedule_create(Session& session, const ScheduleArguments& arguments);
int schedule_update(Session& session, const ScheduleArguments& arguments);
int schedule_list(Session& session);
int schedule_show(Session& session, const NameArguments& arguments);
int schedule_pause(Session& session, const NameArguments& arguments);
int schedule_resume(Session& session, const NameArguments& arguments);
int schedule_remove(Session& session, const NameArguments& arguments);

// Looking at them while they work.
int top(Session& session, const TopArguments& arguments);
int stats(Session& session, const StatsArguments& arguments);
// On a queue of its own.
int bench(Session& session, const BenchArguments& arguments);

// The server and this program.
int handlers(Session& session);
int backup(Session& session, const BackupArguments& arguments);
int health(Session& session, const HealthArguments& arguments);
int completion(const CommandNode& root, const CompletionArguments& arguments);
int print_version(Session& session);

}  // namespace sluice::cli
