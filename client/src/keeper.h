// Keeps leases alive: one thread a connection, started with the first lease, that extends what has run a third of its time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "client/src/patience.h"
#include "sluice/types.h"

namespace sluice::internal {

class Connection;

// What an item that is held and its keeper share.
struct Lease {
  std::string queue;
  LeaseToken token = 0;
  // Absent: the queue's own, which the keeper asks for.
  std::optional<Duration> duration;
  // Set by the keeper when the server says so, and by whoever ends the item and learns it.
  std::atomic<bool> lost = false;
  // Stopped by the keeper when it has set that.
  std::stop_source gone = {};
};

// Thread-safe.
class Keeper {
 public:
  // The connection must outlive the keeper.
  explicit Keeper(Connection& connection);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // `left`: how long the lease has to run, as far as is known.
  void keep(const std::shared_ptr<Lease>& lease, Duration left);
  // Nothing happens for one that is not kept. An extension that is under way may still take place.
  void let_go(const std::shared_ptr<Lease>& lease);

 private:
  struct Look {
    std::optional<Duration> duration;
    Instant at;
  };
  using Schedule = std::multimap<Instant, std::shared_ptr<Lease>>;

  void run(const std::stop_token& stop);
  // Takes what is due at `now`, by queue.
  std::map<std::string, std::vector<std::shared_ptr<Lease>>> take_due(Instant now);
  void extend(const std::string& queue, const std::vector<std::shared_ptr<Lease>>& leases, const std::stop_token& stop);
  void extend_part(const std::string& queue, Duration duration, const std::vector<std::shared_ptr<Lease>>& leases,
                   const std::stop_token& stop);
  // What an extension said of each; `gone` gets those that are to be told.
  void note_extended(const std::vector<std::shared_ptr<Lease>>& leases, const std::vector<bool>& lost, Duration next,
                     std::vector<std::stop_source>& gone);
  // The lease_duration of a queue, asked for now and then; absent if the server does not answer.
  std::optional<Duration> queue_lease(const std::string& queue, const std::stop_token& stop);
  void schedule(const std::shared_ptr<Lease>& lease, Instant due);

  Connection& connection_;
  std::map<std::string, Look> looks_;  // only the thread's

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Schedule schedule_;                                               // guarded by mutex_
  std::map<std::shared_ptr<Lease>, Schedule::iterator> scheduled_;  // guarded by mutex_; schedule_.end(): in the thread's hands
  std::jthread thread_;                                             // guarded by mutex_; last: it uses all of the above
};

}  // namespace sluice::internal
