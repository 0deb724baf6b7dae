#include "client/src/keeper.h"

#include <algorithm>

#include "client/src/connection.h"
#include "client/src/convert.h"
#include "client/src/limits.h"
#include "sluice/error.h"

namespace sluice::internal {
namespace {

using std::chrono::steady_clock;

// Time for two more tries if the first fails.
Duration rhythm(Duration lease) { return lease / 3; }

}  // namespace

Keeper::Keeper(Connection& connection) : connection_(connection) {}

Keeper::~Keeper() = default;

void Keeper::keep(const std::shared_ptr<Lease>& lease, Duration left) {
  const Duration first =
      lease->duration ? rhythm(*lease->duration) : std::clamp(rhythm(left), Duration::zero(), Duration(kFirstLeaseLook));
  const std::lock_guard lock(mutex_);
  schedule(lease, steady_clock::now() + first);
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Keeper::let_go(const std::shared_ptr<Lease>& lease) {
  const std::lock_guard lock(mutex_);
  const auto found = scheduled_.find(lease);
  if (found == scheduled_.end()) return;
  if (found->second != schedule_.end()) schedule_.erase(found->second);
  scheduled_.erase(found);
}

void Keeper::schedule(const std::shared_ptr<Lease>& lease, Instant due) {
  const auto at = schedule_.emplace(due, lease);
  scheduled_[lease] = at;
  if (at == schedule_.begin()) changed_.notify_all();
}

void Keeper::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (schedule_.empty()) {
      changed_.wait(lock, stop, [this] { return !schedule_.empty(); });
      continue;
    }
    const Instant next = schedule_.begin()->first;
    const auto sooner = [this, next] { return !schedule_.empty() && schedule_.begin()->first < next; };
    if (changed_.wait_until(lock, stop, next, sooner)) continue;
    const auto due = take_due(steady_clock::now());
    lock.unlock();
    for (const auto& [queue, leases] : due) extend(queue, leases, stop);
    lock.lock();
  }
}

std::map<std::string, std::vector<std::shared_ptr<Lease>>> Keeper::take_due(Instant now) {
  std::map<std::string, std::vector<std::shared_ptr<Lease>>> due;
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const auto& lease = schedule_.begin()->second;
    scheduled_[lease] = schedule_.end();
    due[lease->queue].push_back(lease);
    schedule_.erase(schedule_.begin());
  }
  return due;
}

void Keeper::extend(const std::string& queue, const std::vector<std::shared_ptr<Lease>>& leases, const std::stop_token& stop) {
  std::map<Duration, std::vector<std::shared_ptr<Lease>>> by_duration;
  for (const auto& lease : leases) {
    if (!lease->duration) lease->duration = queue_lease(queue, stop);
    by_duration[lease->duration.value_or(Duration::zero())].push_back(lease);
  }
  for (const auto& [duration, same] : by_duration) {
    for (std::size_t from = 0; from < same.size(); from += kMaxBatch) {
      const std::size_t count = std::min(kMaxBatch, same.size() - from);
      const auto begin = same.begin() + static_cast<std::ptrdiff_t>(from);
      extend_part(queue, duration, {begin, begin + static_cast<std::ptrdiff_t>(count)}, stop);
    }
  }
}

void Keeper::extend_part(const std::string& queue, Duration duration, const std::vector<std::shared_ptr<Lease>>& leases,
                         const std::stop_token& stop) {
  v1::ExtendRequest request;
  request.set_queue(queue);
  if (duration > Duration::zero()) *request.mutable_lease_duration() = to_proto(duration);
  for (const auto& lease : leases) request.add_lease_tokens(lease->token);
  Duration next = duration > Duration::zero() ? rhythm(duration) : Duration(kFirstLeaseLook);
  std::vector<bool> lost(leases.size(), false);
  try {
    const auto response = connection_.call(request, {.stop = stop, .timeout = kMaxExtendTime, .repeat = false});
    for (int i = 0; i < response.results_size() && i < static_cast<int>(leases.size()); ++i) {
      lost[static_cast<std::size_t>(i)] = response.results(i).error_reason() == "LEASE_LOST";
    }
  } catch (const NotFound&) {
    lost.assign(leases.size(), true);
  } catch (const Error&) {
    next = std::min(next, Duration(kLastRetryPause));
  }
  std::vector<std::stop_source> gone;  // told without the lock
  note_extended(leases, lost, next, gone);
  for (std::stop_source& each : gone) each.request_stop();
}

void Keeper::note_extended(const std::vector<std::shared_ptr<Lease>>& leases, const std::vector<bool>& lost, Duration next,
                           std::vector<std::stop_source>& gone) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < leases.size(); ++i) {
    // One that was let go meanwhile was ended by its holder: no wonder that the server does not know it any more.
    const auto found = scheduled_.find(leases[i]);
    if (found == scheduled_.end()) continue;
    if (lost[i]) {
      leases[i]->lost = true;
      gone.push_back(leases[i]->gone);
      scheduled_.erase(found);
    } else {
      schedule(leases[i], steady_clock::now() + next);
    }
  }
}

std::optional<Duration> Keeper::queue_lease(const std::string& queue, const std::stop_token& stop) {
  Look& look = looks_[queue];
  if (look.duration && steady_clock::now() - look.at < kLeaseLookAge) return look.duration;
  v1::GetQueueRequest request;
  request.set_queue(queue);
  try {
    const auto response = connection_.call(request, {.stop = stop, .timeout = kMaxExtendTime, .repeat = false});
    look = {.duration = from_proto(response.queue().settings().lease_duration()), .at = steady_clock::now()};
  } catch (const Error&) {
    if (!look.duration) looks_.erase(queue);
    return std::nullopt;
  }
  return look.duration;
}

}  // namespace sluice::internal
