// Lets a coroutine wait for the answer to its command: engine::Caller on one side, co_await on the other.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "absl/functional/any_invocable.h"
#include "server/engine/effects.h"

namespace sluice::runtime {

// For one coroutine and one command at a time; only for commands with a single answer. Must outlive the wait.
class Waiter final : public engine::Caller {
 public:
  // The answer; nothing if the command was taken back.
  using Ending = std::optional<engine::Answer>;

  // Sees an answer before anybody else who is told of the same turn later, on the thread that gives it.
  using Glance = std::function<void(const engine::Answer&)>;

  // `executor`: the coroutine's. `glance` may be null.
  explicit Waiter(boost::asio::any_io_executor executor, Glance glance = nullptr)
      : executor_(std::move(executor)), glance_(std::move(glance)) {}

  // Calls start(), which gives the command to the engine with this waiter as its caller, or calls withdrawn(). Resumes the
  // coroutine, on its executor and never within start(), when the command has ended.
  template <class Start>
  [[nodiscard]] boost::asio::awaitable<Ending> wait(Start start) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(Ending)>(
        [this](auto handler, Start begin) {
          resume_ = [handler = std::move(handler)](Ending ending) mutable { std::move(handler)(std::move(ending)); };
          begin();
        },
        boost::asio::use_awaitable, std::move(start));
  }

  // On any thread; see engine::Caller.
  void answer(engine::Answer&& answer) override;

  // Ends the wait without an answer: Engine::withdraw has taken the command back, or it was never given. On any thread.
  void withdrawn() { end(std::nullopt); }

 private:
  void end(Ending ending);

  const boost::asio::any_io_executor executor_;
  const Glance glance_;
  absl::AnyInvocable<void(Ending)> resume_;
};

}  // namespace sluice::runtime
