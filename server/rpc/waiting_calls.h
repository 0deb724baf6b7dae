// The calls that wait, so that a shutdown can end them all.
#pragma once

#include <atomic>
#include <mutex>

#include <boost/intrusive/list.hpp>

#include "absl/status/status.h"

namespace sluice::rpc {

// A call whose command waits in the engine.
class WaitingCall : public boost::intrusive::list_base_hook<> {
 public:
  // Takes the command back. True if the call now has nobody else to finish it: then refuse() follows, on the same thread.
  // False if its final answer has come or is on its way.
  virtual bool take_back() = 0;
  virtual void refuse(const absl::Status& status) = 0;

 protected:
  ~WaitingCall() = default;
};

// Thread-safe.
class WaitingCalls {
 public:
  // Right after the command was handed to the engine, on the thread that did so. Refuses the call at once if all are refused.
  void add(WaitingCall& call);
  // Before the call is destroyed, if it was added. A call that is being refused is not destroyed: it has not finished.
  void remove(WaitingCall& call);

  // Ends every call that waits, and from now on every one that would.
  void refuse_all();
  [[nodiscard]] bool refusing() const { return refusing_; }

 private:
  std::mutex mutex_;
  boost::intrusive::list<WaitingCall> calls_;
  std::atomic<bool> refusing_ = false;  // set under the mutex
};

// What callers are told who come too late.
[[nodiscard]] absl::Status shutting_down();
// And who come too early.
[[nodiscard]] absl::Status recovering();

}  // namespace sluice::rpc
