#include "tests/crash/awaiting.h"

#include <algorithm>
#include <span>
#include <vector>

#include "tests/crash/actor.h"
#include "tests/crash/payload.h"

namespace sluice::crash {
namespace {

using namespace std::chrono_literals;

// A wait for outcomes that do not come ends after this, so that its client sees what else is to be done.
constexpr auto kAwait = 200ms;
// More than a run has.
constexpr std::size_t kAllJobs = 1'000'000;

JobEnd end_of(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return JobEnd::kNone;
    case JobState::kSucceeded:
      return JobEnd::kSucceeded;
    case JobState::kFailed:
      return JobEnd::kFailed;
    case JobState::kCancelled:
      return JobEnd::kCancelled;
    case JobState::kExpired:
      return JobEnd::kExpired;
    default:
      return JobEnd::kOther;
  }
}

JobTold told_of(const Job& job) {
  JobTold told{.job = job.id, .end = end_of(job.state)};
  for (const JobResult& result : job.results) std::ranges::copy(values_in(result.payload), std::back_inserter(told.results));
  return told;
}

class Awaiter : public Actor {
 public:
  Awaiter(const Scene& scene, std::uint64_t seed) : Actor(scene, "awaiter", false, seed) {}

  void run() {
    while (recorder().producing()) {
      const std::vector<JobId> jobs = recorder().jobs();
      if (jobs.empty()) {
        recorder().pause(10ms);
        continue;
      }
      // Of those that were submitted last: some have ended, some have not.
      const std::size_t count = std::min<std::size_t>(jobs.size(), roll(1, 20));
      await(std::span(jobs).last(count), kAwait);
    }
  }

  void audit() {
    const std::vector<JobId> jobs = recorder().jobs();
    await(jobs, kRestartTime);
    attempt({.kind = Kind::kAudit}, [&](Recorder::Id id) {
      std::vector<JobTold> told;
      for (const Job& job : client_.jobs().list({}, kAllJobs)) told.push_back(told_of(job));
      recorder().add_audit(id, std::move(told), batches(), counts());
    });
  }

 private:
  // Each outcome is one operation, which ends when it is told.
  void await(std::span<const JobId> jobs, Duration patience) {
    const auto begun = recorder().moment();
    try {
      client_.jobs().await(
          jobs,
          [&](Job&& job) { recorder().note_since(begun, {.kind = Kind::kOutcome, .actor = name_, .jobs = {told_of(job)}}); },
          {.max_wait = patience});
    } catch (const Error&) {
      // What was told before counts.
    }
  }

  std::vector<BatchTold> batches() {
    std::vector<BatchTold> all;
    for (const BatchId id : recorder().batches()) {
      const JobBatch batch = client_.jobs().batch(id);
      all.push_back({.batch = id,
                     .ended = batch.ended,
                     .succeeded = batch.succeeded,
                     .failed = batch.failed,
                     .callback_error = batch.callback_error});
    }
    return all;
  }

  std::vector<Counted> counts() {
    std::vector<Counted> all;
    for (const auto& [name, queue] : scene_.setting.plan.queues) {
      const QueueInfo info = client_.queue(name).stats();
      all.push_back({.queue = name,
                     .put = info.counters.put,
                     .unfinished = info.unfinished,
                     .done = info.counters.done,
                     .dead_lettered = info.counters.dead_lettered,
                     .expired = info.counters.expired,
                     .cancelled = info.counters.cancelled,
                     .discarded = info.counters.discarded});
    }
    return all;
  }
};

}  // namespace

void await_jobs(const Scene& scene, std::uint64_t seed) { Awaiter(scene, seed).run(); }
void audit(const Scene& scene) { Awaiter(scene, 0).audit(); }

}  // namespace sluice::crash
