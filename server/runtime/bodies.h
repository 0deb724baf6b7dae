// Brings back the bodies that the engine left to the journal, when an answer that needs them leaves.
//
// The store is read on a thread of its own: neither the engine nor answers that lack nothing wait for the disk. Between its
// release and the reading an item may end, if its lease ran out or its queue was deleted. Nobody has a right to it any more
// then, and it is left out. What is missing otherwise is a failure of the store.
//
// Thread-safe, except start() and stop(), which one thread calls in this order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/effects.h"
#include "server/journal/journal.h"
#include "server/runtime/payloads.h"

namespace sluice::runtime {

class Bodies {
 public:
  // Engine::is_leased, under its lock.
  using IsLeased = std::function<bool(model::LeaseId)>;
  // The journal could not give back what it should have. May be called several times.
  using OnFailed = std::function<void(const absl::Status&)>;
  using Then = absl::AnyInvocable<void(absl::StatusOr<PeekedPage>)>;

  // The journal must outlive this.
  Bodies(const journal::Journal& journal, IsLeased is_leased, OnFailed on_failed)
      : journal_(journal), is_leased_(std::move(is_leased)), on_failed_(std::move(on_failed)) {}
  ~Bodies() { stop(); }
  Bodies(const Bodies&) = delete;
  Bodies& operator=(const Bodies&) = delete;

  void start();
  // Gives all that there is to give, then ends. What comes later is read on the thread that brings it. Idempotent.
  void stop();

  // Both to be called without the engine's lock, once everything that the answer depends on is committed. Given at once, on
  // this thread, if nothing is missing. STORE_FAILED instead, if the journal fails.
  void give(engine::Caller& caller, engine::Answer&& answer);
  void give(PeekedPage&& page, Then then);

  [[nodiscard]] PayloadReads reads() const { return {items_read_, bytes_read_}; }

 private:
  using Job = absl::AnyInvocable<void()>;

  void later(Job job);
  void work();
  // Fills in what is missing; leaves out what has ended, of which `is_lost` is false.
  template <class Item, class IsLost>
  absl::Status fetch(std::vector<Item>& items, IsLost is_lost);
  absl::Status failed(const absl::Status& status);

  const journal::Journal& journal_;
  const IsLeased is_leased_;
  const OnFailed on_failed_;
  std::atomic<std::uint64_t> items_read_ = 0;
  std::atomic<std::uint64_t> bytes_read_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // guarded by mutex_; at most one of each caller
  bool running_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::runtime
