// Waits for several streams or calls to end. Any thread may use it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

#include <grpcpp/support/status.h>

namespace sluice::bench {

// Waits for several streams to end.
class Finish {
 public:
  explicit Finish(int streams) : open_(streams) {}

  void ended(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status.ok() && error_.empty()) error_ = status.error_message();
    --open_;
    changed_.notify_all();
  }
  // Throws std::runtime_error with the first failure, once all have ended.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ == 0; });
    if (!error_.empty()) throw std::runtime_error(error_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_;
  std::string error_;
};

}  // namespace sluice::bench
