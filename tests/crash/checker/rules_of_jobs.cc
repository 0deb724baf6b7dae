#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "tests/crash/checker/rules.h"

namespace sluice::crash {
namespace {

// An acknowledged submission's.
struct Job {
  std::set<std::string> values;  // that it began with, and all that were made of them
  std::vector<std::pair<const Operation*, const JobTold*>> told;
  bool in_audit = false;
};
using Jobs = std::map<std::uint64_t, Job>;

void add_with_outputs(const Ledger& ledger, const std::string& value, std::set<std::string>& values) {
  if (!values.insert(value).second) return;
  for (const Ending& ending : ledger.lives().at(value).endings) {
    if (ending.operation->kind != Kind::kComplete || !ledger.took_effect(*ending.operation)) continue;
    for (const Piece& piece : ending.operation->pieces) add_with_outputs(ledger, piece.value, values);
  }
}

Jobs jobs_of(const Ledger& ledger) {
  Jobs jobs;
  for (const Operation& operation : ledger.history()) {
    if (!operation.submitted || operation.outcome != Outcome::kOk) continue;
    for (const Piece& piece : operation.pieces) add_with_outputs(ledger, piece.value, jobs[piece.item].values);
  }
  for (const Operation& operation : ledger.history()) {
    for (const JobTold& told : operation.jobs) {
      const auto job = jobs.find(told.job);
      if (job == jobs.end()) continue;
      job->second.told.emplace_back(&operation, &told);
      job->second.in_audit = job->second.in_audit || operation.kind == Kind::kAudit;
    }
  }
  return jobs;
}

bool is_of_jobs(const Ledger& ledger, const std::string& queue) {
  return std::ranges::count(ledger.plan().job_queues, queue) > 0;
}

bool was_dead(const Ledger& ledger, const std::string& value) {
  return std::ranges::any_of(ledger.lives().at(value).seen, [&](const Seen& seen) {
    return std::ranges::any_of(ledger.plan().job_queues, [&](const auto& queue) { return seen.queue == queue + ".dead"; });
  });
}

// Of the cancels of what was made of a job, those that count for it.
template <class Test>
bool has_cancel(const Ledger& ledger, const Job& job, Test test) {
  return std::ranges::any_of(job.values, [&](const std::string& value) {
    const Life& life = ledger.lives().at(value);
    return std::ranges::any_of(life.cancels,
                               [&](const Operation* each) { return is_of_jobs(ledger, each->queue) && test(life, *each); });
  });
}

bool may_be_cancelled(const Ledger& ledger, const Job& job) {
  return has_cancel(ledger, job,
                    [&](const Life& life, const Operation& cancel) { return ledger.may_have_cancelled(life, cancel); });
}
bool was_cancelled(const Ledger& ledger, const Job& job) {
  return has_cancel(ledger, job, [](const Life& /*life*/, const Operation& cancel) { return took_away(cancel); });
}

// Whether its time to live may have ended it, or nothing else can have.
bool may_have_expired(const Ledger& ledger, const std::string& value) { return ledger.lives().at(value).time_to_live > 0; }
bool has_expired(const Ledger& ledger, const std::string& value) {
  const Life& life = ledger.lives().at(value);
  const auto moved = [&](const Seen& seen) { return seen.queue != life.origin_queue; };
  const auto ended = [&](const Ending& ending) { return ledger.may_have_ended(life, ending); };
  const auto cancelled = [&](const Operation* cancel) { return ledger.may_have_cancelled(life, *cancel); };
  return life.time_to_live > 0 && std::ranges::none_of(life.seen, moved) && std::ranges::none_of(life.endings, ended) &&
         std::ranges::none_of(life.cancels, cancelled);
}

// Whether it surely became a result.
bool was_result(const Ledger& ledger, const std::string& value) {
  const Life& life = ledger.lives().at(value);
  const std::string& queue = ledger.plan().result_queue;
  const auto there = [&](const Seen& seen) { return seen.queue == queue; };
  const auto handed_on = [&](const Operation* origin) { return ledger.took_effect(*origin); };
  return std::ranges::any_of(life.seen, there) || (life.origin_queue == queue && std::ranges::any_of(life.origins, handed_on));
}

// What one job was told, held against what became of its items.
class OneJob {
 public:
  OneJob(const Ledger& ledger, std::uint64_t id, const Job& job, Findings& findings)
      : ledger_(ledger), name_(fmt::format("job {}", id)), job_(job), findings_(findings) {}

  void check() {
    for (const auto& [operation, told] : job_.told) {
      if (told->end == JobEnd::kNone) {
        if (operation->kind == Kind::kAudit) findings_.add(Wrong::kNoOutcome, name_, "ran on when nothing was unfinished");
        continue;
      }
      check_end(told->end);
      check_moment(operation->end);
      if (operation->kind == Kind::kOutcome) check_results(*told);
    }
    check_constancy();
  }

 private:
  void add(std::string what) { findings_.add(Wrong::kFalseOutcome, name_, std::move(what)); }

  void check_end(JobEnd end) {
    const auto dead = std::ranges::find_if(job_.values, [&](const auto& value) { return was_dead(ledger_, value); });
    switch (end) {
      case JobEnd::kSucceeded:
        if (dead != job_.values.end()) add(fmt::format("succeeded, although {} was dead-lettered", *dead));
        if (was_cancelled(ledger_, job_)) add("succeeded, although something of it was cancelled");
        for (const std::string& value : job_.values) {
          if (has_expired(ledger_, value)) add(fmt::format("succeeded, although {} expired", value));
        }
        return;
      case JobEnd::kFailed:
        if (dead == job_.values.end()) add("failed, although nothing of it was dead-lettered");
        return;
      case JobEnd::kCancelled:
        if (!may_be_cancelled(ledger_, job_)) add("was cancelled, although nothing of it was");
        return;
      case JobEnd::kExpired:
        if (std::ranges::none_of(job_.values, [&](const auto& value) { return may_have_expired(ledger_, value); })) {
          add("expired, although it had time");
        }
        return;
      default:
        add("ended in a way that nobody gave a cause for");
    }
  }

