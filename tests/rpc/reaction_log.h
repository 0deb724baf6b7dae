// Tells a test which reactions the server has had: the signal to wait for where nothing else shows.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "server/base/reaction.h"

namespace sluice::rpc {

// Must live longer than the server.
class ReactionLog {
 public:
  // Waits until that reaction has ended so many times. False if that takes too long.
  bool wait_for(const std::string& reaction, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return counts_[reaction] >= times; });
  }

 private:
  void note(std::string_view reaction) {
    const std::lock_guard lock(mutex_);
    ++counts_[std::string(reaction)];
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> counts_;
  // Every reaction takes longer than that.
  base::SlowReactions all_{base::Duration(-1), [this](std::string_view reaction, base::Duration) { note(reaction); }};
};

}  // namespace sluice::rpc
