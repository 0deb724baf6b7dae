#include "server/engine/awaits.h"

#include <algorithm>

#include "server/engine/jobs.h"

namespace sluice::engine {
namespace {

void note(Step& step, Awaiter& awaiter) {
  if (awaiter.noted) return;
  awaiter.noted = true;
  step.tables.jobs.to_tell.push_back(&awaiter);
}

// One that is not there any more has ended.
bool has_ended(Jobs& jobs, model::JobId id) {
  const Job* job = jobs.find(id);
  return job == nullptr || job->ended();
}

// Moves on to the first that has not ended.
void gather_in_order(Jobs& jobs, Awaiter& awaiter) {
  while (awaiter.told < awaiter.jobs.size() && has_ended(jobs, awaiter.jobs[awaiter.told])) {
    awaiter.ended.push_back(awaiter.jobs[awaiter.told++]);
  }
}

bool is_over(const Awaiter& awaiter) {
  return awaiter.told == awaiter.jobs.size() && (awaiter.batch == nullptr || awaiter.batch->ended());
}

bool tells_progress(const Awaiter& awaiter) { return awaiter.progress_interval > base::Duration::zero(); }

void watch(Jobs& jobs, Awaiter& awaiter, model::JobId id) {
  awaiter.jobs.push_back(id);
  Job* job = jobs.find(id);
  if (job != nullptr && !job->ended()) {
    job->awaiters.push_back(&awaiter);
    if (job->reporter != nullptr && tells_progress(awaiter)) awaiter.progressed.insert(id);
  } else if (!awaiter.in_order) {
    awaiter.ended.push_back(id);
    ++awaiter.told;
  }
}

AwaitAnswer news_for(Awaiter& awaiter) {
  AwaitAnswer answer;
  if (std::exchange(awaiter.tells_progress, false)) {
    answer.progressed.assign(awaiter.progressed.begin(), awaiter.progressed.end());
    awaiter.progressed.clear();
  }
  answer.ended = std::exchange(awaiter.ended, {});
  answer.done = is_over(awaiter);
  return answer;
}

}  // namespace

void begin_await(Step& step, const AwaitCommand& command, Caller& caller) {
  Jobs& jobs = step.tables.jobs;
  Batch* batch = jobs.find(command.batch);
  if (command.batch != model::BatchId{} && batch == nullptr) {
    return step.answer(&caller, AwaitAnswer{no_batch(step.tables, command.batch)});
  }
  const auto place = jobs.awaiters.emplace(jobs.awaiters.end());
  Awaiter& awaiter = *place;
  awaiter.self = place;
  awaiter.caller = &caller;
  awaiter.in_order = command.in_order;
  awaiter.progress_interval = command.progress_interval;
  awaiter.batch = batch;
  for (const model::JobId id : command.jobs) watch(jobs, awaiter, id);
  if (batch != nullptr) {
    batch->awaiters.push_back(&awaiter);
    for (const auto& [id, job] : batch->jobs) watch(jobs, awaiter, id);
  }
  if (awaiter.in_order) gather_in_order(jobs, awaiter);
  if (!is_over(awaiter)) {
    if (auto status = step.tables.check_may_wait(); !status.ok()) {
      step.answer(&caller, AwaitAnswer{status});
      return withdraw(step, awaiter);
    }
    step.tables.waiting.emplace(&caller, &awaiter);
    if (!awaiter.progressed.empty()) step.tables.timers.set(awaiter, step.now);
  }
  note(step, awaiter);
}

void note_end(Step& step, Job& job) {
  for (Awaiter* awaiter : std::exchange(job.awaiters, {})) {
    awaiter->progressed.erase(job.facts.id);
    if (awaiter->in_order) {
      gather_in_order(step.tables.jobs, *awaiter);
    } else {
      awaiter->ended.push_back(job.facts.id);
      ++awaiter->told;
    }
    if (!awaiter->ended.empty()) note(step, *awaiter);
  }
}

void note_progress(Step& step, Job& job) {
  for (Awaiter* awaiter : job.awaiters) {
    if (!tells_progress(*awaiter)) continue;
    awaiter->progressed.insert(job.facts.id);
    if (awaiter->is_timed()) continue;
    const base::Time due = base::add_saturating(awaiter->progress_told, awaiter->progress_interval);
    step.tables.timers.set(*awaiter, std::max(due, step.now));
  }
}

void tell_progress(Step& step, Awaiter& awaiter) {
  if (awaiter.progressed.empty()) return;
  awaiter.progress_told = step.now;
  awaiter.tells_progress = true;
  note(step, awaiter);
}

void note_begin(Batch& batch, Job& job) {
  for (Awaiter* awaiter : batch.awaiters) {
    awaiter->jobs.push_back(job.facts.id);
    job.awaiters.push_back(awaiter);
  }
}

void note_end(Step& step, Batch& batch) {
  for (Awaiter* awaiter : batch.awaiters) note(step, *awaiter);
}

void tell_awaiters(Step& step) {
  for (Awaiter* awaiter : std::exchange(step.tables.jobs.to_tell, {})) {
    awaiter->noted = false;
    AwaitAnswer answer = news_for(*awaiter);
    const bool done = answer.done;
    step.answer(awaiter->caller, std::move(answer));
    if (done) withdraw(step, *awaiter);
  }
}

void refuse_awaiters(Step& step, const absl::Status& status) {
  auto& awaiters = step.tables.jobs.awaiters;
  while (!awaiters.empty()) {
    step.answer(awaiters.front().caller, AwaitAnswer{status});
    withdraw(step, awaiters.front());
  }
}

void withdraw(Step& step, Awaiter& awaiter) {
  Jobs& jobs = step.tables.jobs;
  const bool knows_all = awaiter.told == awaiter.jobs.size();
  for (std::size_t i = awaiter.in_order ? awaiter.told : 0; i < awaiter.jobs.size() && !knows_all; ++i) {
    if (Job* job = jobs.find(awaiter.jobs[i])) std::erase(job->awaiters, &awaiter);
  }
  if (awaiter.batch != nullptr) std::erase(awaiter.batch->awaiters, &awaiter);
  std::erase(jobs.to_tell, &awaiter);
  step.tables.timers.cancel(awaiter);
  step.tables.waiting.erase(awaiter.caller);
  jobs.awaiters.erase(awaiter.self);
}

}  // namespace sluice::engine
