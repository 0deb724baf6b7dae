// Commands on jobs and batches.
#include "server/engine/awaits.h"
#include "server/engine/engine.h"
#include "server/engine/jobs.h"
#include "server/engine/state.h"

namespace sluice::engine {

void Engine::await(base::Time now, const AwaitCommand& command, Caller& caller, Effects& out) {
  state_->command(now, out, [&](Step& step) { begin_await(step, command, caller); });
}

absl::Status Engine::seal_batch(base::Time now, model::BatchId id, Effects& out) {
  return state_->command(now, out, [&](Step& step) -> absl::Status {
    Batch* batch = step.tables.jobs.find(id);
    return batch == nullptr ? no_batch(step.tables, id) : seal(step, *batch);
  });
}

std::uint64_t Engine::forget_jobs(base::Time now, std::span<const model::JobId> ids, Effects& out) {
  return state_->command(now, out, [&](Step& step) {
    std::uint64_t count = 0;
    for (const model::JobId id : ids) {
      Job* job = step.tables.jobs.find(id);
      if (job == nullptr || !job->ended()) continue;
      forget(step, *job);
      ++count;
    }
    return count;
  });
}

absl::StatusOr<std::uint64_t> Engine::forget_batch(base::Time now, model::BatchId id, Effects& out) {
  return state_->command(now, out, [&](Step& step) -> absl::StatusOr<std::uint64_t> {
    Batch* batch = step.tables.jobs.find(id);
    if (batch == nullptr) return no_batch(step.tables, id);
    if (!batch->ended()) return 0;
    const std::uint64_t count = batch->jobs.size();
    forget(step, *batch);
    return count;
  });
}

absl::StatusOr<JobView> Engine::job(model::JobId id) const {
  const Job* found = state_->tables.jobs.find(id);
  if (found == nullptr) return no_job(state_->tables, id);
  return view_of(*found);
}

absl::StatusOr<BatchView> Engine::batch(model::BatchId id) const {
  const Batch* found = state_->tables.jobs.find(id);
  if (found == nullptr) return no_batch(state_->tables, id);
  return view_of(*found);
}

std::vector<JobView> Engine::list_jobs(model::BatchId batch, std::optional<model::JobState> state, model::JobId after,
                                       std::size_t limit, model::JobId& last) const {
  std::vector<JobView> views;
  last = {};
  std::size_t looked_at = 0;
  const auto look = [&](model::JobId id, const Job& job) {
    last = id;
    if (!state || job.facts.state == *state) views.push_back(view_of(job));
    return views.size() < limit && ++looked_at < limits::kMaxJobsLookedAt;
  };
  bool more = true;
  if (batch != model::BatchId{}) {
    const Batch* found = state_->tables.jobs.find(batch);
    if (found == nullptr) return views;
    auto next = found->jobs.upper_bound(after);
    while (next != found->jobs.end() && more) {
      more = look(next->first, *next->second);
      ++next;
    }
    if (next == found->jobs.end()) last = {};
    return views;
  }
  const auto& jobs = state_->tables.jobs.jobs;
  auto next = jobs.upper_bound(after);
  while (next != jobs.end() && more) {
    more = look(next->first, next->second);
    ++next;
  }
  if (next == jobs.end()) last = {};
  return views;
}

std::vector<BatchView> Engine::list_batches(model::BatchId after, std::size_t limit) const {
  std::vector<BatchView> views;
  const auto& batches = state_->tables.jobs.batches;
  for (auto next = batches.upper_bound(after); next != batches.end() && views.size() < limit; ++next) {
    views.push_back(view_of(next->second));
  }
  return views;
}

JobCounts Engine::job_counts() const {
  const Jobs& jobs = state_->tables.jobs;
  return {jobs.running, jobs.ended.size(), jobs.result_bytes, jobs.batches.size(), jobs.awaiters.size()};
}

}  // namespace sluice::engine