  // Once the outcome is told, nothing of the job is under way.
  void check_moment(Position told) {
    for (const std::string& value : job_.values) {
      const Life& life = ledger_.lives().at(value);
      for (const Seen& seen : life.seen) {
        if (seen.get->begin > told && is_of_jobs(ledger_, seen.queue)) {
          add(fmt::format("had its outcome at {}, and {} came out of {} after that", told, value, seen.queue));
        }
      }
      for (const Ending& ending : life.endings) {
        const Operation& end = *ending.operation;
        if (end.kind == Kind::kComplete && end.outcome == Outcome::kOk && end.begin > told && is_of_jobs(ledger_, end.queue)) {
          add(fmt::format("had its outcome at {}, and {} was completed after that", told, value));
        }
      }
    }
  }

  void check_results(const JobTold& told) {
    const std::set<std::string> results(told.results.begin(), told.results.end());
    if (results.size() < told.results.size()) add("has a result twice");
    for (const std::string& result : results) {
      if (!job_.values.contains(result)) {
        add(fmt::format("has the result {}, which was not made of it", result));
      } else if (!was_result(ledger_, result) && ledger_.may_be_withdrawn_at(ledger_.lives().at(result)) == kNever) {
        add(fmt::format("has the result {}, which never came out", result));
      }
    }
    if (told.end != JobEnd::kSucceeded) return;
    for (const std::string& value : job_.values) {
      if (was_result(ledger_, value) && !results.contains(value)) add(fmt::format("does not have the result {}", value));
    }
  }

  void check_constancy() {
    const JobTold* first = nullptr;
    for (const auto& [operation, told] : job_.told) {
      if (told->end == JobEnd::kNone || operation->kind != Kind::kOutcome) continue;
      if (first == nullptr) first = told;
      if (told->end != first->end || told->results != first->results) add("had another outcome later");
    }
  }

  const Ledger& ledger_;
  const std::string name_;
  const Job& job_;
  Findings& findings_;
};

// --- batches ---

struct Tally {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
};

// As the same audit has the jobs.
Tally tally_of(const Operation& audit, const std::set<std::uint64_t>& jobs) {
  Tally tally;
  for (const JobTold& told : audit.jobs) {
    if (jobs.contains(told.job)) ++(told.end == JobEnd::kSucceeded ? tally.succeeded : tally.failed);
  }
  return tally;
}

void check_batch(const Operation& submission, const Operation& audit, Findings& findings) {
  const std::string name = fmt::format("batch {}", submission.batch);
  const auto told = std::ranges::find(audit.batches, submission.batch, &BatchTold::batch);
  if (told == audit.batches.end()) return findings.add(Wrong::kNoOutcome, name, "is not known");
  if (!told->ended) return findings.add(Wrong::kNoOutcome, name, "did not end");
  std::set<std::uint64_t> jobs;
  for (const Piece& piece : submission.pieces) jobs.insert(piece.item);
  const Tally tally = tally_of(audit, jobs);
  if (told->succeeded != tally.succeeded || told->failed != tally.failed) {
    findings.add(Wrong::kFalseOutcome, name,
                 fmt::format("says that {} succeeded and {} failed, its jobs say {} and {}", told->succeeded, told->failed,
                             tally.succeeded, tally.failed));
  }
  if (!told->callback_error.empty()) findings.add(Wrong::kFalseOutcome, name, "could not call back: " + told->callback_error);
}

void check_batches(const Ledger& ledger, Findings& findings) {
  for (const Operation& audit : ledger.history()) {
    if (audit.kind != Kind::kAudit || audit.outcome != Outcome::kOk) continue;
    for (const Operation& submission : ledger.history()) {
      if (submission.batch != 0) check_batch(submission, audit, findings);
    }
  }
}

// A callback comes when all jobs of its batch have ended.
void check_callbacks(const Ledger& ledger, Findings& findings) {
  for (const Operation& submission : ledger.history()) {
    for (const Piece& callback : submission.callback) {
      const auto& seen = ledger.lives().at(callback.value).seen;
      if (seen.empty()) continue;
      const Position called = seen.front().get->end;
      for (const Piece& piece : submission.pieces) {
        const auto& endings = ledger.lives().at(piece.value).endings;
        const auto later = std::ranges::find_if(endings, [&](const Ending& ending) {
          return ending.operation->outcome == Outcome::kOk && ending.operation->begin > called &&
                 is_of_jobs(ledger, ending.operation->queue);
        });
        if (later == endings.end()) continue;
        findings.add(Wrong::kFalseOutcome, callback.value, fmt::format("came before {} had ended", piece.value));
      }
    }
  }
}

}  // namespace

void find_false_outcomes(const Ledger& ledger, Findings& findings) {
  const bool audited = std::ranges::any_of(
      ledger.history(), [](const auto& each) { return each.kind == Kind::kAudit && each.outcome == Outcome::kOk; });
  for (const auto& [id, job] : jobs_of(ledger)) {
    if (audited && !job.in_audit) findings.add(Wrong::kNoOutcome, fmt::format("job {}", id), "is not known");
    OneJob(ledger, id, job, findings).check();
  }
  check_batches(ledger, findings);
  check_callbacks(ledger, findings);
}

}  // namespace sluice::crash
