// Work that is submitted, and whose outcome is awaited.
//
//   sluice::Future answer = client.queue("squares").submit("12");
//   std::cout << answer.get();                                     // waits; throws JobFailed if the handler failed
//
//   for (const auto& square : client.pipeline("squares").map({"1", "2", "3"})) std::cout << square << '\n';   // in this order
//
// A job follows its item through all stages of a pipeline. The server keeps the outcome for a while after its end
// (SubmitOptions::keep), whoever asks for it, and however often; also across its own restart.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "sluice/error.h"
#include "sluice/types.h"

namespace sluice {

namespace internal {
class Connection;
class MapEngine;
}  // namespace internal

using JobId = std::uint64_t;
using BatchId = std::uint64_t;

enum class JobState {
  kRunning,
  kSucceeded,
  kFailed,     // attempts used up, or not to be retried
  kDiscarded,  // purged, or gone with its queue
  kCancelled,
  kExpired,  // not done in its time to live
  kLost,     // in a queue of MEMORY durability, when the server ended
  kGone,     // the server has no such job (any more)
};

struct JobResult {
  std::string payload = {};
  Attributes attributes = {};
};

// A job as it stands, or its outcome once it is not running.
struct Job {
  JobId id = 0;
  JobState state = JobState::kRunning;
  BatchId batch = 0;       // 0: none
  std::string queue = {};  // that it was submitted to
  Time submit_time = {};
  Time end_time = {};
  // Of an item that fanned out, several; in the order in which they ended.
  std::vector<JobResult> results = {};
  std::uint32_t results_left_out = 0;   // beyond 4 MiB together
  std::optional<Failure> failure = {};  // stage, attempt and cause; of the first of its items that did not end well
  ItemId failed_item = 0;
  std::optional<Progress> progress = {};  // of one that runs: what was said last of one of its items that is held
  std::string progress_queue = {};        // that this item was taken from

  [[nodiscard]] bool ended() const { return state != JobState::kRunning; }
  // The first result's payload, empty if there is none. JobFailed if the job did not succeed, NotFound if it is gone.
  [[nodiscard]] std::string value() const;
};

// A job did not succeed. reason() is the cause's: EXIT_CODE, HANDLER_THREW, what the handler said itself, DISCARDED and so on.
struct JobFailed : Error {
  JobFailed(const Job& failed, const std::string& message);
  // With the failure: its stage, queue, attempt and message.
  const Job job;
};

struct SubmitOptions {
  // For room. When it is over: QueueFull, and nothing was submitted.
  std::optional<Duration> max_wait = {};
  // How long the server keeps the outcome. 1 s to 7 days; default 1 h.
  std::optional<Duration> keep = {};
  // Ends the wait with Cancelled.
  std::stop_token stop = {};
};

struct AwaitOptions {
  // When it is over: DeadlineExceeded.
  std::optional<Duration> max_wait = {};
  // Outcomes in the order of the jobs, instead of as they end.
  bool in_order = false;
  // Without their results.
  bool omit_results = false;
  // Ends the wait with Cancelled.
  std::stop_token stop = {};
  // Told of jobs that run as something is said of their items, at most once in progress_interval (10 ms to 1 h) and of each the
  // latest. Null: nobody is.
  std::function<void(const Job&)> on_progress = {};
  Duration progress_interval = std::chrono::seconds(1);
};

// A job that was submitted. A number and a connection: cheap to copy, any thread may use it; letting go of it changes nothing.
class Future {
 public:
  Future(std::shared_ptr<internal::Connection> connection, JobId id);

  [[nodiscard]] JobId id() const { return id_; }
  // Waits for the end: the first result's payload, empty if there is none. JobFailed, NotFound (the outcome is forgotten),
  // DeadlineExceeded, Cancelled.
  [[nodiscard]] std::string get(const AwaitOptions& options = {}) const;
  // The same without a judgement: also the outcome of a job that failed.
  [[nodiscard]] Job wait(const AwaitOptions& options = {}) const;
  // As it stands. NotFound.
  [[nodiscard]] Job look() const;

 private:
  std::shared_ptr<internal::Connection> connection_;
  JobId id_;
};

struct BatchOptions : SubmitOptions {
  // Put into this queue when every job has ended, in the same step as the last one's end. Empty: nothing is.
  std::string callback_queue = {};
  NewItem callback = {};
};

// How a batch stands.
struct JobBatch {
  BatchId id = 0;
  bool ended = false;
  bool abandoned = false;  // nobody sealed it; there was no callback
  std::uint32_t jobs = 0;
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;
  std::string callback_error = {};
};

// What the server knows of jobs. Cheap to copy, any thread may use it.
class Jobs {
 public:
  explicit Jobs(std::shared_ptr<internal::Connection> connection);

  // NotFound.
  [[nodiscard]] Job get(JobId id) const;
  // Calls `on_outcome` with each of them once, as soon as it has ended; returns after the last. What it throws ends the wait
  // and goes on. Goes on over a broken connection. DeadlineExceeded, Cancelled.
  void await(std::span<const JobId> ids, const std::function<void(Job&&)>& on_outcome, const AwaitOptions& options = {}) const;
  // All of a batch. NotFound.
  void await_batch(BatchId batch, const std::function<void(Job&&)>& on_outcome, const AwaitOptions& options = {}) const;
  [[nodiscard]] JobBatch batch(BatchId id) const;
  // All that are there, in order of their ids and without results; in one state, or in any.
  [[nodiscard]] std::vector<Job> list(std::optional<JobState> state = {}, std::size_t most = 1'000) const;
  // Before their time, those of them that have ended. Returns how many.
  std::uint64_t forget(std::span<const JobId> ids) const;

 private:
  std::shared_ptr<internal::Connection> connection_;
};

struct MapOptions {
  // How many inputs may be submitted and not told of yet. 1 to 100,000.
  std::uint32_t in_flight = 1'000;
  // Ends it with Cancelled.
  std::stop_token stop = {};
};

// A map over inputs that need not be known beforehand: bounded in flight, outcomes in the order of the inputs. One thread gives
// inputs. At most 1,000,000 of them.
class JobMap {
 public:
  // To a queue, or to a pipeline. `on_outcome` is called for each input, one at a time, on a thread of the map; what it throws
  // ends the map, and is thrown by the next call here.
  static JobMap to_queue(std::shared_ptr<internal::Connection> connection, std::string queue,
                         std::function<void(Job&&)> on_outcome, MapOptions options = {});
  static JobMap to_pipeline(std::shared_ptr<internal::Connection> connection, std::string pipeline,
                            std::function<void(Job&&)> on_outcome, MapOptions options = {});
  // Gives up if finish() was not called; what was submitted goes on.
  ~JobMap();
  JobMap(JobMap&&) noexcept;
  JobMap& operator=(JobMap&&) noexcept;

  // Waits while as many as may be are in flight.
  void add(NewItem input);
  void add(std::string payload) { add(NewItem{.payload = std::move(payload)}); }
  // No more inputs; returns after the last outcome.
  void finish();

 private:
  explicit JobMap(std::unique_ptr<internal::MapEngine> engine);
  std::unique_ptr<internal::MapEngine> engine_;
};

}  // namespace sluice
