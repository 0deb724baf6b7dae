// Handlers that do what a test wants.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/handlers/handler.h"
#include "tests/support/deadline.h"

namespace sluice::runtime {

using Outputs = std::vector<handlers::Output>;

inline handlers::Outcome outputs(std::vector<std::string> payloads) {
  Outputs made;
  for (auto& payload : payloads) made.push_back({.payload = std::move(payload), .attributes = std::nullopt});
  return made;
}

class FakeHandler : public handlers::Handler {
 public:
  [[nodiscard]] std::string_view kind() const override { return "native"; }
  [[nodiscard]] std::string_view description() const override { return "for a test"; }
};

// Calls a function on the worker's thread.
class InlineHandler final : public FakeHandler {
 public:
  using Function = std::function<handlers::Outcome(const handlers::Input&, handlers::Context&)>;
  explicit InlineHandler(Function function) : function_(std::move(function)) {}
  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input& input, handlers::Context& context) override {
    co_return function_(input, context);
  }

 private:
  const Function function_;
};

inline std::shared_ptr<handlers::Handler> append(const std::string& suffix) {
  return std::make_shared<InlineHandler>(
      [suffix](const handlers::Input& input, handlers::Context&) { return outputs({std::string(input.payload()) + suffix}); });
}

// Holds every item until the gate is opened, then hands it on as it is. Costs no thread.
class Gate final : public FakeHandler {
 public:
  enum class OnStop { kEnds, kIgnoresIt };
  explicit Gate(OnStop on_stop = OnStop::kEnds) : on_stop_(on_stop) {}

  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input& input, handlers::Context& context) override {
    const auto held = std::make_shared<boost::asio::steady_timer>(co_await boost::asio::this_coro::executor,
                                                                  boost::asio::steady_timer::time_point::max());
    if (on_stop_ == OnStop::kEnds) context.on_stop([held] { held->cancel(); });
    if (enter(held)) {
      boost::system::error_code cancelled;
      co_await held->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
      leave(held);
    }
    co_return outputs({std::string(input.payload())});
  }

  // False if that many items have not come in at the deadline.
  [[nodiscard]] bool wait_for_entered(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, support::kDeadline, [&] { return entered_ >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    for (const auto& held : held_) boost::asio::post(held->get_executor(), [held] { held->cancel(); });
  }

 private:
  bool enter(const std::shared_ptr<boost::asio::steady_timer>& held) {
    const std::lock_guard lock(mutex_);
    ++entered_;
    changed_.notify_all();
    if (!open_) held_.push_back(held);
    return !open_;
  }

  void leave(const std::shared_ptr<boost::asio::steady_timer>& held) {
    const std::lock_guard lock(mutex_);
    held_.remove(held);
  }

  const OnStop on_stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<boost::asio::steady_timer>> held_;
  std::size_t entered_ = 0;
  bool open_ = false;
};

// Runs a function that may block, on a thread of its own for each item.
class OwnThreadHandler final : public FakeHandler {
 public:
  explicit OwnThreadHandler(std::function<void()> blocks) : blocks_(std::move(blocks)) {}
  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input& input, handlers::Context&) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    std::thread thread;
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        [&](auto resume) {
          thread = std::thread([this, executor, resume = std::move(resume)]() mutable {
            blocks_();
            boost::asio::post(executor, std::move(resume));
          });
        },
        boost::asio::use_awaitable);
    thread.join();
    co_return outputs({std::string(input.payload())});
  }

 private:
  const std::function<void()> blocks_;
};

}  // namespace sluice::runtime
