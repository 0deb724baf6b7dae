// What the workers of one stage are at, and what they have done since the server started.
//
// Thread-safe.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/model/ids.h"
#include "server/runtime/stage_status.h"

namespace sluice::runtime {

class StageActivity {
 private:
  struct Work {
    RunningItem item;
    model::LeaseId lease{};
  };

 public:
  // An item that a worker is at; valid from begin() to end().
  using Handle = std::list<Work>::iterator;
  enum class Result { kSucceeded, kFailed, kGivenUp };

  // A worker that waited was woken; idly, if there was neither an item nor the end of the queue.
  void count_wakeup(bool idle);

  // None after give_up(): the worker must release the item instead.
  std::optional<Handle> begin(const RunningItem& item, model::LeaseId lease);
  void set_pid(Handle work, std::int64_t pid);
  void set_progress(Handle work, model::ProgressPtr progress);
  void end(Handle work, Result result);
  // How long the handler took for an item, and why it failed if it did.
  void count_run(base::Duration took);
  void count_failure(std::string_view reason);

  // No more work begins. Returns the leases of what has not ended.
  std::vector<model::LeaseId> give_up();

  // Everything but the number of workers.
  [[nodiscard]] StageStatus status() const;

 private:
  mutable std::mutex mutex_;
  std::list<Work> running_;  // in the order of beginning
  bool given_up_ = false;
  std::uint64_t wakeups_ = 0;
  std::uint64_t idle_wakeups_ = 0;
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> failures_;
  base::Histogram run_times_;
};

}  // namespace sluice::runtime
