#include "client/src/reporter.h"

#include <algorithm>
#include <utility>

#include "client/src/connection.h"
#include "client/src/convert.h"
#include "client/src/limits.h"
#include "sluice/error.h"

namespace sluice::internal {

Reporter::Reporter(Connection& connection) : connection_(connection) {}

Reporter::~Reporter() = default;

void Reporter::report(ReportsWay& way, LeaseToken token, v1::Progress&& progress) {
  add({.way = &way}, token, std::move(progress));
}

void Reporter::report(const std::string& queue, LeaseToken token, v1::Progress&& progress) {
  add({.queue = queue}, token, std::move(progress));
}

void Reporter::add(Destination&& destination, LeaseToken token, v1::Progress&& progress) {
  const std::lock_guard lock(mutex_);
  pending_[std::move(destination)][token] = std::move(progress);
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  changed_.notify_all();
}

void Reporter::forget(ReportsWay& way) {
  std::unique_lock lock(mutex_);
  pending_.erase({.way = &way});
  round_.erase({.way = &way});
  changed_.wait(lock, [&] { return sending_ != &way; });
}

void Reporter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !pending_.empty(); })) {
    round_.swap(pending_);
    while (!round_.empty() && !stop.stop_requested()) {
      auto next = round_.extract(round_.begin());
      sending_ = next.key().way;
      lock.unlock();
      Reports reports;
      for (auto& [token, progress] : next.mapped()) {
        reports.emplace_back().set_lease_token(token);
        *reports.back().mutable_progress() = std::move(progress);
      }
      send(next.key(), std::move(reports), stop);
      lock.lock();
      sending_ = nullptr;
      changed_.notify_all();
    }
    changed_.wait_for(lock, stop, kProgressPause, [] { return false; });
  }
}

void Reporter::send(const Destination& destination, Reports&& reports, const std::stop_token& stop) {
  if (destination.way != nullptr) return destination.way->send(std::move(reports));
  for (std::size_t from = 0; from < reports.size(); from += kMaxBatch) {
    v1::ReportProgressRequest request;
    request.set_queue(destination.queue);
    const std::size_t end = std::min(reports.size(), from + kMaxBatch);
    for (std::size_t i = from; i < end; ++i) *request.add_reports() = std::move(reports[i]);
    try {
      (void)connection_.call(request, {.stop = stop, .timeout = kMaxReportTime, .repeat = false});
    } catch (const Error&) {
      // Nothing depends on it, and the next report says more.
    }
  }
}

v1::Progress to_proto(std::optional<double> fraction, std::string_view message) {
  v1::Progress progress;
  if (fraction) progress.set_fraction(*fraction);
  progress.set_message(readable(message.substr(0, kMaxProgressMessageBytes)));
  return progress;
}

}  // namespace sluice::internal
