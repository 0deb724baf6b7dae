#include "server/runtime/work_context.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace sluice::runtime {

WorkContext::WorkContext(boost::asio::any_io_executor executor, StageActivity& activity)
    : executor_(std::move(executor)), activity_(activity) {}

void WorkContext::begin(StageActivity::Handle work, ProgressReports::PassOn on_progress) {
  work_ = work;
  progress_ = std::make_shared<ProgressReports>(executor_, std::move(on_progress));
  item_stopped_ = false;
}

void WorkContext::end() {
  on_stop_ = nullptr;
  if (progress_) std::exchange(progress_, nullptr)->close();
  work_.reset();
}

void WorkContext::set_pid(std::int64_t pid) {
  if (work_) activity_.set_pid(*work_, pid);
}

void WorkContext::on_stop(std::function<void()> stop) {
  on_stop_ = std::move(stop);
  if (!(stopped_ || item_stopped_) || !on_stop_) return;
  // Not at once: the handler has not yet begun what it would have to stop.
  boost::asio::post(executor_, [this] { call_stop(); });
}

void WorkContext::stop() {
  stopped_ = true;
  call_stop();
}

void WorkContext::stop_item() {
  item_stopped_ = true;
  call_stop();
}

void WorkContext::call_stop() {
  if (auto stop = std::exchange(on_stop_, nullptr)) stop();
}

}  // namespace sluice::runtime
