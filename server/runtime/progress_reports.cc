#include "server/runtime/progress_reports.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "server/base/limits.h"

namespace sluice::runtime {

ProgressReports::ProgressReports(boost::asio::any_io_executor executor, PassOn pass_on)
    : executor_(std::move(executor)), pass_on_(std::move(pass_on)) {}

void ProgressReports::report(model::Progress progress) {
  const std::lock_guard lock(mutex_);
  if (!executor_) return;
  latest_ = std::move(progress);
  if (std::exchange(is_awaited_, true)) return;
  boost::asio::post(*executor_, [self = shared_from_this()] { self->pass_on_next(); });
}

void ProgressReports::pass_on_next() {
  std::optional<model::Progress> next;
  {
    const std::lock_guard lock(mutex_);
    if (executor_) next = std::exchange(latest_, std::nullopt);
    is_awaited_ = next.has_value();
    if (next && !pause_) pause_.emplace(*executor_);
  }
  if (!next) return;
  pass_on_(*std::move(next));
  pause_->expires_after(limits::kProgressPause);
  pause_->async_wait([self = shared_from_this()](const boost::system::error_code&) { self->pass_on_next(); });
}

void ProgressReports::close() {
  {
    const std::lock_guard lock(mutex_);
    executor_.reset();
  }
  pause_.reset();
  pass_on_ = nullptr;
}

}  // namespace sluice::runtime
