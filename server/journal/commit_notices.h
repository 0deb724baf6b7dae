// Tells of commits on a thread of its own, so that the next group is being written while the answers of the last one leave.
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
  CommitNotices() = default;
  ~CommitNotices() { stop(); }
  CommitNotices(const CommitNotices&) = delete;
  CommitNotices& operator=(const CommitNotices&) = delete;

  void start(Journal::OnCommitted on_committed, Journal::OnFailed on_failed);
  void committed(Position position);
  void failed(const absl::Status& status);
  // Tells what there is to tell, and ends. Idempotent.
  void stop();

 private:
  void tell();

  Journal::OnCommitted on_committed_;
  Journal::OnFailed on_failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Position committed_ = 0;
  absl::Status failure_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::journal
