// Looks at a server again and again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "client/cli/watch/activity.h"

namespace sluice::cli {

// Looks, one after the other, each made into an activity against the one before. One thread at a time.
class Looks {
 public:
  Looks(internal::Connection& connection, Scope scope) : connection_(connection), scope_(std::move(scope)) {}

  // Throws what look() throws; the look before stays the one to compare with.
  Activity next(const internal::CallOptions& options);
  [[nodiscard]] bool has_one() const { return before_.has_value(); }

 private:
  internal::Connection& connection_;
  const Scope scope_;
  std::optional<Look> before_;
};

// Waits; false once `stop` is triggered.
bool pause(Duration time, const std::stop_token& stop);

// A thread that looks once in an interval, so that whoever shows it is never held up by a server that does not answer.
class Observer {
 public:
  struct News {
    Activity activity;
    std::string trouble;  // why the last look failed; empty when it did not
  };

  // Goes on from `looks`, which must outlive it. `on_news` is called on the observer's thread after each look.
  Observer(Looks& looks, Activity first, Duration interval, std::function<void()> on_news);

  // Any thread.
  [[nodiscard]] News news() const;

 private:
  void run(const std::stop_token& stop);

  Looks& looks_;
  const Duration interval_;
  const std::function<void()> on_news_;
  mutable std::mutex mutex_;
  News news_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace sluice::cli
