// The life of jobs and batches.
//
// A job begins with the item that it is submitted as. What an item of it is completed with goes on for it: each output belongs
// to the job of the item that it replaces, and the job ends when the last of its items has ended. An output that enters a queue
// which stages feed and none reads is a result: the queue gets the item, and the job does not wait for whoever reads it.
#pragma once

#include "server/engine/job.h"
#include "server/engine/tables.h"

namespace sluice::engine {

// Why a submission cannot be carried out, now or later; OK if it can.
absl::Status check_submission(const Step& step, const Submission& submission, std::size_t items);
// Begins the jobs of items that are put now, whose ids are `first` and up.
void begin_jobs(Step& step, const Submission& submission, const Queue& queue, model::ItemId first, std::size_t items);
// The job of an item that begin_jobs() was called for.
Job& job_of(Step& step, model::ItemId item);

// While held, a job does not end, whatever becomes of its items.
void hold(Job& job);
void let_go(Step& step, Job& job);
// Whether an output ends in this queue as a result of its job.
[[nodiscard]] bool takes_results(const Queue& queue);
void add_result(Job& job, model::BodyPtr result);
// An item of a job has ended, in the state that it has, for the reason that is its last failure; it is of no job any more.
void leave_job(Step& step, Item& item);

absl::Status seal(Step& step, Batch& batch);
// What follows from the ends of the last jobs of batches: the ends of the batches, with their callbacks. False if there was
// none.
bool end_batches(Step& step);
// The records of what the command changed.
void record_batches(Step& step);

// Nothing of it is left. It has ended.
void forget(Step& step, Job& job);
void forget(Step& step, Batch& batch);
// Its timer.
void fall_due(Step& step, Job& job);
void fall_due(Step& step, Batch& batch);

// From a journal: batches, then jobs, then the items; then finish_jobs(): whatever has no item left was lost.
void restore(Step& step, model::BatchRecord&& record);
void restore(Step& step, model::JobRecord&& record);
void finish_jobs(Step& step);

// NOT_FOUND errors of base/errors.h for one that is not there.
[[nodiscard]] absl::Status no_job(const Tables& tables, model::JobId id);
[[nodiscard]] absl::Status no_batch(const Tables& tables, model::BatchId id);
[[nodiscard]] JobView view_of(const Job& job);
[[nodiscard]] BatchView view_of(const Batch& batch);

}  // namespace sluice::engine
