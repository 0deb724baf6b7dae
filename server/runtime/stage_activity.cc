#include "server/runtime/stage_activity.h"

#include "server/base/limits.h"

namespace sluice::runtime {
namespace {

// More than sluiced itself gives.
constexpr std::size_t kReasonsCounted = 32;

}  // namespace

void StageActivity::count_wakeup(bool idle) {
  const std::lock_guard lock(mutex_);
  ++wakeups_;
  if (idle) ++idle_wakeups_;
}

std::optional<StageActivity::Handle> StageActivity::begin(const RunningItem& item, model::LeaseId lease) {
  const std::lock_guard lock(mutex_);
  if (given_up_) return std::nullopt;
  return running_.insert(running_.end(), {item, lease});
}

void StageActivity::set_pid(Handle work, std::int64_t pid) {
  const std::lock_guard lock(mutex_);
  work->item.pid = pid;
}

void StageActivity::set_progress(Handle work, model::ProgressPtr progress) {
  const std::lock_guard lock(mutex_);
  work->item.progress = std::move(progress);
}

void StageActivity::end(Handle work, Result result) {
  const std::lock_guard lock(mutex_);
  running_.erase(work);
  if (result == Result::kSucceeded) ++succeeded_;
  if (result == Result::kFailed) ++failed_;
}

void StageActivity::count_run(base::Duration took) {
  const std::lock_guard lock(mutex_);
  run_times_.add(took);
}

void StageActivity::count_failure(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  auto found = failures_.find(reason);
  if (found == failures_.end()) {
    found = failures_.try_emplace(failures_.size() < kReasonsCounted ? std::string(reason) : "other").first;
  }
  ++found->second;
}

std::vector<model::LeaseId> StageActivity::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  std::vector<model::LeaseId> leases;
  for (const Work& work : running_) leases.push_back(work.lease);
  return leases;
}

StageStatus StageActivity::status() const {
  const std::lock_guard lock(mutex_);
  StageStatus status;
  status.busy = static_cast<std::uint32_t>(running_.size());
  status.wakeups = wakeups_;
  status.idle_wakeups = idle_wakeups_;
  status.succeeded = succeeded_;
  status.failed = failed_;
  status.failures = failures_;
  status.run_times = run_times_;
  for (const Work& work : running_) {
    if (status.running.size() == limits::kMaxRunningListed) break;
    status.running.push_back(work.item);
  }
  return status;
}

}  // namespace sluice::runtime
