#include "server/rpc/await_stream.h"

#include <utility>
#include <variant>

#include "server/rpc/refusals.h"
#include "server/wire/jobs.h"

namespace sluice::rpc {
namespace {

constexpr ToldStream::Reactions kReactions{.cancel = "cancellation of an await", .written = "written message of an await"};

}  // namespace

AwaitStream::AwaitStream(Method method, grpc::CallbackServerContext* context, House& house)
    : ToldStream(method, context, house, kReactions) {}

void AwaitStream::start(const engine::AwaitCommand& command, bool omit_results) {
  omit_results_ = omit_results;
  house_.runtime.apply(
      [&](engine::Engine& engine, base::Time now, engine::Effects& effects) { engine.await(now, command, *this, effects); });
  wait();
}

void AwaitStream::refuse(const absl::Status& status) { answer(engine::AwaitAnswer{.status = status}); }

void AwaitStream::answer(engine::Answer&& answer) {
  const base::ReactionTimer timer(method());
  std::unique_lock lock(mutex_);
  auto& await = std::get<engine::AwaitAnswer>(answer);
  over_ = engine::is_final(answer);
  ended_.insert(ended_.end(), await.ended.begin(), await.ended.end());
  progressed_.insert(await.progressed.begin(), await.progressed.end());
  if (!await.status.ok()) outcome_ = std::move(await.status);
  go_on(std::move(lock));
}

void AwaitStream::go_on(std::unique_lock<std::mutex> lock) {
  if (busy_) return;
  if (unwanted_) ended_.clear();
  if (unwanted_ || over_) progressed_.clear();
  const bool last = over_ && outcome_.ok() && !unwanted_ && !done_told_;
  if (!ended_.empty() || !progressed_.empty() || last) {
    busy_ = true;
    auto ids = std::exchange(ended_, {});
    auto progressed = std::exchange(progressed_, {});
    lock.unlock();
    v1::AwaitJobsResponse response;
    look_up(ids, response);
    look_up_progress(progressed, response);
    lock.lock();
    ended_.insert(ended_.begin(), ids.begin(), ids.end());
    progressed_.merge(progressed);
    done_told_ = over_ && outcome_.ok() && ended_.empty();
    response.set_done(done_told_);
    if (response.jobs_size() + response.progress_size() == 0 && !done_told_) {
      // What there was to say is outdated.
      busy_ = false;
      return go_on(std::move(lock));
    }
    lock.unlock();
    write(serialize(response));
  } else if (over_) {
    busy_ = true;
    absl::Status outcome = std::move(outcome_);
    lock.unlock();
    log_refusal(method(), outcome, *context_);
    finish(outcome);
  }
}

void AwaitStream::look_up(std::deque<model::JobId>& ids, v1::AwaitJobsResponse& response) {
  house_.runtime.apply([&](const engine::Engine& engine, base::Time, engine::Effects&) {
    std::size_t bytes = 0;
    while (!ids.empty() && bytes <= limits::kMaxGetBytes && response.jobs_size() < static_cast<int>(limits::kMaxToldJobs)) {
      const auto view = engine.job(ids.front());
      v1::Job& job = *response.add_jobs();
      if (view.ok()) {
        wire::fill(*view, !omit_results_, job);
      } else {
        wire::fill_gone(ids.front(), view.status(), job);
      }
      bytes += job.ByteSizeLong();
      ids.pop_front();
    }
  });
}

void AwaitStream::look_up_progress(std::set<model::JobId>& ids, v1::AwaitJobsResponse& response) {
  if (ids.empty()) return;
  house_.runtime.apply([&](const engine::Engine& engine, base::Time, engine::Effects&) {
    while (!ids.empty() && response.progress_size() < static_cast<int>(limits::kMaxToldJobs)) {
      const auto view = engine.job(*ids.begin());
      if (view.ok() && view->progress) wire::fill(*view, false, *response.add_progress());
      ids.erase(ids.begin());
    }
  });
}

}  // namespace sluice::rpc
