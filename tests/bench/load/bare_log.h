// A file to which records are appended, with one write and one fdatasync for all that has gathered meanwhile.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::bench {

class BareLog {
 public:
  // None: there is no file, and everything counts as kept at once.
  explicit BareLog(const char* path);
  ~BareLog();
  BareLog(const BareLog&) = delete;
  BareLog& operator=(const BareLog&) = delete;

  // Any thread. Calls `kept` once the records are on disk: from a thread of its own and in order, or at once without a file.
  void append(const std::string& records, std::function<void()> kept);

 private:
  void write_what_gathers();

  int file_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string gathered_;
  std::vector<std::function<void()>> waiting_;
  bool over_ = false;
  std::thread writer_;
};

}  // namespace sluice::bench
