// Answers on their way out: each waits until its journal position is committed.
//
// They leave in order of position, one thread at a time: whoever finds answers ready gives them, and whoever comes meanwhile
// leaves its own to that thread. So one caller's answers keep their order, and an answer that leads to the next command on
// the same thread, which is answered at once, does not recurse.
//
// Thread-safe.
#pragma once

#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "server/engine/effects.h"
#include "server/journal/journal.h"

namespace sluice::runtime {

class Releases {
 public:
  using Answers = std::vector<std::pair<engine::Caller*, engine::Answer>>;
  // Called with OK once its position is committed, with an error once that will never be.
  using Then = absl::AnyInvocable<void(const absl::Status&)>;

  // How an answer gets to its caller. Called without a lock.
  using Give = std::function<void(engine::Caller&, engine::Answer&&)>;

  // Without `give`, callers are called.
  explicit Releases(Give give = nullptr) : give_(std::move(give)) {}

  // Takes what one turn has to say: its answers, then `then`, which may be null. `answers` is left empty. What depends on
  // nothing that is not committed overtakes what waits, but never an earlier answer to the same caller.
  void add(journal::Position position, Answers& answers, Then then);

  // Everything up to `position` may leave. Gives nothing itself.
  void committed(journal::Position position);

  // What is not committed by now never will be: final answers become `status`, others are dropped, and so is it with all
  // that is added later. The first such status counts. Gives nothing itself.
  void refuse(const absl::Status& status);

  // Gives what may leave. Must not be called with a lock that an answer could want. False if it ended after `rounds`, in each
  // of which all that is ready leaves, because answers that become ready meanwhile could keep it for ever: call it again
  // elsewhere.
  bool deliver(int rounds = std::numeric_limits<int>::max());

  // If an answer to `caller` that is not its final one may still be under way: a final one of its kind, with `status`.
  [[nodiscard]] std::optional<engine::Answer> last_answer_for(const engine::Caller& caller, const absl::Status& status) const;

 private:
  struct Release {
    journal::Position position = 0;
    engine::Caller* caller = nullptr;  // null: this is a `then`
    bool progress = false;             // not the caller's final answer
    engine::Answer answer;
    Then then;
  };

  // Into the line where it belongs.
  void add_one(Release&& release);
  // An earlier answer to the same caller is not ready yet.
  [[nodiscard]] bool is_behind_another(const Release& release) const;
  // Moves what may leave into batch_. False if there is nothing.
  bool take_ready();
  void take_pending_up_to(std::vector<Release>::iterator end);
  void give(Release& release, const absl::Status& verdict) const;

  const Give give_;
  mutable std::mutex mutex_;
  journal::Position committed_ = 0;
  absl::Status refusal_;
  std::vector<Release> ready_;    // may leave
  std::vector<Release> pending_;  // from taken_ on
  std::size_t taken_ = 0;
  std::size_t pending_progress_ = 0;  // of those in pending_, answers that are not the final one
  bool delivering_ = false;
  // Written under the lock, by the delivering thread only; it reads them, and changes answers in them, without the lock.
  std::vector<Release> batch_;
  absl::Status verdict_;
};

}  // namespace sluice::runtime
