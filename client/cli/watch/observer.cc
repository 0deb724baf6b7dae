#include "client/cli/watch/observer.h"

#include "sluice/error.h"

namespace sluice::cli {
namespace {

// So long may a call take until the server counts as not answering.
constexpr Duration kPatience = std::chrono::seconds(5);

}  // namespace

Activity Looks::next(const internal::CallOptions& options) {
  Look now = look(connection_, scope_, options);
  Activity made = activity(before_ ? &*before_ : nullptr, now);
  before_ = std::move(now);
  return made;
}

bool pause(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

Observer::Observer(Looks& looks, Activity first, Duration interval, std::function<void()> on_news)
    : looks_(looks),
      interval_(interval),
      on_news_(std::move(on_news)),
      news_{.activity = std::move(first), .trouble = {}},
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Observer::run(const std::stop_token& stop) {
  while (pause(interval_, stop)) {
    try {
      Activity activity = looks_.next({.stop = stop, .timeout = kPatience, .repeat = false});
      const std::lock_guard lock(mutex_);
      news_ = {.activity = std::move(activity), .trouble = {}};
    } catch (const Error& error) {
      const std::lock_guard lock(mutex_);
      news_.trouble = error.reason() + ": " + error.what();
    }
    if (!stop.stop_requested()) on_news_();
  }
}

Observer::News Observer::news() const {
  const std::lock_guard lock(mutex_);
  return news_;
}

}  // namespace sluice::cli
