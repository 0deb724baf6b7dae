// What a JobMap is inside. Inputs gather while the submission before is under way; outcomes come by one await of the whole
// batch.
//
// add() and finish() are for one thread at a time; outcomes are told on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "client/src/job_submitter.h"
#include "client/src/jobs.h"

namespace sluice::internal {

class MapEngine {
 public:
  MapEngine(std::shared_ptr<Connection> connection, Target target, std::function<void(Job&&)> on_outcome, MapOptions options);
  ~MapEngine();
  MapEngine(const MapEngine&) = delete;
  MapEngine& operator=(const MapEngine&) = delete;

  void add(NewItem input);
  void finish();

 private:
  void submit_all();
  // Of what has gathered; false if there is nothing more to come.
  bool submit_some();
  void await_all(BatchId batch);
  void told(Job&& job);
  void forget_told();
  void fail(std::exception_ptr error);

  const std::shared_ptr<Connection> connection_;
  const Target target_;
  const std::function<void(Job&&)> on_outcome_;
  const MapOptions options_;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by it.
  std::deque<v1::NewItem> gathered_;
  std::uint64_t in_flight_ = 0;  // added and not told of
  bool no_more_ = false;
  bool over_ = false;  // told of all
  std::exception_ptr error_;

  JobSubmitter submitter_;        // of the submitting thread
  std::vector<JobId> to_forget_;  // of the awaiting thread
  std::thread awaits_;
  std::thread submits_;
  std::stop_callback<std::function<void()>> on_stop_;  // uses all of the above
};

}  // namespace sluice::internal
