// Jobs and batches on their way through a pipeline: what must become of them, kept in sets of payloads, and whether it did.
#include <fmt/format.h>

#include <algorithm>

#include "server/base/errors.h"
#include "tests/sim/flow.h"
#include "tests/sim/world.h"

namespace sluice::sim {

using model::BatchState;
using model::JobState;

bool Flow::takes_results(const std::string& queue) const { return !is_read(queue) && !feeders(queue).empty(); }

// Makes the put a submission: of a job alone, of one that begins a batch, or of one more for a batch that is open.
void Flow::submit(Actor& actor, engine::PutCommand& command) {
  engine::Submission submission;
  if (random_.chance(30)) {
    submission.begins_batch = true;
    submission.seals_batch = random_.chance(20);
    submission.patience = Duration{random_.between(1'000'000, 1'500'000)} / (random_.chance(50) ? 50 : 1);
    submission.callback_queue = "done";
    submission.callback = std::make_shared<const model::Body>(model::Body{fmt::format("callback {}", last_payload_), {}});
  } else if (random_.chance(60) && !batches_.empty()) {
    submission.batch = model::BatchId{batches_.rbegin()->first};
    submission.seals_batch = random_.chance(20);
  }
  actor.submission = std::make_shared<const engine::Submission>(std::move(submission));
  command.submission = actor.submission;
}

void Flow::note_submitted(const Actor& actor, std::uint64_t id) {
  const auto& [payload, queue] = actor.moving.front();
  jobs_[id].items = {payload};
  job_of_[payload] = id;
  ++outcomes_["submitted"];
  const engine::Submission& submission = *actor.submission;
  if (!submission.begins_batch && submission.batch == model::BatchId{}) return;
  RefBatch& batch = batches_[submission.begins_batch ? id : number(submission.batch)];
  if (submission.begins_batch) {
    batch.patience = submission.patience;
    batch.callback = submission.callback->payload;
  }
  batch.jobs.insert(id);
  batch.add_time = now_;
  batch.sealed = batch.sealed || submission.seals_batch;
}

void Flow::note_completed(const std::string& payload, const std::vector<std::pair<std::string, std::string>>& outputs) {
  const auto of = job_of_.find(payload);
  if (of == job_of_.end()) return;
  RefJob& job = jobs_.at(of->second);
  for (const auto& [output, queue] : outputs) {
    if (takes_results(queue)) {
      job.results.push_back(output);
    } else {
      job.items.insert(output);
      job_of_[output] = of->second;
    }
  }
  note_ended(payload, JobState::kSucceeded);
}

void Flow::note_ended(const std::string& payload, JobState verdict) {
  const auto of = job_of_.find(payload);
  if (of == job_of_.end()) return;
  RefJob& job = jobs_.at(of->second);
  if (job.verdict == JobState::kSucceeded) job.verdict = verdict;
  job.items.erase(payload);
  job_of_.erase(of);
  if (job.items.empty()) ++outcomes_[job.verdict == JobState::kSucceeded ? "job succeeded" : "job failed"];
}

void Flow::do_with_jobs() {
  switch (random_.below(3)) {
    case 0:
      return await();
    case 1:
      return seal_one();
    default:
      return forget_one();
  }
}

void Flow::await() {
  if (jobs_.empty() || std::ranges::count(actors_, Actor::Doing::kAwaiting, &Actor::doing) >= 4) return;
  Actor& awaiter = actors_.emplace_back();
  awaiter.stage = "awaiter";
  awaiter.doing = Actor::Doing::kAwaiting;
  awaiter.in_order = random_.chance(50);
  engine::AwaitCommand command;
  command.in_order = awaiter.in_order;
  for (const auto& [id, job] : jobs_) {
    if (random_.chance(40)) awaiter.awaited.push_back(id);
  }
  if (awaiter.awaited.empty()) awaiter.awaited.push_back(jobs_.begin()->first);
  if (random_.chance(50)) std::ranges::reverse(awaiter.awaited);
  for (const std::uint64_t id : awaiter.awaited) command.jobs.push_back(model::JobId{id});
  apply(fmt::format("await {} jobs", command.jobs.size()),
        [&](engine::Effects& out) { engine_->await(now_, command, awaiter, out); });
}

void Flow::take_news(Actor& actor, const engine::AwaitAnswer& answer) {
  if (actor.doing != Actor::Doing::kAwaiting) throw Mismatch("an await is answered again after its end");
  for (const model::JobId id : answer.ended) actor.told.push_back(number(id));
  if (answer.done) actor.doing = Actor::Doing::kNothing;
}

void Flow::seal_one() {
  const auto open = std::ranges::find_if(batches_, [](const auto& each) { return !each.second.sealed; });
  if (open == batches_.end()) return;
  open->second.sealed = true;
  apply(fmt::format("seal batch {}", open->first),
        [&](engine::Effects& out) { (void)engine_->seal_batch(now_, model::BatchId{open->first}, out); });
}

void Flow::forget_one() {
  const auto ended = std::ranges::find_if(jobs_, [](const auto& each) { return each.second.items.empty(); });
  if (ended == jobs_.end()) return;
  const model::JobId id{ended->first};
  jobs_.erase(ended);
  apply(fmt::format("forget job {}", number(id)), [&](engine::Effects& out) {
    if (engine_->forget_jobs(now_, std::span(&id, 1), out) != 1) throw Mismatch("a job that has ended cannot be forgotten");
  });
  const auto gone = engine_->job(id).status();
  if (!base::is(gone, base::Reason::kJobForgotten)) throw Mismatch("a job that was forgotten is still there");
}

void Flow::check_jobs() {
  for (const auto& [id, job] : jobs_) check_job(id, job);
  for (auto& [id, batch] : batches_) check_batch(id, batch);
  if (store_.jobs().size() != jobs_.size()) throw Mismatch("the records hold another number of jobs");
  if (store_.batches().size() != batches_.size()) throw Mismatch("the records hold another number of batches");
  check_awaiters();
}

void Flow::check_job(std::uint64_t id, const RefJob& job) {
  const auto view = engine_->job(model::JobId{id});
  if (!view.ok()) throw Mismatch(fmt::format("job {}: {}", id, view.status().ToString()));
  const JobState state = job.items.empty() ? job.verdict : JobState::kRunning;
  std::vector<std::string> results;
  for (const auto& result : view->facts.results) results.push_back(result->payload);
  if (view->facts.state != state || view->items != job.items.size() || results != job.results) {
    throw Mismatch(fmt::format("job {} is in state {} with {} items and {} results; must be {} with {} and {}", id,
                               static_cast<int>(view->facts.state), view->items, results.size(), static_cast<int>(state),
                               job.items.size(), job.results.size()));
  }
  const auto kept = store_.jobs().find(model::JobId{id});
  if (kept == store_.jobs().end() || kept->second.state != state || kept->second.results.size() != results.size()) {
    throw Mismatch(fmt::format("job {} is not recorded as it is", id));
  }
}

void Flow::check_batch(std::uint64_t id, RefBatch& batch) {
  const auto view = engine_->batch(model::BatchId{id});
  if (!view.ok()) throw Mismatch(fmt::format("batch {}: {}", id, view.status().ToString()));
  const auto runs = [&](std::uint64_t job) { return jobs_.contains(job) && !jobs_.at(job).items.empty(); };
  const auto running = static_cast<std::uint32_t>(std::ranges::count_if(batch.jobs, runs));
  const auto& facts = view->facts;
  if (view->running != running || facts.jobs != batch.jobs.size() || facts.succeeded + facts.failed + running != facts.jobs) {
    throw Mismatch(fmt::format("batch {} has {} of {} jobs running; must be {} of {}", id, view->running, facts.jobs, running,
                               batch.jobs.size()));
  }
  if (facts.abandoned && !batch.sealed) {
    if (now_ < batch.add_time + batch.patience) throw Mismatch(fmt::format("batch {} is abandoned too early", id));
    ++outcomes_["abandoned"];
    batch.sealed = true;
  }
  const bool over =
      batch.sealed && (running == 0 || (makes(FlowMistake::kBatchesEndWithTheirFirstJob) && running < facts.jobs));
  if (over != (facts.state >= BatchState::kDone)) throw Mismatch(fmt::format("batch {} has {}ended", id, over ? "not " : ""));
  if (!over || batch.called_back) return;
  batch.called_back = true;
  if (!facts.abandoned) alive_[batch.callback] = "done";
  if (!facts.abandoned) ++outcomes_["called back"];
}

// Each is told of every job that has ended, or, in order, of those before the first that has not.
void Flow::check_awaiters() {
  const auto ended = [&](std::uint64_t id) { return !jobs_.contains(id) || jobs_.at(id).items.empty(); };
  for (const Actor& actor : actors_) {
    if (actor.stage != "awaiter") continue;
    std::vector<std::uint64_t> expected;
    for (const std::uint64_t id : actor.awaited) {
      if (ended(id)) expected.push_back(id);
      if (!ended(id) && actor.in_order) break;
    }
    std::vector<std::uint64_t> told = actor.told;
    if (!actor.in_order) {
      std::ranges::sort(told);
      std::ranges::sort(expected);
    }
    if (told != expected) throw Mismatch(fmt::format("an await was told of {} jobs, must be {}", told.size(), expected.size()));
    const bool all = told.size() == actor.awaited.size();
    if (all != (actor.doing == Actor::Doing::kNothing)) throw Mismatch("an await ends when there is nothing more to tell");
    if (all) ++outcomes_["awaited"];
  }
  actors_.remove_if([](const Actor& actor) { return actor.stage == "awaiter" && actor.doing == Actor::Doing::kNothing; });
}

}  // namespace sluice::sim
