// Sends reports of progress: one thread a connection, started with the first report. What comes faster than every
// kProgressPause is gathered, and of each item the latest is sent.
#pragma once

#include <compare>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sluice/types.h"
#include "sluice/v1/progress.pb.h"

namespace sluice::internal {

class Connection;

using Reports = std::vector<v1::ProgressReport>;

// Of an item that is held by a stream: where its reports go.
class ReportsWay {
 public:
  // On the reporter's thread. What cannot be sent is dropped.
  virtual void send(Reports&& reports) = 0;

 protected:
  ~ReportsWay() = default;
};

// Thread-safe.
class Reporter {
 public:
  // The connection must outlive the reporter.
  explicit Reporter(Connection& connection);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // Over a stream; or, of an item that was taken from `queue` by a call, by calls. Never waits, never fails.
  void report(ReportsWay& way, LeaseToken token, v1::Progress&& progress);
  void report(const std::string& queue, LeaseToken token, v1::Progress&& progress);
  // Nothing goes this way from now on; waits for what is being sent.
  void forget(ReportsWay& way);

 private:
  struct Destination {
    ReportsWay* way = nullptr;  // null: calls
    std::string queue = {};

    auto operator<=>(const Destination&) const = default;
  };
  using Pending = std::map<Destination, std::map<LeaseToken, v1::Progress>>;

  void add(Destination&& destination, LeaseToken token, v1::Progress&& progress);
  void run(const std::stop_token& stop);
  void send(const Destination& destination, Reports&& reports, const std::stop_token& stop);

  Connection& connection_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  Pending pending_;
  Pending round_;                  // of it, what is sent next
  ReportsWay* sending_ = nullptr;  // that is in use
  std::jthread thread_;            // last: it uses all of the above
};

// What an item that is handed to a user's function reports by. The function may keep it for longer than the item.
class ItemReports {
 public:
  ItemReports(Reporter& reporter, ReportsWay& way, LeaseToken token) : reporter_(&reporter), way_(way), token_(token) {}

  void report(v1::Progress&& progress) {
    const std::lock_guard lock(mutex_);
    if (reporter_ != nullptr) reporter_->report(way_, token_, std::move(progress));
  }
  // The item has ended: no reports from here on.
  void close() {
    const std::lock_guard lock(mutex_);
    reporter_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Reporter* reporter_;  // guarded by mutex_; null: closed
  ReportsWay& way_;
  const LeaseToken token_;
};

[[nodiscard]] v1::Progress to_proto(std::optional<double> fraction, std::string_view message);

}  // namespace sluice::internal
