// The engine behind its lock, with the journal, the timer, the answers on their way and the threads that make it live: what
// Runtime is made of.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "server/runtime/alarm.h"
#include "server/runtime/bodies.h"
#include "server/runtime/commit_times.h"
#include "server/runtime/releases.h"
#include "server/runtime/runtime.h"
#include "server/runtime/stages.h"

namespace sluice::runtime {

class Runtime::Impl {
 public:
  Impl(Runtime& runtime, const RuntimeOptions& options, const base::Clock& clock, journal::Journal& journal,
       const handlers::Registry& handlers);

  absl::Status start(std::function<void(const absl::Status&)> on_failed, const OnRecovery& on_progress);
  bool drain(base::Duration limit);
  void stop();

  // A turn: lock(), then the command, then finish(), which unlocks.
  base::Time lock();
  void finish(base::Time now, Releases::Then then);
  [[nodiscard]] engine::Engine& engine() { return engine_; }
  [[nodiscard]] engine::Effects& effects() { return effects_; }
  [[nodiscard]] Bodies& bodies() { return bodies_; }
  [[nodiscard]] PayloadUse payload_use() const;

  [[nodiscard]] std::optional<engine::Answer> last_answer_for(const engine::Caller& caller, const absl::Status& status) const {
    return releases_.last_answer_for(caller, status);
  }
  [[nodiscard]] StageStatus stage_status(std::string_view pipeline, std::string_view stage) const;
  [[nodiscard]] const handlers::Registry& handlers() const { return handlers_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] journal::Journal& journal() const { return journal_; }
  [[nodiscard]] base::Histogram commit_times() const { return commit_times_.seen(); }

 private:
  // Returns the position that the turn's answers wait for.
  journal::Position append(base::Time now);
  // Tells those who held what was cancelled in this turn: at once, and again when it is committed.
  void tell_revoked(journal::Position position);
  void on_committed(journal::Position position);
  // On any thread; the first counts.
  void on_failed(const absl::Status& status);
  [[nodiscard]] bool is_leased(model::LeaseId lease) const;
  // From now on every answer is `status`.
  void end_with(const absl::Status& status);
  // Has them end what they keep alive between items. Those that have not are counted.
  std::shared_ptr<Headcount> end_handlers();
  void stop_threads();

  Runtime& runtime_;
  const RuntimeOptions options_;
  const base::Clock& clock_;
  journal::Journal& journal_;
  const handlers::Registry& handlers_;
  std::function<void(const absl::Status&)> tell_failed_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  bool started_ = false;  // start() and stop() only

  // Behind a pointer, because a handler that does not end in time keeps it.
  std::unique_ptr<boost::asio::io_context> io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;  // the one lock
  // Guarded by it.
  engine::Engine engine_;
  engine::Effects effects_;  // of the present turn
  journal::Position last_position_ = 0;
  absl::Status ended_;  // not OK: nothing is recorded any more
  Stages stages_;       // in parts

  CommitTimes commit_times_;
  // The thread that is inside Journal::append(): it holds the lock, so it must not give answers.
  std::atomic<std::thread::id> appending_;
  Bodies bodies_;
  Releases releases_;
  Alarm alarm_;
};

}  // namespace sluice::runtime
