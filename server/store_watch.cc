#include "server/store_watch.h"

#include <chrono>
#include <utility>

namespace sluice {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

StoreWatch::StoreWatch(const journal::Journal& journal, OnChange on_change)
    : journal_(journal), on_change_(std::move(on_change)) {
  look();
  thread_ = std::thread([this] { watch(); });
}

StoreWatch::~StoreWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void StoreWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [&] { return stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void StoreWatch::look() {
  const bool full = journal_.full();
  if (full == std::exchange(full_, full)) return;
  on_change_(full);
}

}  // namespace sluice
