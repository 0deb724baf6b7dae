// The queues themselves: a pure state machine.
//
// A command goes in with the time; the engine changes its state and appends effects. It has no thread, lock, clock, file or
// socket. Waiting is state too: a put that finds its queue full becomes an entry in that queue's list of waiters, and its
// answer an effect of a later command. Time only passes through run_due().
//
// Not thread-safe. `now` never goes back from one call to the next. Commands do not throw and leave the state unchanged
// when they fail. Every error is one of base/errors.h. Values are taken as checked (wire/): ranges of numbers and lengths
// of names, payloads and attributes are not looked at again here; whatever depends on the engine's state is.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/engine/effects.h"
#include "server/engine/views.h"
#include "server/model/progress.h"
#include "server/model/record.h"

namespace sluice::engine {

struct EngineOptions {
  // Decides the jitter of retries. The same commands with the same seed have the same effects.
  std::uint64_t seed = 1;
  // The first lease and item id to give. Without a journal, a restarted server must not give the same tokens again.
  std::uint64_t first_id = 1;
  std::size_t max_queues = limits::kMaxQueues;
  std::size_t max_waiters = limits::kMaxWaiters;
  std::size_t max_bytes = limits::kMaxBytes;
  // How many bytes of bodies are held in memory. Further ones are only in the journal's records, except those of MEMORY queues:
  // answers then have none, and whoever passes them on fetches it by the item's id once the answer may leave. Of a budget that
  // is nearly used up, a queue that holds much gets nothing more, so that the others go on in memory.
  std::size_t payload_memory_bytes = std::numeric_limits<std::size_t>::max();
};

// A worker that has been attached.
struct Attachment {
  model::WorkerId worker{};
  model::StageSpec stage;
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Recovery: the records of a journal, in its load order, then finish_restore(). Leased items go back to the head with
  // their attempt counted; stages ask for their workers.
  // restore() gives DATA_LOSS for a record that does not fit to those before it; the engine is of no use then.
  absl::Status restore(model::Record&& record);
  void finish_restore(base::Time now, Effects& out);

  // Queues.
  absl::Status create_queue(base::Time now, const model::QueueSpec& spec, bool allow_existing, Effects& out);
  absl::Status update_queue(base::Time now, std::string_view name, const model::QueueSettingsPatch& patch, Effects& out);
  // Returns how many unfinished items went with it.
  absl::StatusOr<std::uint64_t> delete_queue(base::Time now, std::string_view name, bool force, Effects& out);
  absl::Status close_queue(base::Time now, std::string_view name, bool immediate, Effects& out);
  absl::Status pause_queue(base::Time now, std::string_view name, Effects& out);
  absl::Status resume_queue(base::Time now, std::string_view name, Effects& out);
  // Returns how many items were discarded.
  absl::StatusOr<std::uint64_t> purge_queue(base::Time now, std::string_view name, Effects& out);

  // Items. put, get, complete and join answer `caller` through `out`, in this command or a later one.
  void put(base::Time now, PutCommand command, Caller& caller, Effects& out);
  void get(base::Time now, GetCommand command, Caller& caller, Effects& out);
  void complete(base::Time now, CompleteCommand command, Caller& caller, Effects& out);
  absl::Status fail(base::Time now, FailCommand command, Effects& out);
  // Returns when the lease now runs out.
  absl::StatusOr<base::Time> extend(base::Time now, std::string_view queue, model::LeaseId lease,
                                    std::optional<base::Duration> duration, Effects& out);
  absl::Status release(base::Time now, std::string_view queue, model::LeaseId lease, Effects& out);
  // What the holder of an item says of it: shown while the lease lasts, not kept, and nothing follows from it. Its time is set.
  absl::Status report(base::Time now, std::string_view queue, model::LeaseId lease, model::Progress progress, Effects& out);
  // Ends for many at once, and cheaper. finish() ends items as done, without outputs; for each lease the status that
  // complete() would have answered. lose(): their consumer is lost; they go back to the head at once, as they lay before and
  // whatever the order of `leases`, the attempt counted; leases that are nobody's any more are passed over.
  absl::StatusOr<std::vector<absl::Status>> finish(base::Time now, std::string_view queue,
                                                   std::span<const model::LeaseId> leases, Effects& out);
  absl::Status lose(base::Time now, std::string_view queue, std::span<const model::LeaseId> leases, Effects& out);
  // Tells `caller` of the jobs as they end. BATCH_NOT_FOUND, BATCH_FORGOTTEN; a job that is not there counts as one that has
  // ended, and looking at it says why.
  void await(base::Time now, const AwaitCommand& command, Caller& caller, Effects& out);
  // The batch gets no more jobs. Idempotent.
  absl::Status seal_batch(base::Time now, model::BatchId batch, Effects& out);
  // Those that have ended; the others are passed over. Returns how many jobs were forgotten.
  std::uint64_t forget_jobs(base::Time now, std::span<const model::JobId> jobs, Effects& out);
  absl::StatusOr<std::uint64_t> forget_batch(base::Time now, model::BatchId batch, Effects& out);
  // Ends items for good, whatever they are doing. Of one that a consumer holds, the lease is void: its watch is told, a
  // completion that waits gets LEASE_LOST. For each id what became of it.
  absl::StatusOr<std::vector<CancelOutcome>> cancel(base::Time now, std::string_view queue,
                                                    std::span<const model::ItemId> items, Effects& out);
  // Sends waiting dead letters back, each in one step, as long as there is room where it goes to and nobody waits for it.
  absl::StatusOr<RedriveResult> redrive(base::Time now, const RedriveCommand& command, Effects& out);
  void join_queue(base::Time now, const JoinCommand& command, Caller& caller, Effects& out);
  void join_pipeline(base::Time now, const JoinCommand& command, Caller& caller, Effects& out);

  // The caller has gone. True: its command was waiting and has been taken back, and there will be no answer. False: there
  // was nothing to take back; its final answer has been given or is in the effects of an earlier command.
  bool withdraw(base::Time now, Caller& caller, Effects& out);

  // While true, puts are refused with STORAGE_FULL; what hands on, returns or ends items goes on.
  void set_store_full(bool full);

  // Answers every waiting caller with `status`, which is not OK, and forgets it. Nothing else changes.
  void refuse_all(base::Time now, const absl::Status& status, Effects& out);

  // Pipelines. `spec` is taken as it came, except that the handlers are known to exist.
  absl::Status create_pipeline(base::Time now, const model::PipelineSpec& spec, Effects& out);
  absl::StatusOr<std::uint64_t> delete_pipeline(base::Time now, std::string_view name, bool force, Effects& out);
  absl::Status close_pipeline(base::Time now, std::string_view name, bool immediate, Effects& out);
  absl::Status scale_stage(base::Time now, std::string_view pipeline, std::string_view stage, std::uint32_t workers,
                           Effects& out);
  absl::Status pause_stage(base::Time now, std::string_view pipeline, std::string_view stage, Effects& out);
  absl::Status resume_stage(base::Time now, std::string_view pipeline, std::string_view stage, Effects& out);
  // Every worker of the server reports its start and, whatever happens, its end. A stage whose input is closed and drained
  // is finished when its last worker has ended. Unknown stages are ignored (they were deleted meanwhile).
  void worker_started(base::Time now, std::string_view pipeline, std::string_view stage, Effects& out);
  void worker_stopped(base::Time now, std::string_view pipeline, std::string_view stage, Effects& out);

  // Remote workers of a stage, any number besides the server's own. They are not kept: a restart forgets them. `name` and
  // `host` are for lists. What a worker still holds must be given back, and its get taken back, before it is detached.
  absl::StatusOr<Attachment> attach_worker(base::Time now, std::string_view pipeline, std::string_view stage, std::string name,
                                           std::string host, Effects& out);
  void detach_worker(base::Time now, model::WorkerId worker, Effects& out);

