// The engine made live: its one lock, its one timer, the journal behind it, and the workers of the stages.
//
// A caller's thread takes the lock, applies its command, hands the records to the journal, and leaves. Answers leave when
// the journal position that their command reached is committed: nobody sees state that a crash could take back.
//
// When the journal fails, nothing is acknowledged any more: whatever was not committed, whoever waits and whoever comes later
// gets STORE_FAILED instead of an answer. After stop() it is SHUTTING_DOWN in the same way.
//
// Thread-safe, except start(), drain() and stop(), which one thread calls in this order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/histogram.h"
#include "server/engine/engine.h"
#include "server/handlers/registry.h"
#include "server/journal/journal.h"
#include "server/runtime/payloads.h"
#include "server/runtime/recovery.h"
#include "server/runtime/stage_status.h"

namespace sluice::runtime {

struct RuntimeOptions {
  // Run stages, handlers and child processes; at least 1.
  std::uint32_t threads = 2;
  engine::EngineOptions engine;
};

class Runtime {
 public:
  // All three must outlive the runtime.
  Runtime(const RuntimeOptions& options, const base::Clock& clock, journal::Journal& journal,
          const handlers::Registry& handlers);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Recovers what the journal holds and starts timer, threads and stages. `on_progress`, if there is one, is called every
  // limits::kRecoveryReportInterval of the recovery, and at its end with the whole, on this thread. `on_failed` is called at
  // most once, if the journal fails later, on a thread of the runtime: nothing is acknowledged any more, and the process should
  // end.
  absl::Status start(std::function<void(const absl::Status&)> on_failed, const OnRecovery& on_progress = nullptr);

  // Stages take no more items; returns true when every worker has ended its item, false when `limit` was over first: then
  // what still runs has been stopped and its items go back to their queues, the attempt not counted.
  bool drain(base::Duration limit);
  // Ends everything at once; what still runs goes back to its queue. Waiting callers get SHUTTING_DOWN. Idempotent.
  void stop();

  // Runs `command(engine, now, effects)` under the lock. It must be short and must not throw.
  template <class Command>
  void apply(Command&& command) {
    Turn turn(*this);
    std::forward<Command>(command)(turn.engine(), turn.now(), turn.effects());
    turn.finish(nullptr);
  }

  // The same for a command with a result: calls `then(result)` once everything recorded up to here is committed, without
  // the lock, on whichever thread comes to know of the commit, possibly before run() returns. If that never happens, a
  // result that can hold a status becomes that error; for any other, `then` is not called.
  template <class Command, class Then>
  void run(Command&& command, Then then) {
    Turn turn(*this);
    auto result = std::forward<Command>(command)(turn.engine(), turn.now(), turn.effects());
    using Result = decltype(result);
    turn.finish([then = std::move(then), result = std::move(result)](const absl::Status& committed) mutable {
      if (committed.ok()) {
        then(std::move(result));
      } else if constexpr (std::is_constructible_v<Result, const absl::Status&>) {
        then(Result(committed));
      }
    });
  }

  // Looks at up to `limit` items of a queue, from the `offset`-th on; of one state, or all. Calls `then` as run() does, or on
  // the thread that reads the store, once everything recorded up to here is committed. A page ends early when the bodies that
  // had to be read for it have limits::kMaxGetBytes; an item that ends meanwhile is left out of it.
  void peek(std::string_view queue, std::optional<model::ItemState> state, std::size_t offset, std::size_t limit,
            absl::AnyInvocable<void(absl::StatusOr<PeekedPage>)> then);

  // How much of its store the journal uses, and a copy of it: Journal::use(), Journal::back_up(). After start().
  [[nodiscard]] std::optional<journal::StoreUse> store_use() const;
  absl::StatusOr<journal::BackupFile> back_up(const std::function<bool()>& go_on);

  // Engine::withdraw. After true there will be no answer; after false the final answer has come or is on its way.
  bool withdraw(engine::Caller& caller);

  // Zeros for a stage that has no worker and never had one.
  [[nodiscard]] StageStatus stage_status(std::string_view pipeline, std::string_view stage) const;
  [[nodiscard]] const handlers::Registry& handlers() const;
  [[nodiscard]] PayloadUse payload_use() const;
  // From a command to the commit of its records; of those that had any, since the start.
  [[nodiscard]] base::Histogram commit_times() const;
  // True from the call of drain() or stop() on: new work should be refused with SHUTTING_DOWN.
  [[nodiscard]] bool stopping() const;

 private:
  class Impl;

  // One critical section: locks on construction, unlocks in finish().
  class Turn {
   public:
    explicit Turn(Runtime& runtime);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    engine::Engine& engine();
    [[nodiscard]] base::Time now() const { return now_; }
    engine::Effects& effects();
    // Appends the records, unlocks, and gives the answers and calls `then` as soon as they may leave: with OK once all is
    // committed, with an error as soon as it never will be.
    void finish(absl::AnyInvocable<void(const absl::Status&)> then);

   private:
    Impl& impl_;
    base::Time now_;
    bool finished_ = false;
  };

  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::runtime
