// Tells of commits, mostly on a thread of its own, so that the next group is being written while the answers of the last one
// leave.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/journal/journal.h"

namespace sluice::journal {

// Each position is told once, the last of several that gathered; a failure after all that was committed before it, and nothing
// after it. Thread-safe.
class CommitNotices {
 public:
  // Who tells: the thread of its own, or the caller, which saves a lone commit the time that waking a thread takes.
  enum class On { kOwnThread, kThisThread };

  CommitNotices() = default;
  ~CommitNotices() { stop(); }
  CommitNotices(const CommitNotices&) = delete;
  CommitNotices& operator=(const CommitNotices&) = delete;

  void start(Journal::OnCommitted on_committed, Journal::OnFailed on_failed);
  // On the thread of its own in any case while that is telling something.
  void committed(Position position, On thread);
  void failed(const absl::Status& status);
  // Tells what there is to tell, and ends. Idempotent.
  void stop();

 private:
  void tell_all();
  // Of committed_; without the lock meanwhile.
  void tell(std::unique_lock<std::mutex>& lock);

  Journal::OnCommitted on_committed_;
  Journal::OnFailed on_failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Position committed_ = 0;
  Position told_ = 0;
  bool telling_ = false;
  absl::Status failure_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::journal