  // Limits that stages name. A limit is there before a pipeline whose stages name it, and cannot be deleted while one does.
  // What is in use stays in use when a limit is lowered.
  absl::Status create_limit(base::Time now, const model::LimitSpec& spec, Effects& out);
  absl::Status update_limit(base::Time now, std::string_view name, const model::LimitPatch& patch, Effects& out);
  absl::Status delete_limit(base::Time now, std::string_view name, Effects& out);
  [[nodiscard]] absl::StatusOr<LimitView> limit(base::Time now, std::string_view name) const;
  // A page, as of queues.
  [[nodiscard]] std::vector<LimitView> list_limits(base::Time now, std::string_view after, std::size_t limit) const;

  // Schedules. Each tick puts one item, exactly once, also across a restart: the item and the mark that it was put are kept
  // together. INVALID_VALUE for a cron or time zone that is none. The queue must be there; if it goes, the ticks are refused.
  absl::Status create_schedule(base::Time now, const model::ScheduleSpec& spec, Effects& out);
  // In the place of the one of this name, whose counters go on. Its next tick stays, unless they come at other times now.
  absl::Status update_schedule(base::Time now, const model::ScheduleSpec& spec, Effects& out);
  // The same for some of its fields; INVALID_VALUE if they do not go with the others.
  absl::Status update_schedule(base::Time now, const model::SchedulePatch& patch, Effects& out);
  absl::Status delete_schedule(base::Time now, std::string_view name, Effects& out);
  // No ticks, and none are made up for afterwards. Idempotent, both.
  absl::Status pause_schedule(base::Time now, std::string_view name, Effects& out);
  absl::Status resume_schedule(base::Time now, std::string_view name, Effects& out);
  [[nodiscard]] absl::StatusOr<ScheduleView> schedule(std::string_view name) const;
  // A page, as of queues.
  [[nodiscard]] std::vector<ScheduleView> list_schedules(std::string_view after, std::size_t limit) const;

  // Does what has fallen due by `now`: leases, delays, waits that are over, progress, forgotten requests, ticks. Returns when
  // there is more to do, kNever if nothing is pending.
  base::Time run_due(base::Time now, Effects& out);
  // When run_due has something to do next.
  [[nodiscard]] base::Time next_due() const;

  // Of the bodies of all unfinished items, and of those that are in memory.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t resident_bytes() const;
  // Whether this still is somebody's right to an item.
  [[nodiscard]] bool is_leased(model::LeaseId lease) const;

  // Looking. Pages are in order of names; `after` is the last name of the page before, or empty.
  [[nodiscard]] absl::StatusOr<QueueView> queue(base::Time now, std::string_view name) const;
  [[nodiscard]] std::vector<QueueView> list_queues(base::Time now, std::string_view prefix, std::string_view after,
                                                   std::size_t limit) const;
  [[nodiscard]] absl::StatusOr<PipelineView> pipeline(base::Time now, std::string_view name) const;
  [[nodiscard]] std::vector<PipelineView> list_pipelines(base::Time now, std::string_view after, std::size_t limit) const;
  // Remote workers in the order of their coming, from after the one of that id on; of one pipeline, and one stage, if named.
  [[nodiscard]] std::vector<WorkerView> list_workers(std::string_view pipeline, std::string_view stage, model::WorkerId after,
                                                     std::size_t limit) const;
  // JOB_NOT_FOUND if there never was one of this id, else JOB_FORGOTTEN; the same for batches.
  [[nodiscard]] absl::StatusOr<JobView> job(model::JobId id) const;
  [[nodiscard]] absl::StatusOr<BatchView> batch(model::BatchId id) const;
  // In the order of their ids, those after `after`; of one batch, and in one state, if named. A page may be short, or empty,
  // before the end: `last` is where the next one begins, 0 at the end.
  [[nodiscard]] std::vector<JobView> list_jobs(model::BatchId batch, std::optional<model::JobState> state, model::JobId after,
                                               std::size_t limit, model::JobId& last) const;
  [[nodiscard]] std::vector<BatchView> list_batches(model::BatchId after, std::size_t limit) const;
  [[nodiscard]] JobCounts job_counts() const;
  // Skips `offset` items of those that match. Order: waiting as they would be handed out, delayed by due time, leased by
  // lease id.
  [[nodiscard]] absl::StatusOr<std::vector<PeekedItem>> peek(std::string_view queue, std::optional<model::ItemState> state,
                                                             std::size_t offset, std::size_t limit) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::engine
