// The backups under way. Each has a thread of its own, because reading a whole store takes as long as the disk takes.
#pragma once

#include <mutex>
#include <thread>

#include "absl/status/status.h"

namespace sluice::rpc {

// Something with a thread that can be asked to end.
class Backup {
 public:
  // On the backup's own thread. Calls Backups::over() before it ends the call, which may be the end of this object.
  virtual void run() = 0;
  // Soon. Thread-safe, and does not wait.
  virtual void give_up() = 0;

 protected:
  ~Backup() = default;
};

// Thread-safe. limits::kMaxBackups at once.
class Backups {
 public:
  Backups() = default;
  // None is under way any more.
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // Starts its thread. LIMIT_REACHED, SHUTTING_DOWN: then nothing was started.
  absl::Status begin(Backup& backup);
  // The present one needs no telling any more.
  void over();
  // Asks the present one to end, and from now on refuses every one.
  void refuse_all();

 private:
  std::mutex mutex_;
  Backup* present_ = nullptr;  // guarded by mutex_
  bool refusing_ = false;      // guarded by mutex_
  std::thread thread_;         // guarded by mutex_, except in the destructor
};

}  // namespace sluice::rpc
