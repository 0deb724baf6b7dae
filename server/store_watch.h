// Looks again and again whether the store is full. While nothing is asked of the server nobody else does, and a disk gets room
// again without telling.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "server/journal/journal.h"

namespace sluice {

// One thread makes it and destroys it.
class StoreWatch {
 public:
  using OnChange = std::function<void(bool full)>;

  // Looks once, at once, and then every second on a thread of its own; no look is under way when the destructor returns.
  // `on_change` is called when what it sees has changed; at first it takes the store for not full. `journal` must outlive it.
  StoreWatch(const journal::Journal& journal, OnChange on_change);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

 private:
  void watch();
  void look();

  const journal::Journal& journal_;
  const OnChange on_change_;
  bool full_ = false;  // of the constructor, then of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice
